import { Buffer } from 'node:buffer'
import { setTimeout as delay } from 'node:timers/promises'
import { SourceChangedError } from '../../../src/errors.ts'
import { mediaType } from '../../site/media-type.ts'
import { inThreadPool, onThisThread, readAll } from '../calls.ts'
import type { Devices } from '../devices/devices.ts'
import type { Memory } from '../memory.ts'
import { deno } from '../permission.ts'
import { type FileStat, isSameFile, versionTag } from '../version.ts'
import { AppendCheck } from './append-check.ts'
import type { Fingerprinted } from './fingerprint.ts'

/**
 * How long to wait, in ms, before each further look at a file whose time has changed, and whose
 * size has not: a write changes the size last.
 */
const WRITE_SETTLES_IN = [1, 4, 15, 30, 50]

/**
 * One version of a regular file, open for any number of responses: what was opened is what is read,
 * even when another file takes its name.
 */
export class OpenFile {
  readonly path: string
  readonly fd: number
  readonly stat: FileStat
  readonly etag: string | undefined
  readonly lastModified: Date | undefined
  readonly isRacy: boolean
  /** What a listing names its version, if a look can tell. */
  readonly listedAs: string | undefined
  /** The media type of its name. */
  readonly type: string | undefined
  readonly #appendCheck: AppendCheck
  readonly #devices: Devices
  readonly #memory: Memory
  /** All bytes of a small file once they were read: further responses need no read. */
  #bytes: Uint8Array | null = null

  constructor(described: Fingerprinted, devices: Devices, memory: Memory) {
    this.path = described.path
    this.fd = described.fd
    this.stat = described.stat
    this.etag = described.etag
    this.lastModified = described.lastModified
    this.isRacy = described.isRacy
    this.listedAs = this.isRacy ? undefined : versionTag(this.stat, Date.now())
    this.type = mediaType(this.path)
    this.#devices = devices
    this.#memory = memory
    this.#appendCheck = new AppendCheck(this.stat, described.marks, devices.isLocal(this.stat.dev))
    if (described.bytes !== null) this.#keep(described.bytes)
  }

  /** Whether calls about it wait for nothing but this machine. */
  get isResponsive(): boolean {
    return this.#devices.isResponsive(this.stat.dev)
  }

  /**
   * The first of the bytes [start, end), at most a chunk, read in another thread.
   *
   * @throws SourceChangedError, as a rejection, if the file may be another version by now
   */
  async read(start: number, end: number, into?: Uint8Array): Promise<Uint8Array> {
    const length = Math.max(0, Math.min(end, this.stat.size) - start)
    const room = into ?? Buffer.allocUnsafeSlow(Math.min(length, this.#memory.chunkSize()))
    const chunk = room.length > length ? room.subarray(0, length) : room
    if (this.#bytes !== null) {
      chunk.set(this.#bytes.subarray(start, start + chunk.length))
      return chunk
    }
    const given = await this.#readInto(chunk, start)
    if (!(await this.#isIntact())) {
      throw new SourceChangedError(`${this.path} changed while it was being served`)
    }
    if (given < chunk.length) return chunk.subarray(0, given)
    this.#keep(chunk)
    return chunk
  }

  /**
   * The bytes [start, end), read on this thread into memory that the next call, of any file,
   * overwrites. Null when they are not all there, the disk may keep this thread waiting, or the
   * file may have changed: `read` looks twice.
   */
  readSync(start: number, end: number): Uint8Array | null {
    if (!this.has(start, end) || !this.isResponsive) return null
    const length = end - start
    const bytes = this.#memory.scratch(length).subarray(0, length)
    if (this.#bytes !== null) {
      bytes.set(this.#bytes.subarray(start, end))
      return bytes
    }
    const began = performance.now()
    const isWhole = onThisThread.read(this.fd, bytes, start) === length
    // A look needs only its inode, which may be in memory where its bytes are not.
    this.#devices.noteDuration(this.stat.dev, performance.now() - began)
    if (!isWhole || !this.#appendCheck.isKnown(this.#statSync())) return null
    this.#keep(bytes)
    return bytes
  }

  /** Whether it is the version that was opened, as far as that can be said without waiting. */
  isSurelyUnchanged(): boolean {
    return this.isResponsive && this.#appendCheck.isKnown(this.#statSync())
  }

  /** Whether a range lies in the version that was opened. */
  has(start: number, end: number): boolean {
    return 0 <= start && start < end && end <= this.stat.size
  }

  /** Closes the descriptor. Nothing may be reading from it: another file may get its number. */
  close(): void | Promise<void> {
    if (this.#bytes !== null) this.#memory.unreserve(this.#bytes.length)
    this.#bytes = null
    return this.#devices.callsOn(this.path, this.stat.dev).close(this.fd)
  }

  /** Keeps a copy, if these are all of its bytes. Reads give others: a caller may change those. */
  #keep(bytes: Uint8Array): void {
    const { size } = this.stat
    if (bytes.length < size || this.#bytes !== null) return
    if (this.#memory.reserve(size)) this.#bytes = new Uint8Array(bytes)
  }

  #run<T>(call: () => Promise<T>): Promise<T> {
    return this.#devices.run(this.path, this.stat.dev, call)
  }

  #readInto(into: Uint8Array, start: number): Promise<number> {
    return this.#run(() => inThreadPool.read(this.fd, into, start))
  }

  #stat(): FileStat | Promise<FileStat> {
    return this.isResponsive ? this.#statSync() : this.#run(() => inThreadPool.fstat(this.fd))
  }

  /** On Deno, `fstat` takes four times as long as Deno's own `stat` of a path (bench/README.md). */
  #statSync(): FileStat {
    // It may have become a link that leads onto a mount that stalls.
    if (deno && this.#devices.isWarm(this.path)) {
      try {
        const found = onThisThread.lstat(this.path)
        if (found !== null && isSameFile(found, this.stat)) return found
      } catch {
        // The file was moved or removed: what was opened is still there.
      }
    }
    return onThisThread.fstat(this.fd)
  }

  /** Whether it is the version that was opened, or that version with bytes appended. */
  async #isIntact(): Promise<boolean> {
    const readRange = async (start: number, end: number) => {
      const bytes = Buffer.alloc(end - start)
      const length = await readAll(bytes, start, (into, from) => this.#readInto(into, from))
      return bytes.subarray(0, length)
    }
    for (const wait of WRITE_SETTLES_IN) {
      const verdict = await this.#appendCheck.judge(await this.#stat(), readRange)
      if (verdict !== 'unclear') return verdict === 'intact'
      await delay(wait)
    }
    return (await this.#appendCheck.judge(await this.#stat(), readRange)) === 'intact'
  }
}
