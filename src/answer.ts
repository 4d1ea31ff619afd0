import {
  type ByteRanges,
  decideWithin,
  expectLimits,
  type Limits,
  type RangeLimits,
} from './decide.ts'
import { expectWholeNumber } from './errors.ts'
import {
  contentFields,
  failureFields,
  type HeaderFields,
  isPrintable,
  notModifiedFields,
  partialFields,
  readFields,
} from './headers.ts'
import { multipart } from './multipart.ts'
import { contentRange, isRange, lengthOf, type Piece } from './range.ts'
import type { FileSource, Metadata, RequestLike } from './source.ts'
import { isEntityTag } from './validators.ts'

/** A response as plain data: whoever writes it need not know HTTP's rules for ranges. */
export interface Answer {
  /** The status code. */
  readonly status: number
  /**
   * Header fields by lower-case name. Content-Length, if there is one, is the length of the pieces;
   * in the answer to a HEAD, what it would be for GET.
   */
  readonly headers: Readonly<HeaderFields>
  /** The body in order: bytes as they are, and ranges to read from the source. Empty: no body. */
  readonly pieces: readonly Piece[]
  /**
   * Makes a body whose length nobody knows, such as that of a long listing; there are no pieces then.
   * Called only when it is to be sent, not for HEAD.
   */
  readonly stream?: (() => ReadableStream<Uint8Array>) | undefined
}

const ALLOW = 'GET, HEAD, OPTIONS'

export const NOT_FOUND: Answer = withoutBody(404)
export const UNAVAILABLE: Answer = withoutBody(503, { 'retry-after': '1' })
const METHOD_NOT_ALLOWED = withoutBody(405, { allow: ALLOW })
const OPTIONS: Answer = { status: 204, headers: { allow: ALLOW }, pieces: [] }

/** The answer to any method but GET and HEAD, whatever the file; null for those two. */
export function answerMethod(method: string): Answer | null {
  if (method === 'GET' || method === 'HEAD') return null
  return method === 'OPTIONS' ? OPTIONS : METHOD_NOT_ALLOWED
}

/**
 * The answer to a request for a file: status, header fields and the pieces of the body. A HEAD gets
 * no pieces.
 *
 * @param source null when there is no such file
 * @param now ms since the epoch
 * @throws RangeError if the source's size is not a whole number of bytes, or a limit is invalid
 * @throws TypeError if the source has no `read`, its date is not a Date, its entity tag is
 * malformed, its type or a field can't be sent, or `sliceFor` is unknown
 *
 * @example
 * answer(new Request(url, { headers: { range: 'bytes=0-4' } }), source, Date.now())
 * // { status: 206, headers: { 'content-range': 'bytes 0-4/1000', … }, pieces: [{ start: 0, end: 5 }] }
 */
export function answer(
  request: Pick<RequestLike, 'method' | 'headers'>,
  source: FileSource | null,
  now: number,
  limits: RangeLimits = {},
): Answer {
  const refusal = answerMethod(request.method)
  if (refusal !== null) return refusal
  return source === null ? NOT_FOUND : answerFile(expectLimits(limits), request, source, now)
}

/** The answer to a GET or HEAD of a file, within limits that were checked. */
export function answerFile(
  limits: Limits,
  request: Pick<RequestLike, 'method' | 'headers'>,
  source: FileSource,
  now: number,
): Answer {
  const metadata = readMetadata(source)
  const decision = decideWithin(limits, request, metadata, now)
  const { status } = decision
  if (status === 206) return answerPartially(metadata, decision.ranges, now)
  if (status === 304) return { status, headers: notModifiedFields(metadata, now), pieces: [] }
  if (status !== 200) return withoutBody(status, failureFields(metadata, status))
  const { size } = metadata
  const headers = contentFields(metadata, now)
  headers['content-length'] = String(size)
  const hasBody = size > 0 && request.method !== 'HEAD'
  return { status, headers, pieces: hasBody ? [{ start: 0, end: size }] : [] }
}

/**
 * A redirect, for a lookup to return.
 *
 * @param location a URL, absolute or relative to the request's
 * @param status 308 (permanent) by default: the method is kept
 * @throws TypeError if it can't be sent
 *
 * @example
 * redirect('/films/') // { status: 308, headers: { location: '/films/', … }, pieces: [] }
 */
export function redirect(location: string, status: 301 | 302 | 303 | 307 | 308 = 308): Answer {
  if (!/^[\x21-\x7e]+$/.test(location)) {
    throw new TypeError(`Expected an encoded URL to redirect to, got ${location}`)
  }
  return withoutBody(status, { location })
}

/**
 * An answer that a lookup gave, as it is sent: with its length where that is known, and without a
 * body for HEAD.
 *
 * @throws TypeError unless it can be sent
 */
export function answerAsGiven({ method }: Pick<RequestLike, 'method'>, given: Answer): Answer {
  const { status, pieces, stream } = given
  if (!(status >= 200 && status < 600) || pieces.some(isRange)) {
    throw new TypeError(`Expected an Answer of bytes with a status from 200 on, got ${status}`)
  }
  const fields = readFields(given.headers)
  const hasContent = status !== 204 && status !== 304
  if (stream === undefined && hasContent) fields['content-length'] = String(lengthOf(pieces))
  if (method === 'HEAD' || !hasContent) return { status, headers: fields, pieces: [] }
  return {
    status,
    headers: fields,
    pieces: pieces.filter((piece) => lengthOf([piece]) > 0),
    stream,
  }
}

function answerPartially(metadata: Metadata, ranges: ByteRanges, now: number): Answer {
  const { size } = metadata
  const fields = partialFields(metadata, now)
  const [range] = ranges
  if (ranges.length === 1) {
    fields['content-range'] = contentRange(size, range)
    return withPieces(fields, ranges)
  }
  // If the file is encoded, then so is each part, but not the multipart body that holds them.
  const { 'content-type': type, 'content-encoding': encoding, ...headers } = fields
  const lines = [`Content-Type: ${type}`, ...(encoding ? [`Content-Encoding: ${encoding}`] : [])]
  const boundary = crypto.randomUUID()
  headers['content-type'] = `multipart/byteranges; boundary=${boundary}`
  return withPieces(headers, multipart(ranges, size, lines, boundary))
}

/** A 206 of these pieces, with their length. */
function withPieces(headers: HeaderFields, pieces: readonly Piece[]): Answer {
  headers['content-length'] = String(lengthOf(pieces))
  return { status: 206, headers, pieces }
}

function withoutBody(status: number, headers: HeaderFields = {}): Answer {
  return { status, headers: { ...headers, 'content-length': '0' }, pieces: [] }
}

/** Reads and checks what a source says about itself, once: a getter may change its answer. */
function readMetadata(source: FileSource): Metadata {
  const { size, type = '', etag, lastModified, headers } = source
  if (typeof source.read !== 'function') {
    const given = Object.prototype.toString.call(source)
    throw new TypeError(`Expected a FileSource, got ${given}, which has no read(start, end)`)
  }
  expectWholeNumber('size', size, 0)
  if (!isPrintable(type)) throw new TypeError(`Expected a media type, got ${type}`)
  if (etag !== undefined && !isEntityTag(etag)) {
    throw new TypeError(`Expected etag like "abc" or W/"abc", got ${etag}`)
  }
  if (lastModified !== undefined && typeof lastModified?.getTime !== 'function') {
    throw new TypeError(`Expected lastModified to be a Date, got ${lastModified}`)
  }
  return { size, type, etag, lastModified, headers }
}
