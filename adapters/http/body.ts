import { SourceChangedError } from '../../src/errors.ts'
import { isStrong } from '../../src/validators.ts'
import { OriginError } from './failure.ts'
import { type Head, isSameVersion, readHead, type Version } from './head.ts'
import { isDecoded } from './stored-fetch.ts'
import { ask, drop, type Reply, type Upstream, within } from './upstream.ts'

/** Bytes [at, end) of a file, on their way. */
export class Body {
  /** The offset in the file of the next byte. */
  at: number
  readonly end: number
  readonly #reply: Reply
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null
  /** Bytes that came and were not taken. */
  #atHand: Uint8Array | null = null

  constructor(reply: Reply, start: number, end: number) {
    this.#reply = reply
    this.at = start
    this.end = end
  }

  /** The stream itself, for a body that nothing was taken of; null if its length isn't certain. */
  get untouched(): ReadableStream<Uint8Array> | null {
    const { body, headers } = this.#reply.response
    return headers.has('content-length') ? body : null
  }

  /**
   * The next bytes, at least one.
   *
   * @param most how many are taken at most
   * @returns null when the body breaks off or falls silent
   * @throws OriginError when there are more than were announced
   */
  async next({ name, timeout }: Upstream, most: number): Promise<Uint8Array | null> {
    const chunk = this.#atHand ?? (await this.#receive(timeout))
    if (chunk === null) return null
    if (chunk.length > this.end - this.at) {
      this.hangUp()
      throw new OriginError(502, name, 'Expected as many bytes as were announced, got more')
    }
    const taken = chunk.length > most ? chunk.subarray(0, most) : chunk
    this.#atHand = taken === chunk ? null : chunk.subarray(most)
    this.at += taken.length
    return taken
  }

  async #receive(timeout: number): Promise<Uint8Array | null> {
    this.#reader ??= this.#reply.response.body?.getReader() ?? null
    const reader = this.#reader
    try {
      for (;;) {
        const read = reader && (await within(timeout, reader.read(), this.hangUp))
        if (read === null || read.done) return null
        if (read.value.length > 0) return read.value
      }
    } catch {
      return null
    }
  }

  /** Lets the connection go: for further use, if the body was read to its end. */
  finish(): void {
    // The end of a body without length comes after its last byte.
    if (this.at < this.end) this.hangUp()
    else this.#reader?.read().then(({ done }) => done || this.hangUp(), this.hangUp)
  }

  /** Ends it, and its connection, at once. */
  readonly hangUp = (): void => this.#reply.hangUp()
}

/** The body of a response that holds bytes from `start` on; null if it holds others. */
export function bodyFrom(reply: Reply, { range }: Head, start: number, size: number): Body | null {
  // A whole body of unknown length has the size that was told before.
  const held = range ?? (reply.response.status === 200 ? { start: 0, end: size } : null)
  const isUsable = held?.start === start && held.end <= size && reply.response.body !== null
  return isUsable ? new Body(reply, start, held.end) : null
}

/**
 * Asks for bytes from `start` on, of one version of a file; there may be fewer than up to `end`.
 *
 * @throws SourceChangedError if it is another version by now
 * @throws OriginError if the server gives other bytes, twice, or none
 */
export async function openBody(
  upstream: Upstream,
  version: Version,
  start: number,
  end: number,
  signal?: AbortSignal,
): Promise<Body> {
  const { etag = '', size } = version
  const condition = isStrong(etag) ? { 'if-match': etag } : {}
  const fields = { range: `bytes=${start}-${end - 1}`, ...condition }
  // A server may answer 200 while it fills its cache.
  for (let isLast = false; ; isLast = true) {
    const reply = await ask(upstream, 'GET', fields, signal)
    const { response } = reply
    if (response.status !== 200 && response.status !== 206) {
      drop(upstream, reply)
      throw noLonger(upstream, response)
    }
    expectStored(upstream, reply)
    const head = readHead(response)
    if (!isSameVersion(version, head)) {
      reply.hangUp()
      throw changed(upstream)
    }
    const body = bodyFrom(reply, head, start, size)
    if (body !== null) return body
    reply.hangUp()
    if (isLast) throw wrongBytes(upstream, fields.range, response)
  }
}

/** @throws OriginError if the runtime decodes the body */
export function expectStored({ name }: Upstream, { response, hangUp }: Reply): void {
  if (!isDecoded(response.headers)) return
  hangUp()
  throw new OriginError(
    502,
    name,
    "Expected a body as it is stored, which this runtime's fetch decodes",
  )
}

/** Two responses can't stand in one answer. */
export function unjoinable({ name }: Upstream): OriginError {
  const reason = 'Expected a strong entity tag, by which to join two responses, got none'
  return new OriginError(502, name, reason)
}

/** 404, 412 and 416 mean that the version is no longer there. */
function noLonger(upstream: Upstream, { status }: Response): Error {
  if (status === 404 || status === 410 || status === 412 || status === 416) return changed(upstream)
  return new OriginError(502, upstream.name, `Expected a part of the file, got status ${status}`)
}

function changed({ name }: Upstream): SourceChangedError {
  return new SourceChangedError(`${name} changed while it was being served`)
}

function wrongBytes({ name }: Upstream, range: string, { status, headers }: Response): OriginError {
  const given = headers.get('content-range')
  const got = given === null ? `status ${status} without Content-Range` : given
  return new OriginError(502, name, `Expected ${range} of the file, got ${got}`)
}
