import { describe, expect, it } from 'vitest'
import { satisfiable } from '../adapters/store/likely-ranges.ts'
import type { RangeSpec } from '../src/range.ts'

const MAX = Number.MAX_SAFE_INTEGER

describe('what a store can be asked for', () => {
  const ROWS: [name: string, spec: RangeSpec, asked: RangeSpec | null][] = [
    ['a range', { firstPos: 0, lastPos: 4 }, { firstPos: 0, lastPos: 4 }],
    ['an open one', { firstPos: 5, lastPos: Infinity }, { firstPos: 5, lastPos: Infinity }],
    [
      'up to where no file reaches',
      { firstPos: 5, lastPos: MAX },
      { firstPos: 5, lastPos: Infinity },
    ],
    [
      'from the last byte that a file can have',
      { firstPos: MAX, lastPos: 1e30 },
      { firstPos: MAX, lastPos: Infinity },
    ],
    ['from beyond any file', { firstPos: MAX + 1, lastPos: 1e30 }, null],
    ['the end', { suffixLength: 5 }, { suffixLength: 5 }],
    ['more of the end than any file has', { suffixLength: 1e30 }, { suffixLength: MAX }],
    ['nothing of the end', { suffixLength: 0 }, null],
  ]
  it.each(ROWS)('%s', (_name, spec, asked) => expect(satisfiable(spec)).toEqual(asked))
})
