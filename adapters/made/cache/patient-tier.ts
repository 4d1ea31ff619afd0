import { awaited } from '../flights.ts'
import type { BlockTier } from './tier.ts'

/** How long a block is waited for, in ms: then its origin is faster, wherever that is. */
const PATIENCE = 1000

/** In so many parts: of the time that the thread is busy itself, a tier answers for one at most. */
const PARTS = 10

/** For how long a tier is not asked that took longer, in ms. */
const REST = 10_000

/** How many bytes may wait to be stored: what a tier can't take is not. */
const MAX_WAITING = 64 * 1024 * 1024

/** A tier that makes no request wait for more than a second, even if it throws or never answers. */
export class PatientTier {
  readonly #tier: BlockTier
  readonly #onFailure: () => void
  /** Until when it is left alone. */
  #restsUntil = 0
  #waiting = 0

  /** @param onFailure told each time that it throws, or takes too long */
  constructor(tier: BlockTier, onFailure: () => void) {
    this.#tier = tier
    this.#onFailure = onFailure
  }

  /**
   * Never rejects, and gives null for what can't be had in time.
   *
   * @param signal aborted once no request waits for the block
   */
  async get(key: string, signal: AbortSignal): Promise<Uint8Array | null> {
    if (performance.now() < this.#restsUntil) return null
    const giveUp = new AbortController()
    const leave = () => giveUp.abort(signal.reason)
    let left = PARTS
    const timer = setInterval(() => {
      if (--left > 0) return
      this.#restsUntil = performance.now() + REST
      giveUp.abort(new Error(`Expected a block within ${PATIENCE} ms`))
    }, PATIENCE / PARTS)
    signal.addEventListener('abort', leave)
    try {
      const value = Promise.resolve(this.#tier.get(key, giveUp.signal))
      return await awaited({ value, leave: () => {} }, giveUp.signal)
    } catch {
      if (!signal.aborted) this.#onFailure()
      return null
    } finally {
      clearInterval(timer)
      signal.removeEventListener('abort', leave)
    }
  }

  /** Never rejects. */
  async put(key: string, bytes: Uint8Array): Promise<void> {
    const { length } = bytes
    if (this.#waiting > 0 && this.#waiting + length > MAX_WAITING) return
    this.#waiting += length
    try {
      await this.#tier.put(key, bytes)
    } catch {
      this.#onFailure()
    } finally {
      this.#waiting -= length
    }
  }
}
