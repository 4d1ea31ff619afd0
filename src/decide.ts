import { expectWholeNumber } from './errors.ts'
import { type ByteRange, lengthOf, parseRange, type RangeSpec, resolveRange } from './range.ts'
import type { FileSource, RequestLike } from './source.ts'
import {
  isStrongDate,
  matchesStrongly,
  matchesWeakly,
  parseEntityTags,
  parseHttpDate,
} from './validators.ts'

/** The ranges of a 206 in the order requested: one, or several for multipart/byteranges. */
export type ByteRanges = readonly [ByteRange, ...ByteRange[]]

/** How a GET or HEAD of an existing representation is to be answered. */
export type Decision =
  | { readonly status: 200 | 304 | 412 | 416 }
  | { readonly status: 206; readonly ranges: ByteRanges }

/** The part of a source that a decision depends on. */
export type Representation = Pick<FileSource, 'size' | 'etag' | 'lastModified'>

/** How much of a file one Range may get. */
export interface RangeLimits {
  /**
   * A Range with more ranges than this is ignored, and the answer is a 200 (RFC 9110 §14.2). A
   * whole number, 1 or more; 1000 by default: updaters ask for hundreds at once, and download
   * everything on a 200. Ranges that add up to more than the file are ignored whatever their number.
   */
  readonly maxRanges?: number | undefined
  /**
   * The most bytes in the answer to a range that `sliceFor` selects; a longer one is cut at its
   * end. A whole number, 1 or more; off by default.
   *
   * @example
   * fileHandler(lookup, { maxSlice: 1_000_000 })
   * // A <video> that asks for `bytes=0-` of 10 MB gets `Content-Range: bytes 0-999999/10000000`
   */
  readonly maxSlice?: number | undefined
  /**
   * Which ranges `maxSlice` cuts. `'media'`, the default: a single open-ended range (`bytes=N-`)
   * from a `<video>` or `<audio>`, recognised by `Sec-Fetch-Dest`, which browsers send on HTTPS and
   * localhost only. `'all'`: any single range, for platforms that limit the size of a response;
   * clients that don't ask for the rest keep a truncated file. A GET without Range, and several
   * ranges, are never cut.
   */
  readonly sliceFor?: 'media' | 'all' | undefined
}

/** Limits that were checked, with the defaults of those that were not given. */
export interface Limits {
  readonly maxRanges: number
  readonly maxSlice: number
  readonly sliceFor: 'media' | 'all'
}

/** @throws RangeError or TypeError if a limit is invalid */
export function expectLimits(limits: RangeLimits): Limits {
  const { maxRanges = 1000, maxSlice = Infinity, sliceFor = 'media' } = limits
  expectWholeNumber('maxRanges', maxRanges, 1)
  if (limits.maxSlice !== undefined) expectWholeNumber('maxSlice', maxSlice, 1)
  if (sliceFor !== 'media' && sliceFor !== 'all') {
    throw new TypeError(`Expected sliceFor to be 'media' or 'all', got ${sliceFor}`)
  }
  return { maxRanges, maxSlice, sliceFor }
}

/**
 * Decides the answer to a GET or HEAD, in the order of RFC 9110 §13.2.2.
 *
 * @param now ms since the epoch
 * @throws RangeError or TypeError if a limit is invalid
 *
 * @example
 * decide(new Request(url, { headers: { range: 'bytes=0-499' } }), { size: 1000 }, Date.now())
 * // { status: 206, ranges: [{ start: 0, end: 500 }] }
 */
export function decide(
  request: Pick<RequestLike, 'method' | 'headers'>,
  source: Representation,
  now: number,
  limits: RangeLimits = {},
): Decision {
  return decideWithin(expectLimits(limits), request, source, now)
}

