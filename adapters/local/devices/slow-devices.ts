/** A call that takes longer, in ms, had to wait for a disk or a server. */
export const SLOW = 50

/**
 * For how long a device that was slow is not waited for on this thread, in ms: at first, and at
 * most, when it is so again and again. On a busy machine a call may only have taken long because
 * this process did not run, and all that is read in other threads meanwhile costs twice as much.
 */
const SUSPECT_FOR = 1000
const SUSPECT_FOR_AT_MOST = 60_000

/** The devices that were slow to answer lately. */
export class SlowDevices {
  /** Until when each is not to be trusted, on the clock of `performance`, and for how long. */
  readonly #suspects = new Map<number, { readonly until: number; readonly duration: number }>()

  /**
   * Takes note of how long a call on this thread took. A slow device is suspected for twice as long
   * as the last time, unless that is twice as long ago.
   */
  note(dev: number, took: number): void {
    if (took <= SLOW) return
    const now = performance.now()
    const last = this.#suspects.get(dev)
    const isAgain = last !== undefined && now < last.until + last.duration
    const duration = isAgain ? Math.min(2 * last.duration, SUSPECT_FOR_AT_MOST) : SUSPECT_FOR
    this.#suspects.set(dev, { until: now + duration, duration })
  }

  has(dev: number): boolean {
    if (this.#suspects.size === 0) return false
    const suspicion = this.#suspects.get(dev)
    return suspicion !== undefined && performance.now() <= suspicion.until
  }
}
