/** How much of the memory may hold blocks that were asked for again. */
const PROVEN_SHARE = 3 / 4

/** How much the keys take besides, at most, of what the blocks may. */
const KEY_SHARE = 1 / 4
/** What they may take in any case, in bytes. */
const MIN_FOR_KEYS = 1024 * 1024
/** What a block takes besides its bytes and the letters of its key, in bytes. */
const ENTRY = 200

/**
 * Blocks in memory, by key, up to a limit: a segmented LRU. A block that was asked for once is on
 * probation, and the first to go. One that is asked for again is proven, and stays as long as such
 * blocks take no more than three quarters of the memory. So the download of a large file, which
 * reads every block once, streams through what is left, and evicts nothing that others came back
 * for. Keys are counted apart: a client may make them long, and the blocks small.
 */
export class Blocks {
  readonly #limit: number
  /** Both with the block first that was asked for longest ago. */
  readonly #probation = new Map<string, Uint8Array>()
  readonly #proven = new Map<string, Uint8Array>()
  #bytes = 0
  #provenBytes = 0
  readonly #keyLimit: number
  #keyBytes = 0

  /** @param limit in bytes, no less than the largest block */
  constructor(limit: number) {
    this.#limit = limit
    this.#keyLimit = Math.max(limit * KEY_SHARE, MIN_FOR_KEYS)
  }

  /** How many bytes the blocks hold: never more than the limit. */
  get bytes(): number {
    return this.#bytes
  }

  /** A block that is kept; it is proven from now on. */
  get(key: string): Uint8Array | undefined {
    const bytes = this.#proven.get(key) ?? this.#probation.get(key)
    if (bytes === undefined) return undefined
    if (this.#probation.delete(key)) this.#provenBytes += bytes.length
    else this.#proven.delete(key)
    this.#proven.set(key, bytes)
    this.#demote()
    return bytes
  }

  /** Whether a block is kept; it is no more proven than before. */
  has(key: string): boolean {
    return this.#proven.has(key) || this.#probation.has(key)
  }

  /**
   * Keeps a block, unless it is kept already, or its key takes more than all may. Its bytes may not
   * be written to any more.
   */
  keep(key: string, bytes: Uint8Array): void {
    if (this.has(key) || sizeOf(key) > this.#keyLimit) return
    // Room first: the limits hold at every moment.
    this.#evict(bytes.length, sizeOf(key))
    this.#probation.set(key, bytes)
    this.#bytes += bytes.length
    this.#keyBytes += sizeOf(key)
  }

  /** Puts the oldest of the proven blocks on probation again, while they take too much. */
  #demote(): void {
    for (const [key, bytes] of this.#proven) {
      if (this.#provenBytes <= this.#limit * PROVEN_SHARE) return
      this.#proven.delete(key)
      this.#provenBytes -= bytes.length
      this.#probation.set(key, bytes)
    }
  }

  /** Drops blocks, those on probation first, until there is room for one more and its key. */
  #evict(bytes: number, keyBytes: number): void {
    for (const blocks of [this.#probation, this.#proven]) {
      for (const [key, { length }] of blocks) {
        const isRoom = this.#bytes + bytes <= this.#limit
        if (isRoom && this.#keyBytes + keyBytes <= this.#keyLimit) return
        blocks.delete(key)
        this.#bytes -= length
        this.#keyBytes -= sizeOf(key)
        if (blocks === this.#proven) this.#provenBytes -= length
      }
    }
  }
}

/** What a key takes in memory, in bytes. */
function sizeOf(key: string): number {
  return 2 * key.length + ENTRY
}
