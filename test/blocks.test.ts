import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Blocks } from '../adapters/made/cache/blocks.ts'

/** Blocks of one byte each, by keys of one letter: kept, then asked for. */
function blocksAfter(limit: number, kept: string, asked = ''): Blocks {
  const blocks = new Blocks(limit)
  for (const key of kept) blocks.keep(key, new Uint8Array(1))
  for (const key of asked) blocks.get(key)
  return blocks
}

function keysIn(blocks: Blocks): string {
  return [...'abcdefghijklmnop'].filter((key) => blocks.has(key)).join('')
}

describe('blocks in memory', () => {
  it.each<[string, number, kept: string, asked: string, then: string, left: string]>([
    ['the oldest go first', 4, 'abcd', '', 'ef', 'cdef'],
    ['what was asked for again stays', 4, 'abcd', 'ab', 'efgh', 'abgh'],
    ['a download passes through what is on probation', 8, 'abcdef', 'abcdef', 'ghijkl', 'abcdefkl'],
    [
      'of the proven, only the oldest is on probation again',
      8,
      'abcdefg',
      'abcdefg',
      'hijk',
      'bcdefgjk',
    ],
    [
      'asking again makes it the latest of the proven',
      8,
      'abcdefg',
      'bcdefgabcdefga',
      'hi',
      'acdefghi',
    ],
    ['what is all proven makes room as well', 1, 'a', 'aa', 'b', 'b'],
    ['a block is kept once', 3, 'abab', '', 'abc', 'abc'],
  ])('%s', (_what, limit, kept, asked, then, left) => {
    const blocks = blocksAfter(limit, kept, asked)
    for (const key of then) blocks.keep(key, new Uint8Array(1))
    expect([keysIn(blocks), blocks.bytes]).toEqual([left, left.length])
  })

  it('count no proven block that is gone', () => {
    const blocks = new Blocks(4)
    blocks.keep('a', new Uint8Array(3))
    blocks.get('a')
    for (const key of 'bcd') {
      blocks.keep(key, new Uint8Array(2))
      if (key === 'b') blocks.get(key)
    }
    expect(keysIn(blocks)).toBe('bd')
  })

  it('take little besides, however long the keys are that a client makes', () => {
    const blocks = new Blocks(8 * 1024 * 1024)
    const keys = Array.from({ length: 500 }, (_, i) => `${i}`.padEnd(15_000, 'x'))
    for (const key of keys) {
      blocks.keep(key, new Uint8Array(1))
      blocks.get(key)
    }
    const kept = keys.filter((key) => blocks.has(key))
    // Of 2 MiB, at 2 bytes for a letter.
    expect([kept.length, kept.at(-1)]).toEqual([69, keys.at(-1)])
    expect(blocks.bytes).toBe(69)
    blocks.keep('x'.repeat(2_000_000), new Uint8Array(1))
    expect(blocks.bytes).toBe(69)
  })

  it('hold what they were given, and never more bytes than the limit', () => {
    const key = fc.constantFrom(...'abcdefghijklmnop')
    const step = fc.record({ key, length: fc.nat(20), isKept: fc.boolean() })
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 100 }), fc.array(step), (limit, steps) => {
        const blocks = new Blocks(limit)
        const given = new Map<string, Uint8Array>()
        for (const { key, length, isKept } of steps) {
          const known = blocks.get(key)
          if (known !== undefined) expect(known).toBe(given.get(key))
          else if (isKept) {
            const bytes = new Uint8Array(length)
            given.set(key, bytes)
            blocks.keep(key, bytes)
            expect(blocks.has(key)).toBe(true)
          }
          const held = [...keysIn(blocks)].map((each) => given.get(each)?.length ?? 0)
          expect(blocks.bytes).toBe(held.reduce((sum, length) => sum + length, 0))
          expect(blocks.bytes).toBeLessThanOrEqual(limit)
        }
      }),
    )
  })
})
