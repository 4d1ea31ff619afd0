import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ByteRange,
  contentRange,
  lengthOf,
  parseRange,
  type RangeSpec,
  resolveRange,
} from '../src/range.ts'
import { growth, QUADRATIC } from './support/growth.ts'
import { strings } from './support/strings.ts'

const open = (firstPos: number): RangeSpec => ({ firstPos, lastPos: Infinity })
const int = (firstPos: number, lastPos: number): RangeSpec => ({ firstPos, lastPos })
const suffix = (suffixLength: number): RangeSpec => ({ suffixLength })

/** Where it says so, value, and what comes out. */
const PARSED: [section: string, value: string, specs: RangeSpec[] | null][] = [
  ['§14.1.1: digits only', 'bytes=0-1:', null],
  ['§14.1.1: digits only', 'bytes=0:-1', null],
  ['§14.1.1: beyond 2^53, in a set', 'bytes=9007199254740993-9007199254740992,0-0', null],
  // The RFC's own examples
  ['§14.1.2', 'bytes=0-499', [int(0, 499)]],
  ['§14.1.2', 'bytes=500-999', [int(500, 999)]],
  ['§14.1.2', 'bytes=-500', [suffix(500)]],
  ['§14.1.2', 'bytes=9500-', [open(9500)]],
  ['§14.1.2', 'bytes=0-0,-1', [int(0, 0), suffix(1)]],
  ['§14.1.2', 'bytes= 0-999, 4500-5499, -1000', [int(0, 999), int(4500, 5499), suffix(1000)]],
  ['§14.1.2', 'bytes=500-600,601-999', [int(500, 600), int(601, 999)]],
  ['§14.1.2', 'bytes=500-700,601-999', [int(500, 700), int(601, 999)]],

  // int-range and suffix-range
  ['§14.1.1: last-pos less than first-pos', 'bytes=5-2', null],
  ['§14.1.1: one of them in a valid set', 'bytes=0-1,5-2', null],
  ['§14.1.1: last-pos equal to first-pos', 'bytes=5-5', [int(5, 5)]],
  ['§14.1.1: a suffix of no bytes is valid', 'bytes=-0', [suffix(0)]],
  ['§14.1.1', 'bytes=-99', [suffix(99)]],
  ['§14.1.1', 'bytes=0-', [open(0)]],
  ['§14.1.1: digits, one or more', 'bytes=-', null],
  ['§14.1.1', 'bytes=--1', null],
  ['§14.1.1', 'bytes=0--1', null],
  ['§14.1.1', 'bytes=0-1-2', null],
  ['§14.1.1', 'bytes=-1-', null],
  ['§14.1.1', 'bytes=0', null],
  ['§14.1.1: one bad member spoils the set', 'bytes=0-1,abc', null],
  ['§14.1.1', 'bytes=abc', null],
  ['§14.1.1', 'bytes=0-1;q=1', null],
  ['§14.1.1: an other-range of another unit', 'bytes=0-1,items 0-4', null],
  ['§14.1.1: no signs', 'bytes=+0-1', null],
  ['§14.1.1', 'bytes=0-+1', null],
  ['§14.1.1: no fractions', 'bytes=0.5-1', null],
  ['§14.1.1', 'bytes=0-1.5', null],
  ['§14.1.1: no exponents', 'bytes=0-1e3', null],
  ['§14.1.1: no hexadecimal', 'bytes=0x0-0x1', null],
  ['§14.1.1: no separators', 'bytes=0-1_000', null],
  ['§14.1.1: ASCII digits only (Arabic-Indic)', 'bytes=\u0660-\u0661', null],
  ['§14.1.1: ASCII digits only (full-width)', 'bytes=\uff10-\uff19', null],
  ['§14.1.1: ASCII hyphen only', 'bytes=0\u20131', null],
  ['§14.1.1', 'bytes=*', null],
  ['§14.1.1', 'bytes=0-*', null],
  ['§14.4 is another field', 'bytes 0-1/2', null],
  ['§14.4 is another field', 'bytes=0-1/2', null],
  ['§14.1.1: leading zeros', 'bytes=007-0008', [int(7, 8)]],
  ['§14.1.1: leading zeros, out of order', 'bytes=0008-7', null],
  ['§14.1.1: leading zeros of a suffix', 'bytes=-000', [suffix(0)]],

  // Numbers beyond 2^53: in order, out of order, and beyond what a double holds
  ['§14.1.1', 'bytes=9007199254740991-', [open(2 ** 53 - 1)]],
  ['§14.1.1', 'bytes=0-9007199254740993', [int(0, 2 ** 53)]],
  ['§14.1.1', 'bytes=9007199254740992-9007199254740993', [int(2 ** 53, 2 ** 53)]],
  ['§14.1.1', 'bytes=9007199254740993-9007199254740992', null],
  ['§14.1.1', 'bytes=9007199254740993-09007199254740993', [int(2 ** 53, 2 ** 53)]],
  ['§14.1.1', 'bytes=09007199254740993-9007199254740992', null],
  ['§14.1.1', 'bytes=0-18446744073709551616', [int(0, 2 ** 64)]],
  ['§14.1.1', 'bytes=18446744073709551616-0', null],
  ['§14.1.1', 'bytes=-18446744073709551616', [suffix(2 ** 64)]],
  ['§14.1.1', `bytes=0-${'9'.repeat(400)}`, [int(0, Infinity)]],
  ['§14.1.1', `bytes=-${'9'.repeat(400)}`, [suffix(Infinity)]],
  ['§14.1.1', `bytes=${'9'.repeat(400)}-`, [open(Infinity)]],
  ['§14.1.1', `bytes=${'9'.repeat(400)}-0`, null],
  ['§14.1.1', `bytes=${'9'.repeat(400)}-${'9'.repeat(399)}8`, null],
  ['§14.1.1', `bytes=${'9'.repeat(399)}8-${'9'.repeat(400)}`, [int(Infinity, Infinity)]],
  ['§14.1.1', `bytes=${'9'.repeat(400)}-${'9'.repeat(400)}`, [int(Infinity, Infinity)]],
  ['§14.1.1', `bytes=${'0'.repeat(400)}1-2`, [int(1, 2)]],

  // Lists
  ['§5.6.1.2: OWS around commas', 'bytes=0-0 ,\t2-2', [int(0, 0), int(2, 2)]],
  ['§5.6.1.2: empty elements', 'bytes=,0-0,', [int(0, 0)]],
  ['§5.6.1.2: empty elements', 'bytes=0-0,,\t, ,2-2', [int(0, 0), int(2, 2)]],
  ['§5.6.1.2: leading ones, with OWS', 'bytes= , ,0-0', [int(0, 0)]],
  ['§5.6.1.2: OWS at either end', 'bytes=\t0-1 ', [int(0, 1)]],
  ['§5.6.1.1: at least one element', 'bytes=', null],
  ['§5.6.1.1: at least one element', 'bytes=,', null],
  ['§5.6.1.1: at least one element', 'bytes= , ,', null],
  ['§5.6.1: a comma between elements', 'bytes=0-0 2-2', null],
  ['§5.6.1: a comma between elements', 'bytes=0- 1', null],
  ['§5.6.1: no other separator', 'bytes=0-0;2-2', null],
  ['§14.1.1: no white space inside', 'bytes=0 -1', null],
  ['§14.1.1: no white space inside', 'bytes=0- 1', null],
  ['§14.1.1: no white space inside', 'bytes=- 1', null],
  ['§14.1.1: no white space inside', 'bytes=1 0-11', null],
  ['§5.6.3: OWS is space and tab only', 'bytes=0-0,\u00a02-2', null],
  ['§5.6.3: OWS is space and tab only', 'bytes=0-0,\n2-2', null],
  ['§5.6.3: OWS is space and tab only', 'bytes=0-0\r', null],
  ['§5.6.3: OWS is space and tab only', 'bytes=0-0\v', null],
  ['§5.5: no NUL', 'bytes=0-0\0', null],

  // The unit
  ['§14.1: range-unit is case-insensitive', 'BYTES=0-1', [int(0, 1)]],
  ['§14.1: range-unit is case-insensitive', 'bYtEs=0-1', [int(0, 1)]],
  ['§14.1: no long s', 'byte\u017f=0-1', null],
  ['§14.2: a unit it does not understand', 'items=0-1', null],
  ['§14.2', 'bytesx=0-1', null],
  ['§14.2', 'xbytes=0-1', null],
  ['§14.2', 'byte=0-1', null],
  ['§14.2', 'none=0-1', null],
  ['§14.2: no space before =', 'bytes =0-1', null],
  ['§14.2: no space before the unit', ' bytes=0-1', null],
  ['§14.2', 'bytes', null],
  ['§14.2', 'bytes:0-1', null],
  ['§14.2', 'bytes 0-1', null],
  ['§14.2', 'bytes==0-1', null],
  ['§14.2', '=0-1', null],
  ['§14.2', '0-1', null],
  ['§14.2', '', null],
  ['§5.3: two fields joined into one', 'bytes=0-1, bytes=2-3', null],
]

