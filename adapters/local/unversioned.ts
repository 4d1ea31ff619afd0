import { elsewhere, readAt } from './calls.ts'
import type { Place } from './place.ts'
import { memory, mounts } from './shared.ts'
import type { Version } from './version.ts'

/**
 * A regular file that is open for one response, whatever becomes of it: unlike those of the pool,
 * it promises no version.
 */
export class Unversioned {
  /** With all that was asked for. */
  readonly path: string
  /** What it was when it was opened. */
  readonly opened: Version
  readonly #fd: number
  #calls = 0
  #whenIdle: (() => void) | null = null
  #closed: Promise<void> | null = null

  constructor(path: string, fd: number, opened: Version) {
    this.path = path
    this.opened = opened
    this.#fd = fd
    memory.join()
  }

  /** @returns how many bytes were read from `start` on; 0 at the end */
  read(into: Uint8Array, start: number): Promise<number> {
    return this.#run(() => readAt(this.#fd, into, start))
  }

  look(): Promise<Version> {
    return this.#run(() => elsewhere.fstat(this.#fd))
  }

  /** Closes it once, and after what is under way: another file may get its number. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    memory.leave()
    if (this.#calls > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve))
    await mounts.run(this.path, this.opened.dev, () => elsewhere.close(this.#fd))
  }

  async #run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#closed !== null) throw new Error(`${this.path} was read after it was closed`)
    this.#calls++
    try {
      return await mounts.run(this.path, this.opened.dev, call)
    } finally {
      if (--this.#calls === 0) this.#whenIdle?.()
    }
  }
}

/** Opens the file at a path as `Place.open` does. */
export async function openUnversioned(
  place: Place,
  path: string,
): Promise<Unversioned | 'directory' | null> {
  const at = place.prefix + path
  const found = await mounts.look(at)
  if (found === null) return null
  const opened = await place.open(at, mounts.callsFor(at, found.dev))
  if (opened === null || opened === 'directory') return opened
  return new Unversioned(opened.path, opened.fd, opened.version)
}
