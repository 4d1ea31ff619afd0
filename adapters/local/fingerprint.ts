import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { elsewhere, here, readAt } from './calls.ts'
import { Marks } from './growth.ts'
import type { Mounts } from './mounts.ts'
import {
  entityTag,
  hasSameBytes,
  lastModified,
  SMALL,
  TICK,
  unrest,
  type Version,
  youth,
} from './version.ts'

/** A descriptor, and what was seen of the file when it was opened. */
export interface Opened {
  /** The path that was asked for. */
  readonly path: string
  readonly fd: number
  readonly version: Version
}

/** An open file, what every answer says about its version, and what tells that from others. */
export interface Described extends Opened {
  readonly etag: string
  readonly lastModified: Date | undefined
  /** Whether a later look can tell that nothing has happened to the file since. */
  readonly isTellable: boolean
  /** What `Growth` goes by. */
  readonly marks: Uint8Array
}

/** What is known of a version's bytes. */
interface Fingerprint {
  readonly sum: string
  readonly marks: Uint8Array
}

/** How much of a file is read at once, and of one that is not small at each end, in bytes. */
const PIECE = 64 * 1024

/** How many versions are remembered. */
const MAX_KNOWN = 2000

/** How often a file is read anew that changes while it is read. */
const MAX_TRIES = 3

/**
 * Reads what tells one version of a file from others of the same size and time: all bytes of a
 * small one, and both ends of a larger. Remembers it, so that only the first who finds a version
 * waits.
 */
export class Fingerprints {
  readonly #mounts: Mounts
  readonly #known = new Map<string, Fingerprint>()

  constructor(mounts: Mounts) {
    this.#mounts = mounts
  }

  /**
   * Describes a file that was opened. One that was changed within the last tick of its file system's
   * clock is waited for: any change after that gives it another time. One that changes on and on is
   * described as it is, by a weak tag.
   */
  async describe(opened: Opened): Promise<Described> {
    const isLocal = this.#mounts.isLocal(opened.version.dev)
    let { version } = await this.#wait(opened, isLocal)
    for (let tries = 1; ; tries++) {
      const now = Date.now()
      const isYoung = youth(version, isLocal, now) > 0
      const isTellable = !isYoung && unrest(version, isLocal, now) === 0
      const key = keyOf(version)
      const known = isTellable ? this.#known.get(key) : undefined
      const fingerprint = known ?? (await this.#read({ ...opened, version }))
      const found = known === undefined ? await this.#look(opened) : version
      const isStable =
        fingerprint !== null && hasSameBytes(found, version) && found.ctimeMs === version.ctimeMs
      if (!isStable && tries < MAX_TRIES) {
        version = found
        continue
      }
      if (isStable && isTellable) this.#remember(key, fingerprint)
      return {
        ...opened,
        version,
        etag: entityTag(version, fingerprint?.sum ?? '', isYoung || !isStable),
        lastModified: lastModified(version),
        isTellable: isTellable && isStable,
        marks: fingerprint?.marks ?? new Uint8Array(0),
      }
    }
  }

  /** Waits for the next tick of a clock that has not moved since the file changed, if it is soon. */
  async #wait(opened: Opened, isLocal: boolean): Promise<Opened> {
    const { version } = opened
    const now = Date.now()
    const wait = Math.max(youth(version, isLocal, now), unrest(version, isLocal, now))
    if (wait === 0 || wait > 2 * TICK) return opened
    // A timer may be a ms early, and the clock has whole ones.
    await delay(Math.ceil(wait) + 2)
    return { ...opened, version: await this.#look(opened) }
  }

  #look({ path, fd, version: { dev } }: Opened): Version | Promise<Version> {
    if (this.#mounts.isLocal(dev)) return here.fstat(fd)
    return this.#mounts.run(path, dev, () => elsewhere.fstat(fd))
  }

  /** Null if not all of it could be read: who reads the rest will be told why. */
  async #read({ path, fd, version }: Opened): Promise<Fingerprint | null> {
    const hash = createHash('sha256')
    const marks = new Marks()
    try {
      for (const [start, end] of piecesOf(version.size)) {
        const bytes = Buffer.allocUnsafeSlow(end - start)
        const read = () => readAt(fd, bytes, start)
        if ((await this.#mounts.run(path, version.dev, read)) < bytes.length) return null
        hash.update(bytes)
        marks.add(bytes)
      }
      return { sum: hash.digest('base64url').slice(0, 16), marks: marks.bytes }
    } catch {
      return null
    }
  }

  #remember(key: string, fingerprint: Fingerprint): void {
    this.#known.delete(key)
    this.#known.set(key, fingerprint)
    const [oldest] = this.#known.keys()
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest)
  }
}

/** What of a file of this size is read: all, or both ends. */
function piecesOf(size: number): [start: number, end: number][] {
  if (size > SMALL) {
    return [
      [0, PIECE],
      [size - PIECE, size],
    ]
  }
  const count = Math.ceil(size / PIECE)
  return Array.from({ length: count }, (_, i) => [i * PIECE, Math.min((i + 1) * PIECE, size)])
}

function keyOf({ dev, ino, size, mtimeMs, ctimeMs }: Version): string {
  return `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`
}
