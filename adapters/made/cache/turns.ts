import { devices } from '../../local/devices/devices.ts'
import { Limiter, mounts } from '../../local/devices/limiter.ts'
import { unlessAborted } from '../flights.ts'

/** How long is remembered whether a directory is on this machine, in ms. */
const KNOWN_FOR = 10_000

/** The calls of all tiers whose directories are on disks of this machine. */
const disks = new Limiter()

/**
 * Makes the calls about a tier's directory in other threads, and never in all: a mount that stalls
 * shares its threads with all other mounts, and a disk that does leaves one, too.
 */
export class Turns {
  readonly #directory: string
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
    return (this.#isNear ? disks : mounts).run(path, calls, () => signal)
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
