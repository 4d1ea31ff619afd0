import { Buffer } from 'node:buffer'
import type { Answer } from '../../src/answer.ts'
import { streamBody } from '../../src/body.ts'
import { decide } from '../../src/decide.ts'
import {
  expectOptions,
  expectWait,
  expectWholeNumber,
  SourceChangedError,
} from '../../src/errors.ts'
import { expectHeaders, fileFields } from '../../src/headers.ts'
import { parseRange } from '../../src/range.ts'
import { BodyReader, NOTHING } from '../../src/reader.ts'
import { hangUpSignal, onAbort } from '../../src/runtime.ts'
import type { Contents, FileSource, RequestLike } from '../../src/source.ts'
import { mediaType } from '../site/media-type.ts'
import { type FileOptions, pathOf } from './file-source.ts'
import { type LiveFile, liveFields, openLive, openLiveSource } from './live-file.ts'
import { anywhere } from './scope.ts'
import { devices, memory } from './shared.ts'
import { isRegular, isSameFile } from './version.ts'
import { Watcher } from './watcher.ts'

/** Options of `growingFile`. */
export interface GrowingOptions extends Pick<FileOptions, 'type' | 'headers'> {
  /**
   * For how long nothing may come before the body ends, in ms; a whole number, 60 000 by default.
   * Infinity: until the file is renamed or removed, or `until` says so.
   */
  readonly idle?: number | undefined
  /**
   * How long to wait before looking again, in ms, if the system does not tell what happens to the
   * file, as with NFS. A whole number, 1 to 2 147 483 647 (25 days); 1000 by default.
   */
  readonly poll?: number | undefined
  /** Aborted once the writer is done: the body then ends with what is there. */
  readonly until?: AbortSignal | undefined
}

/** RFC 8673 §2: the last position of a Range that also asks for what is still to come. */
const VERY_LAST = Number.MAX_SAFE_INTEGER

/**
 * A regular file that grows, such as a log or a recording, followed to its end: a 200 without a
 * length that goes on while the file does, as `tail -f` does. It ends when nothing has come for
 * `idle` ms, when the file is renamed or removed, or when `until` is aborted; it breaks off when
 * the file becomes shorter. While nothing comes, it costs a watch of the system and a look each
 * `poll` ms.
 *
 * A Range gets what is there already, as usual, with two exceptions: `bytes=0-`, which players send
 * for the whole, and a Range up to `9007199254740991`, by which a client asks for all that is still
 * to come (RFC 8673): a 206 that goes on. There is no tag and no date, and nobody may store any of
 * it.
 *
 * The path is trusted, as with `nodeFile`. Give it to `serveFile` with the same request.
 *
 * @returns null if there is no such file, or it is a directory or a device
 * @throws as a rejection, the operating system's error for any other failure; RangeError or
 * TypeError when an option is invalid
 *
 * @example
 * ```ts
 * serveFile(request, await growingFile('recording.mp4', request, { idle: 10_000 }))
 * ```
 */
export async function growingFile(
  path: string | URL,
  request: RequestLike,
  options: GrowingOptions = {},
): Promise<FileSource | Answer | null> {
  expectOptions(options)
  const { idle = 60_000, poll = 1000, until, type } = options
  if (idle !== Infinity) expectWholeNumber('idle', idle, 0)
  expectWait('poll', poll)
  expectHeaders(options.headers)
  const at = pathOf(path)
  const hangUp = () => hangUpSignal(request)
  const found = await devices.locate(at, hangUp)
  if (found === null || !isRegular(found.stat)) return null
  const { size } = found.stat
  const start = followedFrom(request, size)
  if (start === null) {
    const source = await openLiveSource(anywhere, at, options, hangUp)
    return source === 'directory' ? null : source
  }
  const status = start.isPart ? 206 : 200
  const said = { headers: liveFields(options), type: type ?? mediaType(at), size }
  return {
    status,
    headers: {
      ...fileFields(said, status, Date.now()),
      ...(start.isPart && { 'content-range': `bytes ${start.at}-${VERY_LAST}/*` }),
    },
    pieces: [],
    stream: () => follow(at, start.at, { idle, poll, until }),
  }
}

/** From where on a client follows a file; null if it wants a part of what is there, or nothing. */
function followedFrom(
  request: RequestLike,
  size: number,
): { readonly at: number; readonly isPart: boolean } | null {
  const { method, headers } = request
  const { status } = decide(request, { size }, Date.now())
  // A precondition is not met, and what is there says so.
  if (status === 412 || status === 304) return null
  const whole = { at: 0, isPart: false }
  // Whatever If-Range names is not this file, which has no validator.
  if (method !== 'GET' || headers.get('if-range') !== null) return whole
  const specs = parseRange(headers.get('range') ?? '')
  const [spec] = specs ?? []
  if (spec === undefined) return whole
  if (specs?.length !== 1 || 'suffixLength' in spec) return null
  const { firstPos, lastPos } = spec
  if (lastPos === VERY_LAST && firstPos <= size) return { at: firstPos, isPart: true }
  return firstPos === 0 && lastPos === Infinity ? whole : null
}

