import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { BoundedMap } from '../../store/bounded-map.ts'
import { inThreadPool, readAll } from '../calls.ts'
import type { Devices } from '../devices/devices.ts'
import { LARGEST_KEPT, type Memory } from '../memory.ts'
import type { Descriptor } from '../opening.ts'
import { deno } from '../permission.ts'
import {
  ctimeRacyFor,
  entityTag,
  type FileStat,
  isOfImage,
  isRacy,
  isUntouched,
  lastModified,
  mtimeRacyFor,
  SMALL,
  TICK,
} from '../version.ts'
import { Marks } from './append-check.ts'

/** An open file, what every answer says about its version, and what tells that from others. */
export interface Fingerprinted extends Descriptor {
  /** None where no fingerprint can be had. */
  readonly etag: string | undefined
  readonly lastModified: Date | undefined
  /** Whether something may happen to the file that no later look can tell. */
  readonly isRacy: boolean
  /** What `AppendCheck` goes by. */
  readonly marks: Uint8Array
  /** All of its bytes, if they are few, and had to be read. */
  readonly bytes: Uint8Array | null
}

/** What tells a version's bytes from others of the same size and time. */
interface Fingerprint {
  readonly sum: string
  readonly marks: Uint8Array
}

/** A fingerprint as it was just made, and all bytes of the file if they are few. */
interface FreshFingerprint extends Fingerprint {
  readonly bytes: Uint8Array | null
}

/** How much is read of a file that is not small, in bytes: each end, and some at each eighth. */
const END = 64 * 1024
const SAMPLE = 4 * 1024
const PARTS = 8

/** How much is read at once, in bytes: what takes little time of this thread to sum up. */
const PIECE = 256 * 1024

/** How many versions are remembered. */
const MAX_KNOWN = 2000

/** How often a file is read anew that changes while it is read. */
const MAX_TRIES = 3

/**
 * Reads what tells one version of a file from others of the same size and time: all bytes of a
 * small one, both ends and some samples of a larger. Remembers it, so that only the first request
 * for a version waits.
 */
export class Fingerprints {
  readonly #devices: Devices
  readonly #memory: Memory
  readonly #known = new BoundedMap<string, Fingerprint>(MAX_KNOWN)

  constructor(devices: Devices, memory: Memory) {
    this.#devices = devices
    this.#memory = memory
  }

  /**
   * Describes a file that was opened. One that was changed within the last tick of its file
   * system's clock is waited for: any change after that gives it another time. One that keeps
   * changing is described as it is, by a weak tag.
   */
  async describe(opened: Descriptor): Promise<Fingerprinted> {
    const isLocal = this.#devices.isLocal(opened.stat.dev)
    let stat = await this.#settled(opened, isLocal)
    for (let tries = 1; ; tries++) {
      const now = Date.now()
      const mayChange = mtimeRacyFor(stat, isLocal, now) > 0
      const key = keyOf(stat)
      const known = this.#known.get(key)
      const read = known === undefined ? await this.#read({ ...opened, stat }) : null
      const fingerprint = known ?? read
      const found = known === undefined ? await this.#stat(opened) : stat
      const isStable = fingerprint !== null && isUntouched(found, stat)
      if (!isStable && tries < MAX_TRIES) {
        stat = found
        continue
      }
      const canTell = isStable && !isRacy(stat, isLocal, now)
      if (canTell && !isOfImage(stat)) {
        const { sum, marks } = fingerprint
        this.#known.set(key, { sum, marks })
      }
      const dated = await this.#date(opened, stat)
      const isWeak = mayChange || !isStable
      return {
        ...opened,
        stat,
        etag: fingerprint === null ? undefined : entityTag(dated, fingerprint.sum, isWeak),
        lastModified: lastModified(dated),
        isRacy: !canTell,
        marks: fingerprint?.marks ?? new Uint8Array(0),
        bytes: isStable ? (read?.bytes ?? null) : null,
      }
    }
  }

  /** The stat once the clock has moved on since its last change, if it does so soon. */
  async #settled(opened: Descriptor, isLocal: boolean): Promise<FileStat> {
    const { stat } = opened
    const now = Date.now()
    // Deno's ctime has whole seconds: that is too long to wait for; its mtime is racy for ms only.
    const waits = [mtimeRacyFor(stat, isLocal, now), ctimeRacyFor(stat, isLocal, now)]
    const wait = Math.max(...waits.filter((each) => each <= 2 * TICK), 0)
    if (wait === 0) return stat
    // A timer may be a ms early, and the clock has whole ones.
    await delay(Math.ceil(wait) + 2)
    return this.#stat(opened)
  }

  #stat({ path, fd, stat: { dev } }: Descriptor): FileStat | Promise<FileStat> {
    return this.#devices.callsOn(path, dev).fstat(fd)
  }

  /** The stat with its time as Deno gives it: in whole ms, cut towards 1970. */
  async #date({ path, fd }: Descriptor, stat: FileStat): Promise<FileStat> {
    const { dev, mtimeMs } = stat
    if (deno) return stat
    // Only a whole number may have been rounded to.
    if (!Number.isInteger(mtimeMs)) return { ...stat, mtimeMs: Math.trunc(mtimeMs) }
    const modified = await this.#devices.callsOn(path, dev).modified(fd)
    return Math.abs(modified - mtimeMs) === 1 ? { ...stat, mtimeMs: modified } : stat
  }

  /** Null if a read fails, or the file ends before its size: the reads of a body will say why. */
  async #read({ path, fd, stat }: Descriptor): Promise<FreshFingerprint | null> {
    const { size, dev } = stat
    const hash = createHash('sha256')
    const marks = new Marks()
    const buffer = this.#memory.takeBuffer(Math.min(size, PIECE))
    try {
      for (const [start, end] of piecesOf(size, Math.min(buffer.length, PIECE))) {
        const piece = buffer.subarray(0, end - start)
        const length = await readAll(piece, start, (into, from) => {
          return this.#devices.run(path, dev, () => inThreadPool.read(fd, into, from))
        })
        if (length < piece.length) return null
        hash.update(piece)
        marks.add(piece)
      }
      const bytes = size <= LARGEST_KEPT ? new Uint8Array(buffer.subarray(0, size)) : null
      return { sum: hash.digest('base64url').slice(0, 16), marks: marks.bytes, bytes }
    } catch {
      return null
    } finally {
      this.#memory.releaseBuffer(buffer)
    }
  }
}

/** What of a file of this size is read, and in which pieces: all, or both ends and some samples. */
function piecesOf(size: number, most: number): [start: number, end: number][] {
  if (size <= SMALL) {
    const count = Math.ceil(size / most)
    return Array.from({ length: count }, (_, i) => [i * most, Math.min((i + 1) * most, size)])
  }
  const samples = Array.from({ length: PARTS - 1 }, (_, i): [number, number] => {
    const start = Math.floor((size / PARTS) * (i + 1)) - SAMPLE / 2
    return [start, start + SAMPLE]
  })
  return [[0, END], ...samples, [size - END, size]]
}

function keyOf({ dev, ino, size, mtimeMs, ctimeMs }: FileStat): string {
  return `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`
}
