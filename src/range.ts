import { parseList } from './list.ts'

/** Positions as in `bytes=0-99`, both inclusive; `lastPos` is Infinity in `bytes=100-`. */
export interface IntRange {
  /** The first byte. */
  readonly firstPos: number
  /** The last byte. */
  readonly lastPos: number
}

/** The last `suffixLength` bytes, as in `bytes=-500`. */
export interface SuffixRange {
  /** How many bytes, from the end. */
  readonly suffixLength: number
}

/** One range as it was requested, before the size of the representation is known. */
export type RangeSpec = IntRange | SuffixRange

/** Bytes [start, end): half-open, never empty, inside the representation. */
export interface ByteRange {
  /** The first byte. */
  readonly start: number
  /** The byte after the last. */
  readonly end: number
}

/** A piece of a body: bytes as they are, or a range of the file. */
export type Piece = Uint8Array | ByteRange

/**
 * Parses a Range field value (RFC 9110 §14.1.1, §14.2) in time linear in its length. Numbers
 * may have any length; beyond 2^53, where no file reaches, they are approximate.
 *
 * @param maxRanges the most ranges to accept
 * @returns the range set in the order requested, or `null` when the value is not a valid
 * ranges-specifier in bytes, or has more than `maxRanges` ranges: a server ignores it (§14.2)
 *
 * @example
 * ```ts
 * parseRange('bytes=0-99, -1') // [{ firstPos: 0, lastPos: 99 }, { suffixLength: 1 }]
 * parseRange('bytes=100-') // [{ firstPos: 100, lastPos: Infinity }]
 * parseRange('bytes=5-2') // null
 * ```
 */
export function parseRange(value: string, maxRanges: number = Infinity): RangeSpec[] | null {
  if (!/^bytes=/i.test(value)) return null
  const element = /[ \t]*(?:(\d*)-(\d*)[ \t]*)?(?:,|$)/y
  element.lastIndex = 'bytes='.length
  const specs = parseList(value, element, toSpec)
  return specs && specs.length > maxRanges ? null : specs
}

/** Null unless it is an int-range or a suffix-range. */
function toSpec([, first, last = '']: RegExpExecArray): RangeSpec | null {
  if (!first) return last ? { suffixLength: Number(last) } : null
  // §14.1.1: an int-range is invalid if its last-pos is less than its first-pos. As digits: beyond
  // 2^53, a number stands for several integers.
  const isReversed = last && last.padStart(first.length, '0') < first.padStart(last.length, '0')
  return isReversed ? null : { firstPos: Number(first), lastPos: Number(last || Infinity) }
}

/**
 * Resolves one range against a representation of `size` bytes (RFC 9110 §14.1.2).
 *
 * @returns the bytes it selects, cut at the end of the representation, or `null` when it is not
 * satisfiable, as no range of an empty representation is
 *
 * @example
 * ```ts
 * resolveRange({ firstPos: 500, lastPos: 999 }, 800) // { start: 500, end: 800 }
 * resolveRange({ suffixLength: 1000 }, 800) // { start: 0, end: 800 }
 * resolveRange({ firstPos: 800, lastPos: Infinity }, 800) // null
 * ```
 */
export function resolveRange(spec: RangeSpec, size: number): ByteRange | null {
  const start = 'firstPos' in spec ? spec.firstPos : Math.max(0, size - spec.suffixLength)
  const end = 'lastPos' in spec ? Math.min(spec.lastPos + 1, size) : size
  return start < size ? { start, end } : null
}

/**
 * Formats a Content-Range field value (RFC 9110 §14.4).
 *
 * @param range the bytes enclosed; omitted for the form that a 416 carries
 *
 * @example
 * ```ts
 * contentRange(1000, { start: 0, end: 100 }) // 'bytes 0-99/1000'
 * contentRange(1000) // 'bytes *\/1000'
 * ```
 */
export function contentRange(size: number, range?: ByteRange): string {
  return range ? `bytes ${range.start}-${range.end - 1}/${size}` : `bytes */${size}`
}

export function isRange(piece: Piece | undefined): piece is ByteRange {
  return piece !== undefined && 'start' in piece
}

/** The range that is the whole body; null for a multipart, which begins with bytes. */
export function onlyRange([piece]: readonly Piece[]): ByteRange | null {
  return isRange(piece) ? piece : null
}

/** The total length of pieces, in bytes. */
export function lengthOf(pieces: readonly Piece[]): number {
  let length = 0
  for (const piece of pieces) {
    length += isRange(piece) ? piece.end - piece.start : piece.length
  }
  return length
}
