import { type ByteRange, type RangeSpec, resolveRange } from '../../src/range.ts'

/** A gap of up to this many bytes is read and dropped: another request would take longer. */
export const GAP: number = 64 * 1024

/**
 * Where a response may end so that it also holds the ranges that are read after one of them, if
 * each follows the one before closely. A thousand ranges of a file must not become a thousand
 * requests.
 *
 * @example
 * spanEnd([{ start: 0, end: 2 }, { start: 5, end: 6 }, { start: 1, end: 2 }], 0) // 6
 */
export function spanEnd(ranges: readonly ByteRange[], index: number): number {
  let { end = 0 } = ranges[index] ?? {}
  for (const range of ranges.slice(index + 1)) {
    if (range.start < end || range.start - end > GAP) break
    end = range.end
  }
  return end
}

/** What to ask for so that the first ranges come in one response, before the size is known. */
export function firstSpan(specs: readonly RangeSpec[]): RangeSpec | undefined {
  const [first] = specs
  if (first === undefined || 'suffixLength' in first) return first
  const ranges = specs.flatMap((spec) => resolveRange(spec, Infinity) ?? [])
  return { firstPos: first.firstPos, lastPos: spanEnd(ranges, 0) - 1 }
}
