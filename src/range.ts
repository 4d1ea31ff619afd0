/** Positions as in `bytes=0-99`: both inclusive; `lastPos` is Infinity in `bytes=100-`. */
export interface IntRange {
  readonly firstPos: number
  readonly lastPos: number
}

/** The last `suffixLength` bytes, as in `bytes=-500`. */
export interface SuffixRange {
  readonly suffixLength: number
}

export type RangeSpec = IntRange | SuffixRange

/** Bytes [start, end): half-open, never empty, inside the representation. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** A piece of a body: bytes as they are, or a range of the file. */
export type Piece = Uint8Array | ByteRange

const TAB = 0x09
const SPACE = 0x20
const COMMA = 0x2c
const HYPHEN = 0x2d

/**
 * Parses a Range field value (RFC 9110 §14.1.1, §14.2) in time linear in its length. Numbers
 * of any length are read; beyond 2^53, where no file reaches, to the nearest double.
 *
 * @param maxRanges how many ranges are worth having; a longer set is given up as soon as it shows
 * @returns the range set in the order requested, or `null` when the value is not a valid
 * ranges-specifier in bytes, or has more than `maxRanges` ranges: a server ignores it (§14.2)
 *
 * @example
 * parseRange('bytes=0-99, -1') // [{ firstPos: 0, lastPos: 99 }, { suffixLength: 1 }]
 * parseRange('bytes=100-') // [{ firstPos: 100, lastPos: Infinity }]
 * parseRange('bytes=5-2') // null
 */
export function parseRange(value: string, maxRanges: number = Infinity): RangeSpec[] | null {
  if (!/^bytes=/i.test(value)) return null
  const specs: RangeSpec[] = []
  let isSeparated = true
  let at = 'bytes='.length
  while (at < value.length) {
    const code = value.charCodeAt(at)
    // §5.6.1.2: a recipient ignores empty list elements, and white space around commas.
    if (code === COMMA || code === SPACE || code === TAB) {
      isSeparated ||= code === COMMA
      at++
      continue
    }
    const hyphen = skipDigits(value, at)
    const end = skipDigits(value, hyphen + 1)
    if (!isSeparated || value.charCodeAt(hyphen) !== HYPHEN) return null
    const spec = parseSpec(value.slice(at, hyphen), value.slice(hyphen + 1, end))
    if (spec === null || specs.push(spec) > maxRanges) return null
    isSeparated = false
    at = end
  }
  return specs.length === 0 ? null : specs
}

/**
 * Resolves one range against a representation of `size` bytes (RFC 9110 §14.1.2).
 *
 * @returns the bytes it selects, cut at the end of the representation, or `null` when it is not
 * satisfiable; in an empty representation nothing is
 *
 * @example
 * resolveRange({ firstPos: 500, lastPos: 999 }, 800) // { start: 500, end: 800 }
 * resolveRange({ suffixLength: 1000 }, 800) // { start: 0, end: 800 }
 * resolveRange({ firstPos: 800, lastPos: Infinity }, 800) // null
 */
export function resolveRange(spec: RangeSpec, size: number): ByteRange | null {
  const start = 'firstPos' in spec ? spec.firstPos : Math.max(0, size - spec.suffixLength)
  if (start >= size) return null
  return { start, end: 'firstPos' in spec ? Math.min(spec.lastPos + 1, size) : size }
}

/**
 * Prints a Content-Range field value (RFC 9110 §14.4).
 *
 * @param range the bytes enclosed; without it, the form that goes with a 416
 *
 * @example
 * contentRange(1000, { start: 0, end: 100 }) // 'bytes 0-99/1000'
 * contentRange(1000) // 'bytes *\/1000'
 */
export function contentRange(size: number, range?: ByteRange): string {
  return range ? `bytes ${range.start}-${range.end - 1}/${size}` : `bytes */${size}`
}

/** The length of pieces in bytes, one after the other. */
export function lengthOf(pieces: readonly Piece[]): number {
  let length = 0
  for (const piece of pieces) {
    length += piece instanceof Uint8Array ? piece.length : piece.end - piece.start
  }
  return length
}

function parseSpec(first: string, last: string): RangeSpec | null {
  if (first === '') return last === '' ? null : { suffixLength: Number(last) }
  const firstPos = Number(first)
  const lastPos = last === '' ? Infinity : Number(last)
  // §14.1.1: an int-range is invalid if its last-pos is less than its first-pos.
  if (lastPos < firstPos || (lastPos === firstPos && isLess(last, first))) return null
  return { firstPos, lastPos }
}

/** Compares by digits, for numbers too long to differ as doubles. */
function isLess(digits: string, others: string): boolean {
  return digits.padStart(others.length, '0') < others.padStart(digits.length, '0')
}

function skipDigits(value: string, at: number): number {
  let code = value.charCodeAt(at)
  while (code >= 0x30 && code <= 0x39) code = value.charCodeAt(++at)
  return at
}
