import { Buffer } from 'node:buffer'
import { read, readSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { SourceChangedError } from '../src/errors.ts'
import type { Handle } from './open-file.ts'
import { isSameVersion, type Version, versionOf } from './version.ts'

const KIB = 1024
const SMALLEST_CHUNK = 64 * KIB
const LARGEST_CHUNK = 512 * KIB
/** What all responses together may hold in chunks that their clients have yet to take, in bytes. */
const CHUNK_BUDGET = 16 * KIB * KIB
/** How many of the last bytes of a version tell whether the file only grew. */
const TAIL = 256

/** How long a write under way may take from a file's new time to its new size, in ms. */
const WRITE_SETTLES_IN = 20

/** How many responses read a file. */
let readers = 0

/** One version of a file as one response reads it. */
export interface HeldFile extends Pick<Handle, 'path' | 'type' | 'etag' | 'lastModified'> {
  readonly size: number
  /** Whether this is the version that is held. */
  isSame(version: Version): boolean
  /** Learns what tells this version from a longer one that is not the same, in another thread. */
  learnTail(): Promise<void>
  /** The same at once. */
  learnTailSync(): void
  /** At most a chunk of the bytes [start, end), read in another thread. */
  read(start: number, end: number, into?: Uint8Array): Promise<Uint8Array>
  /**
   * The bytes [start, end), or fewer at the end of the file, read at once. Null when the file may
   * have changed: `read` looks twice.
   */
  readSync(start: number, end: number): Uint8Array | null
  /** Lets go of the file once reads under way are done. */
  close(): Promise<void>
}

/**
 * Reads from a handle: what was opened is what is read, even when another file takes its name.
 *
 * @param release called once, when nothing is read any more
 */
export function holdFile(handle: Handle, release: () => void): HeldFile {
  const { path, fd, opened, type, etag, lastModified } = handle
  const tailLength = Math.min(TAIL, opened.size)
  const tailStart = opened.size - tailLength
  let expected = opened
  let reads = 0
  let whenIdle: (() => void) | null = null
  let isClosed = false
  readers++

  /** Whether what was opened is still there, and nothing else in its place. */
  function isIntact(): boolean {
    const version = versionOf(handle)
    if (isSameVersion(version, expected)) return true
    if (version.size <= expected.size || !hasGrown()) return false
    expected = version
    return true
  }

  /**
   * Whether a longer file is the same one, to which something was added, as logs and recordings are.
   * What rewrites a file gets past its old end only over what stood there.
   */
  function hasGrown(): boolean {
    return handle.tail !== null && readTail().equals(handle.tail)
  }

  function readTail(): Buffer {
    const bytes = Buffer.alloc(tailLength)
    readSync(fd, bytes, 0, tailLength, tailStart)
    return bytes
  }

  /** Of a file that is being written, which its weak tag says, any tail is as good. */
  function rememberTail(bytes: Uint8Array): void {
    if (etag.startsWith('W/') || isSameVersion(versionOf(handle), opened)) handle.tail = bytes
  }

  function expectOpen(): void {
    if (isClosed) throw new Error(`${path} was read after it was closed`)
  }

  return {
    path,
    size: opened.size,
    type,
    etag,
    lastModified,
    isSame: (version) => isSameVersion(opened, version),

    async learnTail() {
      if (handle.tail !== null) return
      const bytes = Buffer.alloc(tailLength)
      await readAt(fd, bytes, tailLength, tailStart)
      rememberTail(bytes)
    },

    learnTailSync() {
      if (handle.tail === null) rememberTail(readTail())
    },

    async read(start, end, into = Buffer.allocUnsafeSlow(Math.min(end - start, chunkSize()))) {
      expectOpen()
      reads++
      try {
        const length = await readAt(fd, into, Math.min(end - start, into.length), start)
        // A write moves the time of a file first, and its size when the bytes are there.
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
      const bytes = Buffer.allocUnsafeSlow(end - start)
      const length = readSync(fd, bytes, 0, bytes.length, start)
      return isIntact() ? bytes.subarray(0, length) : null
    },

    async close() {
      if (isClosed) return
      isClosed = true
      readers--
      // A descriptor that is closed during a read may by then be another file's.
      if (reads > 0) await new Promise<void>((resolve) => (whenIdle = resolve))
      release()
    },
  }
}

function readAt(fd: number, into: Uint8Array, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, into, 0, length, position, (error, bytesRead) => {
      if (error) reject(error)
      else resolve(bytesRead)
    })
  })
}

function chunkSize(): number {
  return Math.max(SMALLEST_CHUNK, Math.min(LARGEST_CHUNK, CHUNK_BUDGET / readers))
}