describe('parseRange', () => {
  it.each(PARSED)('%s: %j', (_section, value, specs) => {
    expect(parseRange(value)).toEqual(specs)
  })

  it('says of all 32 spellings of the unit the same', () => {
    const spellings = Array.from({ length: 32 }, (_, bits) =>
      [...'bytes'].map((c, i) => ((bits >> i) & 1 ? c.toUpperCase() : c)).join(''),
    )
    expect(new Set(spellings).size).toBe(32)
    expect(spellings.map((unit) => parseRange(`${unit}=3-4`))).toEqual(
      spellings.map(() => [int(3, 4)]),
    )
  })

  it('agrees with the grammar on every string of up to 6 characters', () => {
    const differing: string[] = []
    for (const set of strings('02-, x', 6)) {
      const value = `bytes=${set}`
      const ours = JSON.stringify(parseRange(value))
      if (ours !== JSON.stringify(parseByGrammar(value))) differing.push(value)
    }
    expect(differing).toEqual([])
  })

  it('agrees with the grammar on every string of up to 5 odd characters', () => {
    const differing: string[] = []
    for (const set of strings('19-,\t.+\n', 5)) {
      const value = `bytes=${set}`
      const ours = JSON.stringify(parseRange(value))
      if (ours !== JSON.stringify(parseByGrammar(value))) differing.push(value)
    }
    expect(differing).toEqual([])
  })

  it('gives up a set of more ranges than are worth having, satisfiable or not', () => {
    expect(parseRange('bytes=0-0,1-1,9-', 3)).toEqual([int(0, 0), int(1, 1), open(9)])
    expect(parseRange('bytes=0-0,1-1,9-', 2)).toBe(null)
    expect(parseRange('bytes=0-0,1-1,,,,', 2)).toEqual([int(0, 0), int(1, 1)])
  })

  it('reads what it would print', () => {
    fc.assert(
      fc.property(anySpelling, ({ specs, value }) => {
        expect(parseRange(value)).toEqual(specs)
      }),
      { numRuns: 200 },
    )
  })

  it('never throws, and gives what the grammar says', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), noise), (text) => {
        const value = `bytes=${text}`
        expect(capped(parseRange(value))).toEqual(capped(parseByGrammar(value)))
        expect(capped(parseRange(text))).toEqual(capped(parseByGrammar(text)))
      }),
      { numRuns: 300 },
    )
  })

  const HOSTILE: [what: string, make: (length: number) => string][] = [
    ['commas', (n) => ','.repeat(n)],
    ['spaces, then rubbish', (n) => `${' '.repeat(n)}x`],
    ['commas and spaces', (n) => ', '.repeat(n / 2)],
    ['the smallest ranges', (n) => '0-0,'.repeat(n / 4)],
    ['overlapping open ranges', (n) => '0-,'.repeat(n / 3)],
    ['suffixes', (n) => '-1,'.repeat(n / 3)],
    ['one long number', (n) => `${'9'.repeat(n)}-`],
    ['one long suffix', (n) => `-${'9'.repeat(n)}`],
    ['two long numbers', (n) => `${'9'.repeat(n / 2)}-${'9'.repeat(n / 2)}`],
    ['zeros', (n) => `${'0'.repeat(n)}-1`],
    ['many long numbers', (n) => `${'9'.repeat(400)}-${'9'.repeat(400)},`.repeat(n / 802)],
    ['hyphens', (n) => '-'.repeat(n)],
    ['spaced ranges, then rubbish', (n) => `${'0-0 , '.repeat(n / 6)}x`],
  ]
  it.each(HOSTILE)('takes time linear in the length of %s', (_what, make) => {
    expect(growth((n) => `bytes=${make(n)}`, parseRange)).toBeLessThan(QUADRATIC)
  })
})

