/** How much of the memory may hold blocks that were asked for again. */
const PROVEN_SHARE = 3 / 4

/**
 * Blocks in memory, by key, up to a limit: a segmented LRU. A block that was asked for once is on
 * probation, and the first to go. One that is asked for again is proven, and stays as long as such
 * blocks take no more than three quarters of the memory. So the download of a large file, which
 * reads every block once, streams through what is left, and evicts nothing that others came back
 * for.
 */
export class Blocks {
  readonly #limit: number
  /** Both with the block first that was asked for longest ago. */
  readonly #probation = new Map<string, Uint8Array>()
  readonly #proven = new Map<string, Uint8Array>()
  #bytes = 0
  #provenBytes = 0

  /** @param limit in bytes, no less than the largest block */
  constructor(limit: number) {
    this.#limit = limit
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

  /** Keeps a block, unless it is kept already. Its bytes may not be written to any more. */
  keep(key: string, bytes: Uint8Array): void {
    if (this.has(key)) return
    // Room first: the limit holds at every moment.
    this.#evict(bytes.length)
    this.#probation.set(key, bytes)
    this.#bytes += bytes.length
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

  /** Drops blocks, those on probation first, until there is room for so many bytes. */
  #evict(room: number): void {
    for (const [key, { length }] of this.#probation) {
      if (this.#bytes + room <= this.#limit) return
      this.#probation.delete(key)
      this.#bytes -= length
    }
    for (const [key, { length }] of this.#proven) {
      if (this.#bytes + room <= this.#limit) return
      this.#proven.delete(key)
      this.#bytes -= length
      this.#provenBytes -= length
    }
  }
}
