import { Flights, orElse, type Share } from '../flights.ts'
import { Blocks } from './blocks.ts'
import { GuardedTier } from './guarded-tier.ts'
import type { BlockTier } from './tier.ts'

/**
 * For how many ms of silence others wait for what one asked for: they then ask, too. As long as
 * `httpOrigin` lets an origin be silent, which may only be slow.
 */
export const PATIENCE = 30_000

/** What a cache did so far: every block that was asked for is counted once, and each failure. */
export interface CacheStats {
  /** Blocks that were in memory. */
  readonly hits: number
  /** Blocks that were being read for another request already. */
  readonly shared: number
  /** Blocks that the tier had. */
  readonly tierHits: number
  /** Blocks that were read from the lookup. */
  readonly misses: number
  /** Blocks that could not be read, or that no request waited for any more. */
  readonly failures: number
  /**
   * Times that the tier threw, took longer than a second to give a block, or gave something else than
   * bytes. That was read from the lookup, or not stored. Also times that `waitUntil` threw.
   */
  readonly tierFailures: number
  /** Bytes that blocks take in memory now. */
  readonly bytes: number
}

/** A block, and where it is read if it is nowhere else. */
export interface BlockOrigin {
  readonly key: string
  /** In bytes. */
  readonly length: number
  /** @param onProgress called when some of it has come */
  read(signal: AbortSignal, onProgress: () => void): Promise<Uint8Array>
  /** Told of what goes on when the block is there. */
  readonly keepAlive?: ((work: Promise<unknown>) => void) | undefined
}

/** Blocks by key: in memory, on their way there, in the second tier, or at their origin. */
export class BlockStore {
  readonly stats: CacheStats
  readonly #counts: { -readonly [Name in keyof CacheStats]: number }
  readonly #memory: number
  readonly #blocks: Blocks
  /** What blocks are read by. */
  readonly flights: Flights<Uint8Array> = new Flights(PATIENCE)
  readonly #tier: GuardedTier | undefined

  constructor(memory: number, tier: BlockTier | undefined) {
    const blocks = new Blocks(memory)
    this.#memory = memory
    this.#blocks = blocks
    this.#tier = tier && new GuardedTier(tier, () => this.#counts.tierFailures++)
    this.#counts = {
      hits: 0,
      shared: 0,
      tierHits: 0,
      misses: 0,
      failures: 0,
      tierFailures: 0,
      get bytes() {
        return blocks.bytes
      },
    }
    this.stats = this.#counts
  }

  /** A block that is in memory. */
  find(key: string): Uint8Array | undefined {
    const bytes = this.#blocks.get(key)
    if (bytes !== undefined) this.#counts.hits++
    return bytes
  }

  /**
   * A share in reading a block that is not in memory. What is read already is read by another's
   * request: if that fails, which may be a refusal of that client, once more.
   */
  want(origin: BlockOrigin, flights: Flights<Uint8Array>): Share<Uint8Array> {
    const join = () => flights.join(origin.key, (...told) => this.#read(origin, ...told))
    if (!flights.has(origin.key)) return join()
    this.#counts.shared++
    return orElse(join(), () => {
      if (!flights.has(origin.key)) this.#counts.shared--
      return join()
    })
  }

  /**
   * The same for a block that is not needed yet: null if it is there, or if as many bytes as the
   * memory may hold are on their way.
   */
  wantAhead(origin: BlockOrigin, flights: Flights<Uint8Array>): Share<Uint8Array> | null {
    const isBusy = flights.size * origin.length >= this.#memory
    return isBusy || this.#blocks.has(origin.key) ? null : this.want(origin, flights)
  }

  async #read(
    origin: BlockOrigin,
    signal: AbortSignal,
    onProgress: () => void,
  ): Promise<Uint8Array> {
    try {
      const stored = await this.#fromTier(origin, signal)
      signal.throwIfAborted()
      const bytes = stored ?? (await this.#fromOrigin(origin, signal, onProgress))
      this.#blocks.keep(origin.key, bytes)
      return bytes
    } catch (error) {
      this.#counts.failures++
      throw error
    }
  }

  async #fromTier({ key, length }: BlockOrigin, signal: AbortSignal): Promise<Uint8Array | null> {
    const bytes = (await this.#tier?.get(key, signal)) ?? null
    if (bytes?.length !== length) return null
    this.#counts.tierHits++
    return bytes
  }

  async #fromOrigin(
    origin: BlockOrigin,
    signal: AbortSignal,
    onProgress: () => void,
  ): Promise<Uint8Array> {
    const bytes = await origin.read(signal, onProgress)
    this.#counts.misses++
    const stored = this.#tier?.put(origin.key, bytes)
    try {
      if (stored !== undefined) origin.keepAlive?.(stored)
    } catch {
      this.#counts.tierFailures++
    }
    return bytes
  }
}
