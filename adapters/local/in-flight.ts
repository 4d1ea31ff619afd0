/**
 * The calls about a descriptor that are under way. It is closed after them: once it is, the system
 * may give its number to another file, which a late read would then get.
 */
export class InFlight {
  #count = 0
  #whenDone: () => void = () => {}

  /** Makes a call that is under way until its promise settles. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    this.#count++
    try {
      return await call()
    } finally {
      if (--this.#count === 0) this.#whenDone()
    }
  }

  /** Fulfilled once none is under way; null if none is. */
  done(): Promise<void> | null {
    if (this.#count === 0) return null
    return new Promise((resolve) => (this.#whenDone = resolve))
  }
}
