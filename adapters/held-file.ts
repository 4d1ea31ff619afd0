import { Buffer } from 'node:buffer'
import { read, readSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { SourceChangedError } from '../src/errors.ts'
import type { Handle } from './open-file.ts'
import { isSameVersion, type Version, versionOf } from './version.ts'

const KIB = 1024
const SMALLEST_CHUNK = 64 * KIB
const LARGEST_CHUNK = 512 * KIB
/** What all open files together may hold in chunks that their clients have yet to take, in bytes. */
const CHUNK_BUDGET = 16 * KIB * KIB
/** How much of what was sent is looked at again when a file has grown, in bytes. */
const SAMPLE = 256

/** How long a write under way may take from a file's new time to its new size, in ms. */
const A_WRITE = 20

let openFiles = 0

/** One version of a file as one response reads it. */
export interface HeldFile extends Pick<Handle, 'path' | 'type' | 'etag' | 'lastModified'> {
  readonly size: number
  /** Whether this is the version that is held. */
  isSame(version: Version): boolean
  /** At most a chunk of the bytes [start, end), read in another thread. */
  read(start: number, end: number, into?: Uint8Array): Promise<Uint8Array>
  /** The bytes [start, end), or fewer at the end of the file, read at once. */
  readSync(start: number, end: number): Uint8Array
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
  let expected = opened
  /** The last bytes of what was read. */
  let sample: Buffer | null = null
  let sampleAt = 0
  let sampleLength = 0
  let reads = 0
  let whenIdle: (() => void) | null = null
  let isClosed = false
  openFiles++

  /** A file may grow while it is sent, as logs and recordings do, but what it held must stay. */
  function isUnchanged(): boolean {
    const version = versionOf(handle)
    if (isSameVersion(version, expected)) return true
    if (version.size <= expected.size || !holdsSample()) return false
    expected = version
    return true
  }

  function holdsSample(): boolean {
    if (sample === null) return true
    const bytes = Buffer.alloc(sampleLength)
    readSync(fd, bytes, 0, sampleLength, sampleAt)
    return bytes.equals(sample.subarray(0, sampleLength))
  }

  function remember(bytes: Uint8Array, start: number): Uint8Array {
    const from = Math.max(0, bytes.length - SAMPLE)
    sampleAt = start + from
    sampleLength = bytes.length - from
    // A copy: the reader may use its buffer again.
    sample ??= Buffer.allocUnsafe(SAMPLE)
    sample.set(bytes.subarray(from))
    return bytes
  }

  function changed(): SourceChangedError {
    return new SourceChangedError(`${path} changed while it was being served`)
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

    async read(start, end, into = Buffer.allocUnsafeSlow(Math.min(end - start, chunkSize()))) {
      expectOpen()
      reads++
      try {
        const length = await readAt(fd, into, Math.min(end - start, into.length), start)
        // A write moves the time of a file first, and its size when the bytes are there.
        if (!isUnchanged() && !(await setTimeout(A_WRITE).then(isUnchanged))) throw changed()
        return remember(into.subarray(0, length), start)
      } finally {
        if (--reads === 0) whenIdle?.()
      }
    },

    readSync(start, end) {
      expectOpen()
      const bytes = Buffer.allocUnsafeSlow(end - start)
      const length = readSync(fd, bytes, 0, bytes.length, start)
      if (!isUnchanged()) throw changed()
      return remember(bytes.subarray(0, length), start)
    },

    async close() {
      if (isClosed) return
      isClosed = true
      openFiles--
      // A number that was closed under a read may by then be another file's.
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
  return Math.max(SMALLEST_CHUNK, Math.min(LARGEST_CHUNK, CHUNK_BUDGET / openFiles))
}
