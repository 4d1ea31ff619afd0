import { Buffer } from 'node:buffer'
import { closeSync, fstatSync, read, readSync, type Stats } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { SourceChangedError } from '../src/errors.ts'
import { isStrongDate } from '../src/validators.ts'

const KIB = 1024
const SMALLEST_CHUNK = 64 * KIB
const LARGEST_CHUNK = 256 * KIB
/** What all open files together may hold in chunks that their clients have yet to take, in bytes. */
const CHUNK_BUDGET = 16 * KIB * KIB
/** How much of what was sent is looked at again when a file has grown, in bytes. */
const SAMPLE = 256

/** How long a write under way may take from a file's new time to its new size, in ms. */
const A_WRITE = 20

let openFiles = 0

/** What tells one version of a file from every other. */
type Version = Pick<Stats, 'dev' | 'ino' | 'size' | 'mtimeMs'>

/**
 * One version of a file, held open: what was opened is what is read, even when another file takes
 * its name.
 */
export interface OpenFile {
  readonly path: string
  readonly size: number
  /** `"<size>-<mtime in ms>"` in hex; weak while the modification time can't be trusted. */
  readonly etag: string
  readonly lastModified: Date | undefined
  /** Whether these are the size, time and identity that the file was opened with. */
  isSame(stat: Version): boolean
  /** At most a chunk of the bytes [start, end), read in another thread. */
  read(start: number, end: number, into?: Uint8Array): Promise<Uint8Array>
  /** The bytes [start, end), or fewer at the end of the file, read at once. */
  readSync(start: number, end: number): Uint8Array
  /** Closes the file once reads under way are done. */
  close(): Promise<void>
}

/** Takes over an open descriptor, and what `fstat` said of it. */
export function holdFile(path: string, fd: number, opened: Stats): OpenFile {
  const { size } = opened
  // Not `mtime`, nor nanoseconds: the runtimes round those differently.
  const modified = Math.floor(opened.mtimeMs)
  // Images built to be reproducible date every version at the epoch.
  const isDated = modified > 1000
  const strength = isDated && isStrongDate(modified, Date.now()) ? '' : 'W/'
  let expected = opened
  let sample: Buffer | null = null
  let sampleAt = 0
  let reads = 0
  let whenIdle: (() => void) | null = null
  let isClosed = false
  openFiles++

  /** A file may grow while it is sent, as logs and recordings do, but what it held must stay. */
  function isUnchanged(): boolean {
    const stat = fstatSync(fd)
    if (stat.size === expected.size && stat.mtimeMs === expected.mtimeMs) return true
    if (stat.size <= expected.size || !holdsSample()) return false
    expected = stat
    return true
  }

  function holdsSample(): boolean {
    if (sample === null) return true
    const bytes = Buffer.alloc(sample.length)
    readSync(fd, bytes, 0, bytes.length, sampleAt)
    return bytes.equals(sample)
  }

  function remember(bytes: Uint8Array, start: number): Uint8Array {
    const from = Math.max(0, bytes.length - SAMPLE)
    sampleAt = start + from
    // A copy, which `slice` of a Buffer is not: the reader may use its buffer again.
    sample = Buffer.allocUnsafe(bytes.length - from)
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
    size,
    etag: `${strength}"${size.toString(16)}-${modified.toString(16)}"`,
    lastModified: isDated ? new Date(modified) : undefined,

    isSame(stat) {
      return (
        stat.ino === opened.ino &&
        stat.dev === opened.dev &&
        stat.size === size &&
        stat.mtimeMs === opened.mtimeMs
      )
    },

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
      closeSync(fd)
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
