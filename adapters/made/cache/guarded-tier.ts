import { unexpected } from '../../../src/errors.ts'
import { isBytes } from '../../../src/reader.ts'
import { onAbort } from '../../../src/runtime.ts'
import { unlessAborted } from '../flights.ts'
import type { BlockTier } from './tier.ts'

/** How long a block is waited for, in ms: then its origin is faster, wherever that is. */
const TIMEOUT = 1000

/** The timeout is counted in ticks: a thread that was blocked fires one late tick, not all of them. */
const TICKS = 10

/** For how long a tier is not asked after a timeout, in ms. */
const OPEN_FOR = 10_000

/** How many bytes may wait to be stored: what a tier can't take is not. */
const MAX_WAITING = 64 * 1024 * 1024

/**
 * A circuit breaker around a tier, which may throw or never answer: no request waits for it for
 * more than a second.
 */
export class GuardedTier {
  readonly #tier: BlockTier
  readonly #onFailure: () => void
  /** Until when the circuit is open: the tier is not asked. */
  #openUntil = 0
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
    if (performance.now() < this.#openUntil) return null
    const giveUp = new AbortController()
    let left = TICKS
    const timer = setInterval(() => {
      if (--left > 0) return
      this.#openUntil = performance.now() + OPEN_FOR
      giveUp.abort(new Error(`Expected a block within ${TIMEOUT} ms`))
    }, TIMEOUT / TICKS)
    const forget = onAbort(signal, () => giveUp.abort(signal.reason))
    try {
      const asked = Promise.resolve(this.#tier.get(key, giveUp.signal))
      const bytes = (await unlessAborted(asked, giveUp.signal)) ?? null
      if (bytes === null || isBytes(bytes)) return bytes
      throw unexpected('a Uint8Array from the tier', bytes)
    } catch {
      if (!signal.aborted) this.#onFailure()
      return null
    } finally {
      clearInterval(timer)
      forget()
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
