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
