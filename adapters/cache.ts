/**
 * Blocks of files that are far away or slow to read, kept where they are near.
 *
 * @example
 * ```ts
 * import { fileHandler } from 'byteserve'
 * import { cached } from 'byteserve/cache'
 * import { httpOrigin } from 'byteserve/http'
 *
 * export default { fetch: fileHandler(cached(httpOrigin('https://origin.example/films/'))) }
 * ```
 *
 * @module
 */
export type { CacheStats } from './made/cache/block-store.ts'
export { type CacheApiOptions, type CacheLike, cacheApiTier } from './made/cache/cache-api.ts'
export { type CachedLookup, type CacheOptions, cached } from './made/cache/cached.ts'
export type { BlockTier } from './made/cache/tier.ts'
