import { parseRange, type RangeSpec } from '../../src/range.ts'
import type { RequestLike } from '../../src/source.ts'

/** All of a file, even if it is empty. */
const WHOLE: RangeSpec = { firstPos: 0, lastPos: Infinity }

/**
 * The ranges that a request will most likely get, so that a store elsewhere can be asked for them
 * at once: all of the file without Range, and none where the answer has no body.
 *
 * @example
 * likelyRanges(new Request('http://localhost/', { headers: { range: 'bytes=5-' } }))
 * // [{ firstPos: 5, lastPos: Infinity }]
 */
export function likelyRanges({ method, headers }: RequestLike): readonly RangeSpec[] {
  if (method !== 'GET') return []
  return parseRange(headers.get('range') ?? '') ?? [WHOLE]
}

/** No file reaches further. */
const MAX = Number.MAX_SAFE_INTEGER

/**
 * A range as any store can be asked for it: its numbers are exact, and what no file reaches is the
 * end. Null if no file can satisfy it.
 *
 * @example
 * satisfiable({ firstPos: 5, lastPos: 1e30 }) // { firstPos: 5, lastPos: Infinity }
 * satisfiable({ suffixLength: 0 }) // null
 */
export function satisfiable(spec: RangeSpec): RangeSpec | null {
  if ('suffixLength' in spec) {
    if (spec.suffixLength === 0) return null
    return spec.suffixLength > MAX ? { suffixLength: MAX } : spec
  }
  const { firstPos, lastPos } = spec
  if (firstPos > MAX) return null
  return lastPos >= MAX ? { firstPos, lastPos: Infinity } : spec
}
