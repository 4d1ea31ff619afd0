import { setTimeout } from 'node:timers'
import type { PooledFile } from './handle.ts'

/** How often to look for files that have stayed open long enough, in ms. */
const SWEEP_EVERY = 1000

/** How many files stay open at most that nobody reads. */
const MAX_IDLE = 128

/** How long a detached descriptor stays open, in ms, and how many may be detached at once. */
const DETACHED_FOR = 30_000
const MAX_DETACHED = 256

/** The files of a pool that stay open for the next response: each is closed when its time is up. */
export class IdleFiles {
  readonly #close: (pooled: PooledFile) => void
  readonly #settle: (pooled: PooledFile) => void
  /** Those that nobody reads, the longest idle first, and until when each stays open. */
  readonly #idle = new Map<PooledFile, number>()
  /** Those that the runtime may open by their number, and until when each stays open for that. */
  readonly #detached = new Map<PooledFile, number>()
  #sweeper: NodeJS.Timeout | null = null

  /**
   * @param close closes a file, and calls `remove`
   * @param settle closes or adds a file that nobody reads
   */
  constructor(close: (pooled: PooledFile) => void, settle: (pooled: PooledFile) => void) {
    this.#close = close
    this.#settle = settle
  }

  has(pooled: PooledFile): boolean {
    return this.#idle.has(pooled)
  }

  /** Adds one that nobody reads any more. If there are too many, the longest idle is closed. */
  add(pooled: PooledFile): void {
    this.#idle.set(pooled, performance.now() + pooled.keepOpen)
    for (const longestIdle of this.#idle.keys()) {
      if (this.#idle.size <= MAX_IDLE) break
      this.#close(longestIdle)
    }
    this.#sweepLater()
  }

  /** Takes out one that somebody reads, or that is closed. */
  remove(pooled: PooledFile): void {
    this.#idle.delete(pooled)
  }

  /** Leaves one open for the runtime to open by its number; false if too many are detached. */
  detach(pooled: PooledFile): boolean {
    if (this.#detached.size >= MAX_DETACHED && !this.#detached.has(pooled)) return false
    this.#detached.set(pooled, performance.now() + DETACHED_FOR)
    this.#sweepLater()
    return true
  }

  isDetached(pooled: PooledFile): boolean {
    return this.#detached.has(pooled)
  }

  /** Closes all that nobody reads, except detached ones. */
  closeAll(): void {
    for (const [pooled] of this.#idle) this.#close(pooled)
  }

  /** @param now closes those whose time is up by then, on the clock of `performance` */
  sweep(now: number = performance.now()): void {
    for (const [pooled, until] of this.#detached) {
      if (until > now) continue
      this.#detached.delete(pooled)
      if (pooled.refCount === 0) this.#settle(pooled)
    }
    for (const [pooled, until] of this.#idle) if (until <= now) this.#close(pooled)
    this.#sweepLater()
  }

  #sweepLater(): void {
    if (this.#sweeper !== null) return
    if (this.#idle.size === 0 && this.#detached.size === 0) return
    this.#sweeper = setTimeout(() => {
      this.#sweeper = null
      this.sweep()
    }, SWEEP_EVERY).unref()
  }
}
