/**
 * A place for blocks behind the memory: slower, and larger. It belongs to the blocks of one lookup:
 * two lookups that share one must differ in their keys.
 *
 * @example
 * ```ts
 * const tier: BlockTier = {
 *   get: async (key) => (await redis.getBuffer(key)) ?? null,
 *   put: (key, bytes) => redis.set(key, bytes, 'EX', 86_400),
 * }
 * ```
 */
export interface BlockTier {
  /**
   * The bytes of a block, for the cache to keep; null if they are not there, or not as they were
   * put. What it throws counts as null, and so does what is no Uint8Array. If it takes longer than a
   * second, nobody waits for it, and it is not asked for the next ten.
   *
   * @param key any text: hash it where that makes trouble
   * @param signal aborted once no request waits for the block
   */
  get(key: string, signal?: AbortSignal): Promise<Uint8Array | null> | Uint8Array | null
  /**
   * Stores a block. Its bytes stay in the cache: copy them before you write to them, or transfer
   * them. It may decline; nobody waits for it, and what it throws is only counted. While 64 MiB wait
   * to be stored, it is given no more.
   */
  put(key: string, bytes: Uint8Array): unknown
}
