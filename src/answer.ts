import { type ByteRanges, decide, type RangeLimits } from './decide.ts'
import { expectFunction, expectWholeNumber, kindOf, unexpected } from './errors.ts'
import { fileFields, type HeaderFields, isPrintable, readFields } from './headers.ts'
import { type Found, isAnswer } from './lookup.ts'
import { multipart } from './multipart.ts'
import { contentRange, lengthOf, type Piece } from './range.ts'
import { isBytes } from './reader.ts'
import type { FileSource, Metadata, RequestLike } from './source.ts'
import { isEntityTag } from './validators.ts'

/** A response as plain data: its writers need not know HTTP's rules for ranges. */
export interface Answer {
  /** The status code, from 200 on. */
  readonly status: number
  /**
   * Header fields by lower-case name. Content-Length, if there is one, is the length of the pieces;
   * in the answer to a HEAD, what it would be for GET.
   */
  readonly headers: Readonly<HeaderFields>
  /**
   * The body in order: bytes as they are, and ranges to read from the source. Empty: no body. Those
   * of a lookup's answer are left out where its status has no content: 204, 205 and 304.
   */
  readonly pieces: readonly Piece[]
  /**
   * Makes a body whose length nobody knows, such as that of a long listing; there are no pieces
   * then. Called only when it is to be sent: not for HEAD, nor where the status has no content.
   */
  readonly stream?: (() => ReadableStream<Uint8Array>) | undefined
  /**
   * Whether this is a 404 that gives way to the next handler, if there is one: `matchFile`, `files`
   * of `byteserve/hono` and `nodeListener` go on, `fileHandler` sends it for its fields, such as
   * Vary.
   */
  readonly yields?: boolean | undefined
  /** The error behind this answer, for `onError` and `onServed`; never sent. */
  readonly error?: unknown
}

const ALLOW = 'GET, HEAD, OPTIONS'

export const NOT_FOUND: Answer = withPieces(404, {})
/**
 * For a request that may have been routed by another path: a cache would keep a 404 under that one.
 */
export const ASTRAY: Answer = withPieces(404, { 'cache-control': 'no-store' })
export const UNAVAILABLE: Answer = withPieces(503, { 'retry-after': '1' })
const METHOD_NOT_ALLOWED = withPieces(405, { allow: ALLOW })
const OPTIONS = withPieces(204, { allow: ALLOW })

/** The answer to any method but GET and HEAD, whatever the file; null for those two. */
export function answerMethod(method: string): Answer | null {
  if (method === 'GET' || method === 'HEAD') return null
  return method === 'OPTIONS' ? OPTIONS : METHOD_NOT_ALLOWED
}

/**
 * The answer to a request: status, header fields and the pieces of the body. A HEAD gets no pieces.
 *
 * @param found a file, an answer to send as it is, or null for neither
 * @param now ms since the epoch
 * @throws RangeError if the source's size is not a whole number of bytes, or a limit is invalid
 * @throws TypeError if the source has no `read`, its date is not a Date, its entity tag is
 * malformed, its type or a field can't be sent, or `sliceFor` is unknown
 *
 * @example
 * ```ts
 * answer({ method: 'GET', headers: new Headers({ range: 'bytes=0-4' }) }, source, Date.now())
 * // { status: 206, headers: { 'content-range': 'bytes 0-4/1000', … },
 * //   pieces: [{ start: 0, end: 5 }] }
 * ```
 */
export function answer(
  request: Pick<RequestLike, 'method' | 'headers'>,
  found: Found | undefined,
  now: number,
  limits: RangeLimits = {},
): Answer {
  const refusal = answerMethod(request.method)
  if (refusal) return refusal
  if (!found) return NOT_FOUND
  const answered = isAnswer(found)
    ? answerAsGiven(found)
    : answerFile(request, readMetadata(found), now, limits)
  return request.method === 'HEAD' ? { ...answered, pieces: [], stream: undefined } : answered
}

/**
 * A redirect, for a lookup to return.
 *
 * @param location a URL, absolute or relative to the request's
 * @param status 308 (permanent) by default: the method is kept
 * @throws TypeError if it can't be sent
 *
 * @example
 * ```ts
 * redirect('/films/') // { status: 308, headers: { location: '/films/', … }, pieces: [] }
 * ```
 */
