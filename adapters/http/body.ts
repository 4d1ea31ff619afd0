import { SourceChangedError } from '../../src/errors.ts'
import { isStrong } from '../../src/validators.ts'
import { misanswer, type OriginError, otherRange } from './failure.ts'
import {
  type Head,
  isSameVersion,
  readHead,
  readLength,
  readPart,
  type VersionHead,
} from './head.ts'
import { ask, drop, type Reply, type Upstream } from './upstream.ts'

/** Bytes [at, end) of a file, on their way. */
export class Body {
  /** The offset in the file of the next byte. */
  at: number
  readonly end: number
  /** What the runtime may send as it is, if nothing was taken of it. */
  readonly stream: ReadableStream<Uint8Array>
  readonly #start: number
  readonly #reply: Reply
  readonly #timeout: number
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null
  /** Bytes that came and were not taken. */
  #pending: Uint8Array | null = null
  /** When a chunk is due that is waited for, as `performance.now()`. */
  #due = Infinity
  #timer: ReturnType<typeof setTimeout> | undefined

  /** @param timeout how long may be waited for a chunk, in ms */
  constructor(
    reply: Reply,
    stream: ReadableStream<Uint8Array>,
    start: number,
    end: number,
    timeout: number,
  ) {
    this.#reply = reply
    this.stream = stream
    this.#start = start
    this.at = start
    this.end = end
    this.#timeout = timeout
  }

  /** Whether anything was taken of it. */
  get hasGiven(): boolean {
    return this.at > this.#start
  }

  /** Whether its framing holds it to its length. */
  get isCertain(): boolean {
    return this.#isFramed && !this.hasGiven
  }

  get #isFramed(): boolean {
    return readLength(this.#reply.response.headers) === this.end - this.#start
  }

  /** All of a body that nothing was taken of; null if it breaks off, or falls silent. */
  async whole(): Promise<Blob | null> {
    const chunks: Uint8Array<ArrayBuffer>[] = []
    while (this.at < this.end) {
      const chunk = await this.next(this.end - this.at)
      if (chunk === null) return null
      chunks.push(chunk as Uint8Array<ArrayBuffer>)
    }
    return new Blob(chunks)
  }

  /**
   * The next bytes, at least one and at most `max`.
   *
   * @returns null when the body breaks off, falls silent or has more bytes than were announced
   */
  async next(max: number): Promise<Uint8Array | null> {
    const chunk = this.#pending ?? (await this.#receive())
    if (chunk === null || chunk.length > this.end - this.at) return null
    const taken = chunk.subarray(0, max)
    const isLast = this.at + taken.length === this.end
    // A body longer than announced held other bytes. Without a length, only its end tells.
    if (isLast && !this.#isFramed && (await this.#receive()) !== null) return null
    this.#pending = chunk.length > max ? chunk.subarray(max) : null
    this.at += taken.length
    return taken
  }

  /** Drops the bytes before an offset; false when the body breaks off before. */
  async skipTo(start: number): Promise<boolean> {
    while (this.at < start) {
      if ((await this.next(start - this.at)) === null) return false
    }
    return true
  }

  async #receive(): Promise<Uint8Array | null> {
    this.#reader ??= this.stream.getReader()
    this.#due = performance.now() + this.#timeout
    this.#timer ??= setTimeout(this.#check, this.#timeout)
    try {
      for (;;) {
        const { value, done } = await this.#reader.read()
        if (done) return null
        if (value.length > 0) return value
      }
    } catch {
      return null
    } finally {
      this.#due = Infinity
    }
  }

  /** One timer for all chunks: setting one for each would cost more than reading it. */
  readonly #check = (): void => {
    const left = this.#due - performance.now()
    if (left <= 0) this.hangUp()
    else this.#timer = left === Infinity ? undefined : setTimeout(this.#check, left)
  }

  /** Lets the connection go: for further use, if the body was read to its end. */
  async finish(): Promise<void> {
    const isRead = this.at === this.end && this.#pending === null
    // The end of a body without length comes after its last byte.
    if (!isRead || (await this.#receive()) !== null) this.hangUp()
    clearTimeout(this.#timer)
  }

  /** Ends it, and its connection, at once. */
  readonly hangUp = (): void => {
    clearTimeout(this.#timer)
    this.#reader?.cancel().catch(() => {})
    this.#reply.hangUp()
  }
}

/** The body of a response that holds bytes from `start` on; null if it holds others. */
export function bodyFrom(
  { timeout }: Upstream,
  reply: Reply,
  { range }: Head,
  start: number,
  size: number,
): Body | null {
  const { status, body } = reply.response
  // A whole body of unknown length has the size that was told before.
  const held = range ?? (status === 200 ? { start: 0, end: size } : null)
  const isUsable = held?.start === start && held.end <= size && body !== null
  return isUsable ? new Body(reply, body, start, held.end, timeout) : null
}

/** The statuses that say that the version is gone. */
const NO_LONGER = [404, 410, 412, 416]

/**
 * Asks for bytes from `start` on, of one version of a file; there may be fewer than up to `end`.
 *
 * @throws SourceChangedError if it is another version by now
 * @throws OriginError if the server gives other bytes, twice, or none
 */
export async function openBody(
  upstream: Upstream,
  version: VersionHead,
  start: number,
  end: number,
  signal?: AbortSignal,
): Promise<Body> {
  const { etag, size } = version
  const range = `bytes=${start}-${end - 1}`
  const fields = { range, ...(isStrong(etag) && { 'if-match': etag }) }
  // A server may answer 200 while it fills its cache.
  for (let isLast = false; ; isLast = true) {
    const reply = await ask(upstream, 'GET', fields, signal)
    const { response } = reply
    const { status } = response
    if (status !== 200 && status !== 206) {
      drop(upstream, reply)
      const isRefused = status === 416 && (readPart(response.headers).size ?? size) === size
      if (NO_LONGER.includes(status) && !isRefused) throw changed(upstream)
      throw misanswer(upstream, 'a part of the file', `status ${status}`)
    }
    const head = readHead(response)
    if (!isSameVersion(version, head)) {
      reply.hangUp()
      throw changed(upstream)
    }
    const body = bodyFrom(upstream, reply, head, start, size)
    if (body !== null) return body
    reply.hangUp()
    const got = head.headers.get('content-range') ?? `status ${status} without Content-Range`
    if (isLast) throw otherRange(upstream, range, got)
  }
}

/** The error when two responses can't be joined in one answer. */
export function unjoinable(upstream: Upstream): OriginError {
  return misanswer(upstream, 'a strong entity tag, by which to join two responses', 'none')
}

function changed({ name }: Upstream): SourceChangedError {
  return new SourceChangedError(`${name} changed while it was being served`)
}
