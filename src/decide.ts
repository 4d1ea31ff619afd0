import { type ByteRange, lengthOf, parseRange, type RangeSpec, resolveRange } from './range.ts'
import type { FileSource, RequestLike } from './source.ts'
import {
  isStrongDate,
  matchesStrongly,
  matchesWeakly,
  parseEntityTags,
  parseHttpDate,
} from './validators.ts'

export type ByteRanges = readonly [ByteRange, ...ByteRange[]]

/** How a GET or HEAD of an existing representation is to be answered. */
export type Decision =
  | { readonly status: 200 | 304 | 412 | 416 }
  | { readonly status: 206; readonly ranges: ByteRanges }

/** What of a source the decision depends on. */
export type Representation = Pick<FileSource, 'size' | 'etag' | 'lastModified'>

export interface RangeLimits {
  /** A set of more ranges than this is ignored, and the answer is a 200. 16 by default. */
  readonly maxRanges?: number | undefined
  /** The most bytes that one range carries; off by default. */
  readonly maxSlice?: number | undefined
  /**
   * Which ranges `maxSlice` shortens. `'media'`, the default: an open-ended one (`bytes=N-`) that a
   * media element asks for, since it comes back for the rest, where others would take the cut file
   * for whole. `'all'`: any single range, for platforms that limit a response.
   */
  readonly sliceFor?: 'media' | 'all' | undefined
}

/**
 * Decides the answer to a GET or HEAD, in the order of RFC 9110 §13.2.2.
 *
 * @param now ms since the epoch
 *
 * @example
 * decide(new Request(url, { headers: { range: 'bytes=0-499' } }), { size: 1000 }, Date.now())
 * // { status: 206, ranges: [{ start: 0, end: 500 }] }
 */
export function decide(
  request: RequestLike,
  source: Representation,
  now: number,
  limits: RangeLimits = {},
): Decision {
  const parse = <T>(name: string, parser: (value: string) => T | null) => {
    const value = request.headers.get(name)
    return value === null ? null : parser(value)
  }
  const parseDate = (value: string) => parseHttpDate(value, now)
  // 1. If-Match, and 2. only without it, If-Unmodified-Since
  const ifMatch = parse('if-match', parseEntityTags)
  if (ifMatch !== null) {
    if (!includesTag(ifMatch, source.etag, matchesStrongly)) return { status: 412 }
  } else {
    const date = parse('if-unmodified-since', parseDate)
    if (date !== null && isModifiedSince(date, source, now)) return { status: 412 }
  }
  // 3. If-None-Match, and 4. only without it, If-Modified-Since
  const ifNoneMatch = parse('if-none-match', parseEntityTags)
  if (ifNoneMatch !== null) {
    if (includesTag(ifNoneMatch, source.etag, matchesWeakly)) return { status: 304 }
  } else if (source.lastModified !== undefined) {
    const date = parse('if-modified-since', parseDate)
    if (date !== null && !isModifiedSince(date, source, now)) return { status: 304 }
  }
  // 5. Range, which is defined for GET only (§14.2), and If-Range
  const range = request.method === 'GET' ? request.headers.get('range') : null
  if (range === null) return { status: 200 }
  const ifRange = request.headers.get('if-range')
  if (ifRange !== null && !isCurrent(ifRange, source, now)) return { status: 200 }
  return selectRanges(range, source.size, limits, request)
}

function selectRanges(
  value: string,
  size: number,
  limits: RangeLimits,
  request: RequestLike,
): Decision {
  const specs = parseRange(value, limits.maxRanges ?? 16)
  // No Content-Range can express a part of an empty representation.
  if (specs === null || size === 0) return { status: 200 }
  const [first, ...others] = specs.map((spec) => resolveRange(spec, size)).filter(isSatisfiable)
  if (first === undefined) return { status: 416 }
  if (specs.length === 1) {
    const { start } = first
    const end = isSliced(specs[0], limits, request) ? start + (limits.maxSlice ?? size) : size
    return { status: 206, ranges: [{ start, end: Math.min(first.end, end) }] }
  }
  // §17.15: overlapping ranges must not make the answer larger than the file.
  const ranges: ByteRanges = [first, ...others]
  return lengthOf(ranges) > size ? { status: 200 } : { status: 206, ranges }
}

function isSatisfiable(range: ByteRange | null): range is ByteRange {
  return range !== null
}

function isSliced(
  spec: RangeSpec | undefined,
  { sliceFor }: RangeLimits,
  { headers }: RequestLike,
): boolean {
  if (sliceFor === 'all') return true
  const isOpenEnded = spec !== undefined && 'lastPos' in spec && spec.lastPos === Infinity
  return isOpenEnded && /^(?:audio|video)$/.test(headers.get('sec-fetch-dest') ?? '')
}

function includesTag(
  tags: '*' | string[],
  etag: string | undefined,
  matches: (a: string, b: string) => boolean,
): boolean {
  return tags === '*' || (etag !== undefined && tags.some((tag) => matches(tag, etag)))
}

/**
 * Compared in whole seconds, as Last-Modified is sent. A date that is not yet a strong validator
 * counts as a second later: the file may have changed again since the client saw it. A source
 * without a date was never modified (§13.1.3 and §13.1.4: then the condition is ignored).
 */
function isModifiedSince(date: number, { lastModified }: Representation, now: number): boolean {
  if (lastModified === undefined) return false
  const modified = lastModified.getTime()
  const second = modified - (modified % 1000)
  return second > date || (second === date && !isStrongDate(modified, now))
}

/** If-Range (§13.1.5): a strong entity tag, or exactly the date that was sent as Last-Modified. */
function isCurrent(ifRange: string, source: Representation, now: number): boolean {
  if (source.etag !== undefined && matchesStrongly(ifRange, source.etag)) return true
  if (source.lastModified === undefined) return false
  const modified = source.lastModified.getTime()
  return isStrongDate(modified, now) && parseHttpDate(ifRange, now) === modified - (modified % 1000)
}
