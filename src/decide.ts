import { expectWholeNumber, unexpected } from './errors.ts'
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
   * everything on a 200. Ranges that add up to more than the file are ignored whatever their
   * number.
   */
  readonly maxRanges?: number | undefined
  /**
   * The most bytes in the answer to a range that `sliceFor` selects; a longer one is cut at its
   * end. A whole number, 1 or more; off by default.
   *
   * @example
   * ```ts
   * fileHandler(lookup, { maxSlice: 1_000_000 })
   * // A <video> that asks for `bytes=0-` of 10 MB gets `Content-Range: bytes 0-999999/10000000`
   * ```
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

/** @throws RangeError or TypeError if a limit is invalid */
export function expectLimits({
  maxRanges = 1000,
  maxSlice = Number.MAX_SAFE_INTEGER,
  sliceFor = 'media',
}: RangeLimits): Limits {
  expectWholeNumber('maxRanges', maxRanges, 1)
  expectWholeNumber('maxSlice', maxSlice, 1)
  if (sliceFor !== 'media' && sliceFor !== 'all') {
    throw unexpected("sliceFor to be 'media' or 'all'", sliceFor)
  }
  return { maxRanges, maxSlice, sliceFor }
}

/** Limits that were checked, with the defaults of those that were not given. */
type Limits = { readonly [Name in keyof RangeLimits]-?: NonNullable<RangeLimits[Name]> }

/**
 * Decides the answer to a GET or HEAD of a file that exists, in the order of RFC 9110 §13.2.2:
 * If-Match or If-Unmodified-Since, If-None-Match or If-Modified-Since, If-Range, Range.
 *
 * @param now ms since the epoch
 * @returns the status; with 206 also the ranges, half-open, inside the file, and in the order
 * requested
 * @throws RangeError or TypeError if a limit is invalid
 *
 * @example
 * ```ts
 * decide({ method: 'GET', headers: new Headers({ range: 'bytes=0-4' }) }, { size: 10 }, Date.now())
 * // { status: 206, ranges: [{ start: 0, end: 5 }] }
 * ```
 */
export function decide(
  request: Pick<RequestLike, 'method' | 'headers'>,
  source: Representation,
  now: number,
  limits: RangeLimits = {},
): Decision {
  const expected = expectLimits(limits)
  const field = (name: string) => fieldValue(request.headers, name)
  const modified = modificationTime(source, now)
  // 1. If-Match, and 2. only without it, If-Unmodified-Since
  const ifMatch = field('if-match')
  if (ifMatch !== null) {
    if (!includesTag(ifMatch, source, matchesStrongly)) return { status: 412 }
  } else if (modified > timeOf(field('if-unmodified-since'), now)) return { status: 412 }
  // 3. If-None-Match, and 4. only without it, If-Modified-Since
  const ifNoneMatch = field('if-none-match')
  if (ifNoneMatch !== null) {
    if (includesTag(ifNoneMatch, source, matchesWeakly)) return { status: 304 }
  } else if (modified <= timeOf(field('if-modified-since'), now)) return { status: 304 }
  // 5. Range, which is defined for GET only (§14.2), and If-Range
  const range = request.method === 'GET' ? field('range') : null
  if (range === null) return { status: 200 }
  const ifRange = field('if-range')
  // A strong entity tag, or exactly the date that was sent as Last-Modified (§13.1.5)
  if (
    ifRange !== null &&
    !matchesStrongly(ifRange, source.etag) &&
    modified !== timeOf(ifRange, now)
  ) {
    return { status: 200 }
  }
  return selectRanges(range, source.size, expected, field('sec-fetch-dest'))
}

/** A field's value without the white space at its end, which workerd leaves in place (§5.5). */
function fieldValue(headers: RequestLike['headers'], name: string): string | null {
  const value = headers.get(name)
  // In linear time: /[ \t]*$/ looks from every space to the end of a run.
  return value && (/^.*[^ \t]/s.exec(value)?.[0] ?? '')
}

/** @param destination of the Fetch: a media element will ask again for what was cut */
function selectRanges(
  value: string,
  size: number,
  { maxRanges, maxSlice, sliceFor }: Limits,
  destination: string | null,
): Decision {
  const specs = parseRange(value, maxRanges)
  // No Content-Range can express a part of an empty representation.
  if (!specs || size === 0) return { status: 200 }
  const ranges = specs.map((spec) => resolveRange(spec, size)).filter((range) => range !== null)
  const [first, ...others] = ranges
  if (!first) return { status: 416 }
  const isForMedia = /^(?:audio|video)$/.test(destination ?? '') && isOpenEnded(specs[0])
  if (specs.length === 1 && (sliceFor === 'all' || isForMedia)) {
    const end = Math.min(first.end, first.start + maxSlice)
    return { status: 206, ranges: [{ start: first.start, end }] }
  }
  // §17.15: overlapping ranges must not send a byte of the file again and again.
  if (lengthOf(ranges) > size) return { status: 200 }
  return { status: 206, ranges: [first, ...others] }
}

function isOpenEnded(spec: RangeSpec | undefined): boolean {
  return spec !== undefined && 'lastPos' in spec && spec.lastPos === Infinity
}

/** Whether a value is `*` or lists the source's tag; false if it is no list of tags (§13.1.1). */
function includesTag(
  value: string,
  { etag }: Representation,
  matches: (a: string, b: string) => boolean,
): boolean {
  const tags = parseEntityTags(value)
  if (tags === '*') return true
  if (!tags || !etag) return false
  return tags.some((tag) => matches(tag, etag))
}

/**
 * When the source was modified, in ms since the epoch, cut to the second as Last-Modified is. While
 * that is a weak validator, the file may have changed since the client saw it: 1 ms is added, so
 * that If-Unmodified-Since with this date fails, and neither If-Modified-Since nor If-Range
 * matches. NaN if it is missing or invalid.
 */
function modificationTime({ lastModified }: Representation, now: number): number {
  const time = lastModified?.getTime() ?? Number.NaN
  return Math.floor(time / 1000) * 1000 + (isStrongDate(time, now) ? 0 : 1)
}

/**
 * The time of an HTTP-date. NaN if it is missing or invalid: it is neither earlier nor later than
 * any other, and its condition is ignored (§13.1.3, §13.1.4).
 */
function timeOf(value: string | null, now: number): number {
  return (value === null ? null : parseHttpDate(value, now)) ?? Number.NaN
}