describe('resolveRange', () => {
  const RESOLVED: [section: string, spec: RangeSpec, size: number, range: ByteRange | null][] = [
    ['§14.1.2: the first 500 bytes', int(0, 499), 10_000, { start: 0, end: 500 }],
    ['§14.1.2: the second 500 bytes', int(500, 999), 10_000, { start: 500, end: 1000 }],
    ['§14.1.2: the final 500 bytes', suffix(500), 10_000, { start: 9500, end: 10_000 }],
    ['§14.1.2: the same', open(9500), 10_000, { start: 9500, end: 10_000 }],
    ['§14.1.2: last-pos beyond the end', int(500, 999), 800, { start: 500, end: 800 }],
    ['§14.1.2: a suffix longer than all', suffix(1000), 800, { start: 0, end: 800 }],
    ['§14.1.2: first-pos at the end', open(800), 800, null],
    ['§14.1.2: first-pos beyond the end', int(801, 900), 800, null],
    ['§14.1.2: the last byte', int(799, 799), 800, { start: 799, end: 800 }],
    ['§14.1.2: a suffix of no bytes', suffix(0), 800, null],
    ['§14.1.2: nothing of nothing', suffix(1), 0, null],
    ['§14.1.2: nothing of nothing', open(0), 0, null],
    ['beyond 2^32', open(2 ** 32), 2 ** 40, { start: 2 ** 32, end: 2 ** 40 }],
    ['at 2^53', open(2 ** 53 - 2), 2 ** 53 - 1, { start: 2 ** 53 - 2, end: 2 ** 53 - 1 }],
    ['beyond doubles', int(1, Infinity), 2, { start: 1, end: 2 }],
    ['beyond doubles', suffix(Infinity), 2, { start: 0, end: 2 }],
    ['beyond doubles', int(Infinity, Infinity), 2, null],
  ]
  it.each(RESOLVED)('%s: %j of %i', (_section, spec, size, range) => {
    expect(resolveRange(spec, size)).toEqual(range)
  })

  it('selects what a plain array would, for all ranges of all sizes up to 6', () => {
    const specs: RangeSpec[] = []
    for (let first = 0; first <= 8; first++) {
      specs.push(open(first), suffix(first))
      for (let last = first; last <= 8; last++) specs.push(int(first, last))
    }
    for (let size = 0; size <= 6; size++) {
      const selected = specs.map((spec) => [spec, size, bytesOf(resolveRange(spec, size))])
      expect(selected).toEqual(specs.map((spec) => [spec, size, select(spec, size)]))
    }
  })
})

