/**
 * Blocks in a directory: for Node, Bun and Deno.
 *
 * @example
 * ```ts
 * import { cached } from 'byteserve/cache'
 * import { directoryTier } from 'byteserve/cache/directory'
 * import { nodeDirectory } from 'byteserve/node'
 *
 * const tier = directoryTier('/var/cache/films', { size: 50e9 })
 * export const films = cached(nodeDirectory('/mnt/far-away'), { tier })
 * ```
 *
 * @module
 */
export { type DirectoryTierOptions, directoryTier } from './made/cache/directory-tier.ts'
