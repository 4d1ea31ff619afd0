/**
 * Blocks in a directory: for Node, Bun and Deno.
 *
 * @module
 */
export { type DirectoryTierOptions, directoryTier } from './made/directory-tier.ts'