describe('contentRange', () => {
  it.each([
    // §14.4's examples
    [1234, { start: 42, end: 1234 }, 'bytes 42-1233/1234'],
    [1234, { start: 0, end: 500 }, 'bytes 0-499/1234'],
    [1234, { start: 734, end: 1234 }, 'bytes 734-1233/1234'],
    [1234, undefined, 'bytes */1234'],
    [0, undefined, 'bytes */0'],
    [2 ** 53 - 1, { start: 0, end: 1 }, 'bytes 0-0/9007199254740991'],
  ])('§14.4: %i %j', (size, range, value) => {
    expect(contentRange(size, range)).toBe(value)
  })
})

describe('lengthOf', () => {
  it.each([
    [[], 0],
    [[{ start: 3, end: 10 }], 7],
    [[new Uint8Array(4), { start: 0, end: 1 }, new Uint8Array(0)], 5],
  ])('%j', (pieces, length) => {
    expect(lengthOf(pieces)).toBe(length)
  })
})

/**
 * The grammar of §14.1.1 and §5.6.1.2 as a regular expression, and §14.1.1's rule on order in
 * integers of any length. White space directly behind `=` is beyond the grammar, but the RFC's own
 * examples have it (§14.1.2).
 */
function parseByGrammar(value: string): RangeSpec[] | null {
  if (!GRAMMAR.test(value)) return null
  const specs: RangeSpec[] = []
  for (const [, first = '', last = ''] of value.matchAll(/([0-9]*)-([0-9]*)/g)) {
    if (first !== '' && last !== '' && BigInt(last) < BigInt(first)) return null
    if (first === '') specs.push(suffix(Number(last)))
    else specs.push(int(Number(first), last === '' ? Infinity : Number(last)))
  }
  return specs
}

