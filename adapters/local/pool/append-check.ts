import { Buffer } from 'node:buffer'
import { type FileStat, isUntouched, mtimeRacyFor } from '../version.ts'

/** How many bytes at each end of a version tell whether the file has only grown. */
const LENGTH = 256

/** What becomes of a body whose file was found to be another version than before. */
export type Verdict = 'intact' | 'changed' | 'unclear'

/**
 * Whether a file that changes under way was only appended to, as logs are: its first bytes, and
 * those before its old end, are still the same. A rewrite passes over both, and most formats that
 * grow in place record it in their first bytes. A change in between goes unnoticed.
 */
export class AppendCheck {
  readonly #marks: Uint8Array
  readonly #opened: FileStat
  readonly #isLocal: boolean
  #lastSeen: FileStat
  /** Whether what was seen last may change without its time changing. */
  #isRacy = false

  /**
   * @param marks of the version that was opened, picked by `Marks`
   * @param isLocal whether the file system's clock is this machine's
   */
  constructor(opened: FileStat, marks: Uint8Array, isLocal: boolean) {
    this.#opened = opened
    this.#marks = marks
    this.#isLocal = isLocal
    this.#lastSeen = opened
  }

  /** Whether nothing happened to the file since it was last seen. */
  isKnown(found: FileStat): boolean {
    return !this.#isRacy && isUntouched(found, this.#lastSeen)
  }

  /**
   * Whether a file is still the version that was opened, or that version with bytes appended.
   * Unclear while only its time has changed: a write changes that first, and the size once its
   * bytes are there.
   *
   * @param read reads the file as it is now
   */
  async judge(found: FileStat, read: ReadAll): Promise<Verdict> {
    if (this.isKnown(found)) return 'intact'
    if (found.size < this.#lastSeen.size) return 'changed'
    const isAsLong = found.size === this.#lastSeen.size
    if (isAsLong && found.mtimeMs !== this.#lastSeen.mtimeMs) return 'unclear'
    const now = Date.now()
    const marks = await marksOf(this.#opened.size, read).catch(() => null)
    if (marks === null || !marks.equals(this.#marks)) return 'changed'
    this.#lastSeen = found
    this.#isRacy = mtimeRacyFor(found, this.#isLocal, now) > 0
    return 'intact'
  }
}

/** Reads all of the bytes [start, end), or fails. */
type ReadAll = (start: number, end: number) => Promise<Uint8Array>

/** The first and the last bytes of a version, picked from what is read of it in order. */
export class Marks {
  #first: Uint8Array | null = null
  #last: Uint8Array = new Uint8Array(0)

  add(bytes: Uint8Array): void {
    this.#first ??= new Uint8Array(bytes.subarray(0, LENGTH))
    this.#last = Buffer.concat([this.#last, bytes.subarray(-LENGTH)]).subarray(-LENGTH)
  }

  /** The two overlap in a short file. */
  get bytes(): Uint8Array {
    return Buffer.concat([this.#first ?? this.#last, this.#last])
  }
}

/** The first and the last bytes of a file of this size. */
async function marksOf(size: number, read: ReadAll): Promise<Buffer> {
  const length = Math.min(LENGTH, size)
  return Buffer.concat([await read(0, length), await read(size - length, size)])
}
