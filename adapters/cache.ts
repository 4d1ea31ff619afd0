export { cacheApiTier, type CacheApiOptions, type CacheLike } from './made/cache-api.ts'
export { type CacheOptions, cached, type CachedLookup } from './made/cached.ts'
export type { CacheStats } from './made/block-store.ts'
export type { BlockTier } from './made/tier.ts'