export function redirect(location: string, status: 301 | 302 | 303 | 307 | 308 = 308): Answer {
  if (typeof location !== 'string' || !/^[\x21-\x7e]+$/.test(location)) {
    throw unexpected('an encoded URL to redirect to', location)
  }
  return withPieces(status, { location })
}

/** The answer to a GET of a file; a HEAD gets the same fields. */
function answerFile(
  request: Pick<RequestLike, 'method' | 'headers'>,
  metadata: Metadata,
  now: number,
  limits: RangeLimits,
): Answer {
  const decision = decide(request, metadata, now, limits)
  const { size } = metadata
  const headers = fileFields(metadata, decision.status, now)
  if (decision.status === 206) return answerPartially(size, decision.ranges, headers)
  const isWhole = decision.status === 200 && size > 0
  return withPieces(decision.status, headers, isWhole ? [{ start: 0, end: size }] : [])
}

/**
 * What a lookup gave, with its length where that is known.
 *
 * @throws TypeError unless it can be sent
 */
function answerAsGiven({ status, headers, pieces, stream, error }: Answer): Answer {
  if (!(Number.isInteger(status) && status >= 200 && status < 600)) {
    throw unexpected('an Answer with a status from 200 to 599', status)
  }
  if (!pieces.every(isBytes)) throw unexpected('an Answer of Uint8Arrays', `${pieces.map(kindOf)}`)
  expectFunction('stream', stream)
  if (stream && pieces.length > 0) throw unexpected('an Answer of pieces or a stream', 'both')
  const fields = readFields(headers)
  const hasContent = status !== 205 && mayHaveLength(status)
  if (stream && hasContent) return { status, headers: fields, pieces: [], stream, error }
  const answered = withPieces(status, fields, hasContent ? pieces : [])
  return error === undefined ? answered : { ...answered, error }
}

/** @param fields those of a single range */
function answerPartially(size: number, ranges: ByteRanges, fields: HeaderFields): Answer {
  if (ranges.length === 1) {
    fields['content-range'] = contentRange(size, ranges[0])
    return withPieces(206, fields, ranges)
  }
  // If the file is encoded, then so is each part, but not the multipart body that holds them.
  const { 'content-type': type, 'content-encoding': encoding, ...headers } = fields
  const coding = encoding ? `Content-Encoding: ${encoding}\r\n` : ''
  const lines = `Content-Type: ${type}\r\n${coding}`
  const boundary = crypto.randomUUID()
  headers['content-type'] = `multipart/byteranges; boundary=${boundary}`
  return withPieces(206, headers, multipart(ranges, size, lines, boundary))
}

/** An answer of these pieces, if any, with their length, which is put into `headers`. */
function withPieces(status: number, headers: HeaderFields, pieces: readonly Piece[] = []): Answer {
  if (mayHaveLength(status)) headers['content-length'] = String(lengthOf(pieces))
  return { status, headers, pieces }
}

/** A 204 and a 304 end with their head (RFC 9110 §15.3.5, §15.4.5); a 205 has a length of 0. */
export function mayHaveLength(status: number): boolean {
  return status !== 204 && status !== 304
}

/** Reads and checks what a source says about itself, once: a getter may change its answer. */
function readMetadata(source: FileSource): Metadata {
  const { size, type = '', etag, lastModified, headers } = source
  if (typeof source.read !== 'function') {
    throw unexpected('a FileSource with read(start, end), an Answer or null', source)
  }
  expectWholeNumber('size', size, 0)
  if ((type && typeof type !== 'string') || !isPrintable(type)) {
    throw unexpected('a media type', type)
  }
  if (etag !== undefined && !isEntityTag(etag)) {
    throw unexpected('etag like "abc" or W/"abc"', etag)
  }
  if (lastModified !== undefined && typeof lastModified?.getTime !== 'function') {
    throw unexpected('lastModified to be a Date', lastModified)
  }
  return { size, type, etag, lastModified, headers }
}