/** The same within limits that were checked. */
export function decideWithin(
  limits: Limits,
  request: Pick<RequestLike, 'method' | 'headers'>,
  source: Representation,
  now: number,
): Decision {
  const { headers } = request
  // 1. If-Match, and 2. only without it, If-Unmodified-Since
  const ifMatch = fieldValue('if-match', headers)
  if (ifMatch !== null) {
    if (!includesTag(ifMatch, source, matchesStrongly)) return { status: 412 }
  } else if (isModifiedSince(fieldValue('if-unmodified-since', headers), source, now)) {
    return { status: 412 }
  }
  // 3. If-None-Match, and 4. only without it, If-Modified-Since
  const ifNoneMatch = fieldValue('if-none-match', headers)
  if (ifNoneMatch !== null) {
    if (includesTag(ifNoneMatch, source, matchesWeakly)) return { status: 304 }
  } else if (isModifiedSince(fieldValue('if-modified-since', headers), source, now) === false) {
    return { status: 304 }
  }
  // 5. Range, which is defined for GET only (§14.2), and If-Range
  const range = request.method === 'GET' ? fieldValue('range', headers) : null
  if (range === null) return { status: 200 }
  const ifRange = fieldValue('if-range', headers)
  if (ifRange !== null && !satisfiesIfRange(ifRange, source, now)) return { status: 200 }
  return selectRanges(range, source.size, limits, headers)
}

/** A field's value without the white space at its end, which workerd leaves in place (§5.5). */
function fieldValue(name: string, headers: RequestLike['headers']): string | null {
  const value = headers.get(name)
  if (value === null) return null
  let end = value.length
  while (value[end - 1] === ' ' || value[end - 1] === '\t') end--
  return value.slice(0, end)
}

function selectRanges(
  value: string,
  size: number,
  { maxRanges, maxSlice, sliceFor }: Limits,
  headers: RequestLike['headers'],
): Decision {
  const specs = parseRange(value, maxRanges)
  // No Content-Range can express a part of an empty representation.
  if (specs === null || size === 0) return { status: 200 }
  const ranges: ByteRange[] = []
  for (const spec of specs) {
    const range = resolveRange(spec, size)
    if (range !== null) ranges.push(range)
  }
  const [first, ...others] = ranges
  if (first === undefined) return { status: 416 }
  if (specs.length === 1 && (sliceFor === 'all' || isForMedia(specs[0], headers))) {
    const end = Math.min(first.end, first.start + maxSlice)
    return { status: 206, ranges: [{ start: first.start, end }] }
  }
  // §17.15: overlapping ranges must not make the answer larger than the file.
  if (lengthOf(ranges) > size) return { status: 200 }
  return { status: 206, ranges: [first, ...others] }
}

/** Whether a media element asks for an open-ended range: it will ask again for what was cut. */
function isForMedia(spec: RangeSpec | undefined, headers: RequestLike['headers']): boolean {
  const isOpenEnded = spec !== undefined && 'lastPos' in spec && spec.lastPos === Infinity
  return isOpenEnded && /^(?:audio|video)$/.test(headers.get('sec-fetch-dest') ?? '')
}

/** Whether a value is `*` or lists the source's tag; false if it is no list of tags (§13.1.1). */
function includesTag(
  value: string,
  { etag }: Representation,
  matches: (a: string, b: string) => boolean,
): boolean {
  const tags = parseEntityTags(value)
  if (tags === '*') return true
  if (tags === null || etag === undefined) return false
  return tags.some((tag) => matches(tag, etag))
}

/**
 * Whether the source is newer than a date, both cut to the second as Last-Modified is. If they are
 * equal, but the source's is not yet a strong validator, it counts as newer: the file may have
 * changed since the client saw it. Null if either is missing or invalid: the condition must then be
 * ignored (§13.1.3, §13.1.4).
 */
function isModifiedSince(
  value: string | null,
  { lastModified }: Representation,
  now: number,
): boolean | null {
  const date = value === null ? null : parseHttpDate(value, now)
  const modified = lastModified?.getTime() ?? Number.NaN
  if (date === null || Number.isNaN(modified)) return null
  const second = toSecond(modified)
  return second > date || (second === date && !isStrongDate(modified, now))
}

/** If-Range (§13.1.5): a strong entity tag, or exactly the date that was sent as Last-Modified. */
function satisfiesIfRange(
  ifRange: string,
  { etag, lastModified }: Representation,
  now: number,
): boolean {
  if (etag !== undefined && matchesStrongly(ifRange, etag)) return true
  const modified = lastModified?.getTime() ?? Number.NaN
  return isStrongDate(modified, now) && toSecond(modified) === parseHttpDate(ifRange, now)
}

function toSecond(time: number): number {
  return Math.floor(time / 1000) * 1000
}
