import { Buffer } from 'node:buffer'
import { readSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { SourceChangedError } from '../../src/errors.ts'
import { isStrongDate } from '../../src/validators.ts'
import { hasGrown } from './ends.ts'
import { type Handle, readAt } from './open-file.ts'
import { isSameVersion, type Version, versionOf } from './version.ts'

const KIB = 1024
const SMALLEST_CHUNK = 32 * KIB
const LARGEST_CHUNK = 512 * KIB
/**
 * The bytes that all responses may hold together in chunks that their clients have yet to take.
 * These are left to the garbage collector; the buffers of buffers.ts come back, and have a budget
 * of their own.
 */
const CHUNK_BUDGET = 16 * KIB * KIB

/** How long a write may take from changing a file's time to changing its size, in ms. */
const WRITE_SETTLES_IN = 20

/** What `readSync` reads into: fresh memory for each read would cost more than the read itself. */
let scratch = new Uint8Array(0)

/** How many responses are reading a file. */
let readers = 0

/** One version of a file as one response reads it. */
export interface HeldFile extends Pick<Handle, 'path' | 'type' | 'etag' | 'lastModified'> {
  readonly size: number
  /** Whether what was found is the version that is held. */
  isSame(found: Version): boolean
  /** The first of the bytes [start, end), at most a chunk, read in another thread. */
  read(start: number, end: number, into?: Uint8Array): Promise<Uint8Array>
  /**
   * The bytes [start, end), read synchronously into memory that the next call, of any file,
   * overwrites. Null when they are not all there, or the file may have changed: `read` looks twice.
   */
  readSync(start: number, end: number): Uint8Array<ArrayBuffer> | null
  /** Lets go of the file once reads under way are done. */
  close(): Promise<void>
}

/**
 * Reads from a handle: what was opened is what is read, even when another file takes its name.
 *
 * @param release called once, when nothing is read any more
 */
export function holdFile(handle: Handle, release: () => void): HeldFile {
  const { path, fd, version, type, etag, lastModified } = handle
  let lastSeen = version
  /** Whether the time of what was seen last is one that a later change would replace. */
  let isSettled = true
  let reads = 0
  let whenIdle: (() => void) | null = null
  let isClosed = false
  readers++

  /**
   * Whether the open file is still the version that was opened, or that version with bytes
   * appended. Remembers how far it has grown.
   */
  function isIntact(): boolean {
    const found = versionOf(handle)
    const isSame = isSameVersion(found, lastSeen)
    if (isSame && isSettled) return true
    if (!isSame && found.size <= lastSeen.size) return false
    const now = Date.now()
    if (!hasGrown(handle)) return false
    lastSeen = found
    // As long as its new time is young, a file that has grown may change again without another one.
    isSettled = isStrongDate(found.mtimeMs, now)
    return true
  }

  function expectOpen(): void {
    if (isClosed)
      throw new Error(`${path} was read after it was closed: a source is for one response`)
  }

  return {
    path,
    size: version.size,
    type,
    etag,
    lastModified,
    isSame: (found) => isSameVersion(found, version),

    async read(start, end, into = Buffer.allocUnsafeSlow(Math.min(end - start, chunkSize()))) {
      expectOpen()
      reads++
      try {
        const length = await readAt(fd, into, Math.min(end - start, into.length), start)
        // A write changes a file's time first, and its size only once the bytes are there.
        if (!isIntact() && !(await delay(WRITE_SETTLES_IN).then(isIntact))) {
          throw new SourceChangedError(`${path} changed while it was being served`)
        }
        return length === into.length ? into : into.subarray(0, length)
      } finally {
        if (--reads === 0) whenIdle?.()
      }
    },

    readSync(start, end) {
      expectOpen()
      const length = end - start
      if (scratch.length < length) scratch = new Uint8Array(length)
      const isWhole = readSync(fd, scratch, 0, length, start) === length
      return isWhole && isIntact() ? scratch.subarray(0, length) : null
    },

    async close() {
      if (isClosed) return
      isClosed = true
      readers--
      // A descriptor closed during a read may be reused for another file, which would then be read.
      if (reads > 0) await new Promise<void>((resolve) => (whenIdle = resolve))
      release()
    },
  }
}

function chunkSize(): number {
  const share = Math.floor(CHUNK_BUDGET / readers / KIB) * KIB
  return Math.max(SMALLEST_CHUNK, Math.min(LARGEST_CHUNK, share))
}
