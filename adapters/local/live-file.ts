import { Buffer } from 'node:buffer'
import { SourceChangedError } from '../../src/errors.ts'
import { LIFETIMES, readFields } from '../../src/headers.ts'
import { largeBufferLimit } from '../../src/runtime.ts'
import type { Read } from '../../src/source.ts'
import { mediaType } from '../site/media-type.ts'
import { overlay } from '../site/overlay.ts'
import type { Opened, TreeFile } from '../site/tree.ts'
import { inThreadPool } from './calls.ts'
import type { HangUp } from './devices/limiter.ts'
import type { FileOptions } from './file-source.ts'
import { InFlight } from './in-flight.ts'
import type { Scope } from './scope.ts'
import { devices, memory, openFiles } from './shared.ts'
import type { FileStat } from './version.ts'

/**
 * A regular file that is open for one response, whatever becomes of it: unlike those of the pool,
 * it promises no version.
 */
export class LiveFile {
  /** With all that was asked for. */
  readonly path: string
  /** What it was when it was opened. */
  readonly opened: FileStat
  readonly #fd: number
  readonly #calls = new InFlight()
  #closed: Promise<void> | null = null

  constructor(path: string, fd: number, opened: FileStat) {
    this.path = path
    this.opened = opened
    this.#fd = fd
    memory.addReader()
  }

  /** @returns how many bytes were read from `start` on; 0 at the end */
  read(into: Uint8Array, start: number): Promise<number> {
    return this.#run(() => inThreadPool.read(this.#fd, into, start))
  }

  stat(): Promise<FileStat> {
    return this.#run(() => inThreadPool.fstat(this.#fd))
  }

  /** Closes it once, after what is under way. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    memory.removeReader()
    await this.#calls.done()
    await devices.run(this.path, this.opened.dev, () => inThreadPool.close(this.#fd))
  }

  async #run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#closed !== null) throw new Error(`${this.path} was read after it was closed`)
    return this.#calls.run(() => devices.run(this.path, this.opened.dev, call))
  }
}

/** Opens the file at a path as `Scope.open` does. */
export async function openLive(
  scope: Scope,
  path: string,
  hangUp?: HangUp,
): Promise<LiveFile | 'directory' | null> {
  const at = scope.prefix + path
  const found = await devices.locate(at, hangUp)
  const calls = found && devices.callsAt(at, found)
  const opened = calls && (await openFiles.makingRoom(() => scope.open(at, calls)))
  if (opened === null) await scope.expectThere()
  if (opened === null || opened === 'directory') return opened
  return new LiveFile(opened.path, opened.fd, opened.stat)
}

/** The live file at a path, as a source. */
export async function openLiveSource(
  scope: Scope,
  path: string,
  options: FileOptions,
  hangUp?: HangUp,
): Promise<Opened> {
  const file = await openLive(scope, path, hangUp)
  return file instanceof LiveFile ? liveSource(file, options) : file
}

/** A file without a version is not to be cached: parts of two states could be joined. */
const NOT_STORED = { 'cache-control': 'no-store' }

/** The fields of a file without a version. */
export function liveFields({ headers }: FileOptions): Readonly<Record<string, string>> {
  return overlay(readFields(headers, LIFETIMES), NOT_STORED)
}

/**
 * A file that is being written, as far as it is there now: without a tag or a date, since two
 * answers may be of two states of it. If it grows or is rewritten meanwhile, what it has then is
 * sent; if it becomes shorter, the body breaks off.
 */
function liveSource(file: LiveFile, options: FileOptions): TreeFile {
  const { path, opened } = file
  const read: Read = async (start, end, into) => {
    const length = Math.min(end - start, into?.length ?? memory.chunkSize())
    const room = into?.subarray(0, length) ?? Buffer.allocUnsafeSlow(length)
    const given = await file.read(room, start)
    if (given === 0) throw new SourceChangedError(`${path} became shorter while it was served`)
    return given === length ? room : room.subarray(0, given)
  }
  return {
    size: opened.size,
    type: options.type ?? mediaType(path),
    headers: liveFields(options),
    isLive: true,
    read: Object.assign(read, { native: { bufferLimit: largeBufferLimit() } }),
    close: () => file.close(),
  }
}
