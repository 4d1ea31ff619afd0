import { devices } from '../../local/devices/devices.ts'
import { Limiter, mounts } from '../../local/devices/limiter.ts'
import { unlessAborted } from '../flights.ts'
import { Pace } from './pace.ts'

/** How long is remembered whether a directory is on this machine, in ms. */
const KNOWN_FOR = 10_000

/** The calls about disks of this machine that are not known to be quick, of all tiers. */
const disks = new Limiter()

/**
 * Makes the calls about a tier's directory in other threads, and never in all that may stall: a
 * mount shares its threads with all other mounts, and a disk leaves one, too. One of this machine
 * that was quick just now is asked at once: else its threads wait for this one after each block.
 */
export class Turns {
  readonly #directory: string
  readonly #pace = new Pace()
  #isNear = false
  #knownUntil = 0
  #looking: Promise<void> | null = null

  constructor(directory: string) {
    this.#directory = directory
  }

  /**
   * Makes calls about one file, one after the other, once there is a thread for them.
   *
   * @param signal ends the wait for it; then they are not made
   */
  async run<T>(path: string, calls: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (performance.now() >= this.#knownUntil) await unlessAborted(this.#lookOnce(), signal)
    signal?.throwIfAborted()
    if (!this.#isNear) return mounts.run(path, calls, () => signal)
    const timed = () => this.#pace.time(calls)
    return this.#pace.isQuick() ? timed() : disks.run(path, timed, () => signal)
  }

  #lookOnce(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null
    })
    return this.#looking
  }

  /** What can't be looked at may stall. */
  async #look(): Promise<void> {
    const found = await devices.locate(this.#directory).catch(() => null)
    this.#isNear = found !== null && devices.isResponsiveAt(found)
    this.#knownUntil = performance.now() + KNOWN_FOR
  }
}
