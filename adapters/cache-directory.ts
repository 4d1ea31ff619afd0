/**
 * Blocks in a directory: for Node, Bun and Deno.
 *
 * @module
 */
export { type DirectoryTierOptions, directoryTier } from './made/cache/directory-tier.ts'