/** When to look at the file again, and when to end: the options of the same names. */
interface Pace {
  readonly idle: number
  readonly poll: number
  readonly until: AbortSignal | undefined
}

/** A file from a position on, for as long as it grows; opened when it is first pulled. */
function follow(path: string, start: number, pace: Pace): ReadableStream<Uint8Array> {
  let follower: Promise<Follower> | null = null
  const contents: Contents = {
    async read() {
      follower ??= openFollower(path, start, pace)
      return (await (await follower).next()) ?? NOTHING
    },
    async close() {
      const opened = await follower?.catch(() => null)
      await opened?.close()
    },
  }
  return streamBody(new BodyReader(contents, start, Infinity))
}

async function openFollower(path: string, start: number, pace: Pace): Promise<Follower> {
  const file = await openLive(anywhere, path)
  if (file === null || file === 'directory') throw new SourceChangedError(`${path} was removed`)
  return new Follower(file, start, pace)
}

/** One listener of a signal, for all that wait for it. */
interface Listener {
  /** What is called when the signal is aborted. */
  readonly ends: Set<() => void>
  readonly remove: () => void
}

const listeners = new WeakMap<AbortSignal, Listener>()

function listenTo(signal: AbortSignal): Listener {
  const ends = new Set<() => void>()
  const forget = onAbort(signal, () => {
    for (const end of ends) end()
  })
  const remove = () => {
    forget()
    listeners.delete(signal)
  }
  const listener = { ends, remove }
  listeners.set(signal, listener)
  return listener
}

/**
 * Calls `end` when a signal is aborted, with one listener for all: runtimes take many for a leak.
 * The last to leave removes it: Node keeps some signals for as long as anybody listens.
 *
 * @returns what undoes that
 */
function onEnd(signal: AbortSignal | null | undefined, end: () => void): () => void {
  if (!signal) return () => {}
  const { ends, remove } = listeners.get(signal) ?? listenTo(signal)
  ends.add(end)
  return () => {
    if (ends.delete(end) && ends.size === 0) remove()
  }
}

/** Reads a file as it grows. */
class Follower {
  readonly #file: LiveFile
  readonly #pace: Pace
  #at: number
  #watcher: Watcher | null = null
  #lastGrown = performance.now()
  /** Whether all that is there by now is all. */
  #isDone = false
  #isClosed = false
  readonly #forget: () => void

  constructor(file: LiveFile, start: number, pace: Pace) {
    this.#file = file
    this.#at = start
    this.#pace = pace
    this.#forget = onEnd(pace.until, () => this.#watcher?.notify())
  }

  /** The next bytes once they are there; null at the end, after which it is closed. */
  async next(): Promise<Uint8Array | null> {
    try {
      while (!this.#isClosed) {
        const chunk = await this.#read()
        if (chunk !== null) return chunk
        if (this.#isDone) break
        if (await this.#isOver()) this.#isDone = true
        else await this.#wait()
      }
      await this.close()
      return null
    } catch (error) {
      await this.close()
      throw error
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#forget()
    this.#watcher?.close()
    await this.#file.close()
  }

  /** What has come since the last time; null if nothing has. */
  async #read(): Promise<Uint8Array | null> {
    const { size } = await this.#file.stat()
    if (size < this.#at) {
      throw new SourceChangedError(`${this.#file.path} became shorter while it was followed`)
    }
    if (size === this.#at) return null
    const room = Buffer.allocUnsafeSlow(Math.min(size - this.#at, memory.chunkSize()))
    const given = await this.#file.read(room, this.#at)
    if (given === 0) return null
    this.#at += given
    this.#lastGrown = performance.now()
    return room.subarray(0, given)
  }

  /** Whether nothing more is to be expected than what came meanwhile. */
  async #isOver(): Promise<boolean> {
    const { idle, until } = this.#pace
    if (until?.aborted || performance.now() - this.#lastGrown >= idle) return true
    const { path, opened } = this.#file
    const found = await devices.stat(path)
    if (found === null || found.dev !== opened.dev) return true
    if (isSameFile(found, opened)) return false
    // Some network and FUSE mounts number a file anew at each look.
    const again = devices.isLocal(opened.dev) ? found : await devices.stat(path)
    return again === null || isSameFile(found, again) || again.size < this.#at
  }

  /** Waits for a change. The first time, it only begins to watch: one may have come before. */
  async #wait(): Promise<void> {
    if (this.#watcher !== null) await this.#watcher.wait()
    else if (!this.#isClosed) {
      const { idle, poll } = this.#pace
      const { path } = this.#file
      this.#watcher = new Watcher(Math.min(poll, Math.max(1, idle)))
      if (devices.statSync(path) !== 'unknown') this.#watcher.watch(path)
    }
  }
}
