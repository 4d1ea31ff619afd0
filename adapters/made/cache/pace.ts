import { SLOW } from '../../local/devices/slow-devices.ts'

/** For how long after a call was quick the next ones are taken to be, in ms. */
const QUICK_FOR = 1000

/** Whether calls to a disk are quick, by those that it was given lately. */
export class Pace {
  /** The calls under way, first the oldest. */
  readonly #underWay = new Set<{ readonly began: number }>()
  #quickUntil = 0

  isQuick(): boolean {
    const now = performance.now()
    const [oldest] = this.#underWay
    return now < this.#quickUntil && (oldest === undefined || now - oldest.began <= SLOW)
  }

  /** Makes a call, and takes note of how long it takes. */
  async time<T>(make: () => Promise<T>): Promise<T> {
    const call = { began: performance.now() }
    this.#underWay.add(call)
    try {
      return await make()
    } finally {
      this.#underWay.delete(call)
      const now = performance.now()
      this.#quickUntil = now - call.began > SLOW ? 0 : now + QUICK_FOR
    }
  }
}
