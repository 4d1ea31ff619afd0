import { type ByteRanges, decide, type RangeLimits } from './decide.ts'
import { contentFields, failureFields, type HeaderFields, notModifiedFields } from './headers.ts'
import { multipart } from './multipart.ts'
import { lengthOf, type Piece } from './range.ts'
import type { FileSource, RequestLike } from './source.ts'
import { isEntityTag } from './validators.ts'

/** A response as plain data. What writes it needs to know nothing of HTTP's range rules. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<HeaderFields>
  /** The body in order: bytes as they are, ranges to be read from the source. Empty: no body. */
  readonly pieces: readonly Piece[]
}

const ALLOW = 'GET, HEAD, OPTIONS'

export const NOT_FOUND: Answer = withoutBody(404)
export const UNAVAILABLE: Answer = withoutBody(503, { 'retry-after': '1' })
const METHOD_NOT_ALLOWED = withoutBody(405, { allow: ALLOW })
const OPTIONS: Answer = { status: 204, headers: { allow: ALLOW }, pieces: [] }

/** What a method other than GET and HEAD gets, whatever the file; null for these two. */
export function answerMethod(method: string): Answer | null {
  if (method === 'GET' || method === 'HEAD') return null
  return method === 'OPTIONS' ? OPTIONS : METHOD_NOT_ALLOWED
}

/**
 * The answer to a GET or HEAD of a file: status, header fields and the pieces of the body, whose
 * lengths add up to Content-Length.
 *
 * @param now ms since the epoch
 * @throws TypeError when the source breaks its contract: a size that is no whole number of bytes,
 * an entity tag without quotes
 *
 * @example
 * answer(new Request(url, { headers: { range: 'bytes=0-4' } }), source, Date.now())
 * // { status: 206, headers: { 'content-range': 'bytes 0-4/1000', … }, pieces: [{ start: 0, end: 5 }] }
 */
export function answer(
  request: RequestLike,
  source: FileSource,
  now: number,
  limits: RangeLimits = {},
): Answer {
  expectSource(source)
  const decision = decide(request, source, now, limits)
  switch (decision.status) {
    case 304:
      return { status: 304, headers: notModifiedFields(source, now), pieces: [] }
    case 412:
    case 416:
      return { ...decision, headers: failureFields(source, decision.status), pieces: [] }
    case 200: {
      const headers = contentFields(source, source.size, now)
      const isEmpty = source.size === 0 || request.method === 'HEAD'
      return { status: 200, headers, pieces: isEmpty ? [] : [{ start: 0, end: source.size }] }
    }
    case 206:
      return answerPartially(source, decision.ranges, now)
  }
}

function answerPartially(source: FileSource, ranges: ByteRanges, now: number): Answer {
  const [range] = ranges
  if (ranges.length === 1) {
    const headers = contentFields(source, range.end - range.start, now, range)
    return { status: 206, headers, pieces: [range] }
  }
  const boundary = crypto.randomUUID()
  const fields = contentFields(source, 0, now)
  const { 'content-encoding': encoding, ...headers } = fields
  const partFields: HeaderFields = { 'Content-Type': headers['content-type'] ?? '' }
  // The parts are encoded, if anything is; the message that holds them is not.
  if (encoding !== undefined) partFields['Content-Encoding'] = encoding
  const pieces = multipart(ranges, source.size, partFields, boundary)
  headers['content-type'] = `multipart/byteranges; boundary=${boundary}`
  headers['content-length'] = String(lengthOf(pieces))
  return { status: 206, headers, pieces }
}

function withoutBody(status: number, headers: HeaderFields = {}): Answer {
  return { status, headers: { ...headers, 'content-length': '0' }, pieces: [] }
}

function expectSource({ size, etag }: FileSource): void {
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new TypeError(`Expected size to be a whole number of bytes, got ${size}`)
  }
  if (etag !== undefined && !isEntityTag(etag)) {
    throw new TypeError(`Expected etag to be like "abc" or W/"abc", got ${etag}`)
  }
}