const SPEC = '(?:[0-9]+-[0-9]*|-[0-9]+)'
const SET = `[ \\t,]*${SPEC}(?:[ \\t]*,[ \\t,]*${SPEC})*[ \\t,]*`
const GRAMMAR = new RegExp(`^[bB][yY][tT][eE][sS]=${SET}$`)

/** Beyond 2^53, where no file reaches, one number is as good as another. */
function capped(specs: RangeSpec[] | null): unknown {
  return specs?.map((spec) => Object.values(spec).map((position) => Math.min(position, 2 ** 53)))
}

/** The positions that a range selects, one by one. */
function select(spec: RangeSpec, size: number): number[] {
  const all = Array.from({ length: size }, (_, position) => position)
  return all.filter((position) =>
    'firstPos' in spec
      ? position >= spec.firstPos && position <= spec.lastPos
      : position >= size - spec.suffixLength,
  )
}

function bytesOf(range: ByteRange | null): number[] {
  if (range === null) return []
  return Array.from({ length: range.end - range.start }, (_, i) => range.start + i)
}

const position = fc.oneof(fc.nat(20), fc.maxSafeNat())
const anySpec: fc.Arbitrary<RangeSpec> = fc.oneof(
  fc.tuple(position, position).map(([a, b]) => int(Math.min(a, b), Math.max(a, b))),
  position.map(open),
  position.map(suffix),
)
const ows = fc.string({ unit: fc.constantFrom(' ', '\t'), maxLength: 3 })
const noise = fc.string({ unit: fc.constantFrom(...'0123456789-,, \t'), maxLength: 30 })

/** A range set, and one of the ways to write it. */
const anySpelling = fc
  .tuple(
    fc.constantFrom('bytes', 'Bytes', 'BYTES'),
    fc.array(fc.tuple(anySpec, fc.nat(3), ows, ows, fc.nat(2)), { minLength: 1, maxLength: 20 }),
  )
  .map(([unit, members]) => {
    const specs = members.map(([spec]) => spec)
    const elements = members.map(([spec, zeros, before, after, empties]) => {
      const element = `${before}${print(spec, '0'.repeat(zeros))}${after}`
      return `${`${after},`.repeat(empties)}${element}`
    })
    return { specs, value: `${unit}=${elements.join(',')}` }
  })

function print(spec: RangeSpec, zeros: string): string {
  if ('suffixLength' in spec) return `-${zeros}${spec.suffixLength}`
  return `${zeros}${spec.firstPos}-${spec.lastPos === Infinity ? '' : zeros + spec.lastPos}`
}
