import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, type Part } from '../adapters/concat.ts'
import { LengthMismatchError, SourceChangedError } from '../src/errors.ts'
import { readBytes } from '../src/reader.ts'
import { serveFile } from '../src/serve.ts'
import { countingSource, type Deviation, someBytes, streamOf } from './support/counting-source.ts'
import { countingPart, notClosedOnce } from './support/parts.ts'
import { readerOf } from './support/reader.ts'
import { expectNoUnhandledRejections } from './support/unhandled.ts'
import { settle, until } from './support/wait.ts'

expectNoUnhandledRejections()

/** How a part gives its bytes. */
const READS: Record<string, NonNullable<Deviation['read']>> = {
  arrays: (asked) => asked,
  'few bytes': (asked) => asked.subarray(0, 7),
  streams: (asked) => streamOf(asked, 11),
  'streams, later': async (asked) => streamOf(asked, 1000),
}

function readingAs(way: string): Deviation {
  const read = READS[way]
  return read === undefined ? {} : { read }
}

const get = (headers: Record<string, string> = {}) => new Request('http://localhost/', { headers })

describe('concat', () => {
  const part = fc.record({
    bytes: fc.uint8Array({ maxLength: 40 }),
    read: fc.constantFrom(...Object.keys(READS)),
    isOpen: fc.boolean(),
  })
  const range = fc.tuple(fc.nat(), fc.nat())

  it('has any range of any parts, and closes what it opened', async () => {
    const made = fc.record({ parts: fc.array(part, { maxLength: 6 }), ranges: fc.array(range) })
    await fc.assert(
      fc.asyncProperty(made, async ({ parts, ranges }) => {
        const whole = Buffer.concat(parts.map(({ bytes }) => bytes))
        const lazy = parts.map(({ bytes, read }) => countingPart(bytes, readingAs(read)))
        const given = lazy.map((each, i) => (parts[i]?.isOpen ? each.open() : each) as Part)
        const joined = await concat(given)
        expect(joined.size).toBe(whole.length)
        for (const [a, b] of ranges) {
          const [start, end] = [a % (whole.length + 1), b % (whole.length + 1)].sort(
            (x, y) => x - y,
          )
          const bytes = await readBytes(joined, start ?? 0, end ?? 0)
          expect(Buffer.compare(bytes, whole.subarray(start, end))).toBe(0)
        }
        await joined.close?.()
        expect(notClosedOnce(lazy)).toEqual([])
      }),
    )
  })

  it.each(Object.keys(READS))('has ranges that are read at the same time, of %s', async (read) => {
    const parts = [300, 1, 0, 500].map((length, i) =>
      countingPart(someBytes(length, i), readingAs(read)),
    )
    const whole = Buffer.concat(parts.map((_, i) => someBytes([300, 1, 0, 500][i] ?? 0, i)))
    const joined = await concat(parts)
    const ranges = Array.from({ length: 60 }, (_, i) => [i * 13, i * 13 + 30] as const)
    const bytes = await Promise.all(ranges.map(([start, end]) => readBytes(joined, start, end)))
    const same = bytes.map((each, i) => whole.subarray(...(ranges[i] ?? [0, 0])).equals(each))
    expect(same).toEqual(ranges.map(() => true))
    await joined.close?.()
    expect(notClosedOnce(parts)).toEqual([])
  })

  it('opens what is read, and keeps one open', async () => {
    const parts = [1, 2, 3, 4].map((seed) => countingPart(someBytes(100, seed)))
    const joined = await concat(parts)
    const states: number[][] = []
    const look = () => {
      states.push(parts.map(({ opened }) => opened.filter(({ closes }) => closes === 0).length))
    }
    for (const start of [150, 160, 350, 0]) {
      await readBytes(joined, start, start + 10)
      await settle()
      look()
    }
    await joined.close?.()
    look()
    expect(states).toEqual([
      [0, 1, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 0, 1],
      [1, 0, 0, 0],
      [0, 0, 0, 0],
    ])
    expect(parts.map(({ opened }) => opened.length)).toEqual([1, 1, 0, 1])
  })

  it('reads of its parts only what is asked for', async () => {
    const parts = [1, 2, 3].map((seed) => countingPart(someBytes(1000, seed)))
    await readBytes(await concat(parts), 990, 2005)
    const reads = parts.map(({ opened }) => opened.flatMap((source) => source.reads))
    expect(reads).toEqual([[[990, 1000]], [[0, 1000]], [[0, 5]]])
  })

  it('leaves a part that is read open until it was read', async () => {
    let give: (bytes: Uint8Array) => void = () => {}
    const read = () => new Promise<Uint8Array>((resolve) => (give = resolve))
    const slow = countingPart(someBytes(100), { read })
    const joined = await concat([slow, countingPart(someBytes(100))])
    const reading = readBytes(joined, 0, 10)
    await readBytes(joined, 100, 110)
    expect(slow.opened[0]?.closes).toBe(0)
    give(someBytes(10))
    expect(Buffer.compare(await reading, someBytes(10))).toBe(0)
    await until(() => slow.opened[0]?.closes === 1)
  })
})

describe('what concat says', () => {
  const bytes = someBytes(10)

  it.each([
    ['strong tags', ['"a"', '"b"'], /^"[\da-f]{32}"$/],
    ['a weak one', ['"a"', 'W/"b"'], /^W\/"[\da-f]{32}"$/],
  ])('is a tag, of %s', async (_what, tags, expected) => {
    const tagOf = async (etags: string[]) => {
      return (await concat(etags.map((etag) => countingPart(bytes, { etag })))).etag
    }
    const tag = await tagOf(tags)
    expect(tag).toMatch(expected)
    expect(await tagOf(tags)).toBe(tag)
    expect(await tagOf([...tags].reverse())).not.toBe(tag)
    expect(await tagOf([...tags, '"c"'])).not.toBe(tag)
  })

  it('is no tag, if a part has none', async () => {
    const untagged = { size: 10, read: () => bytes }
    expect((await concat([countingPart(bytes), untagged])).etag).toBe(undefined)
  })

  it('depends on where its parts end', async () => {
    const tagOf = async (...sizes: number[]) => {
      return (await concat(sizes.map((size) => countingPart(someBytes(size))))).etag
    }
    expect(await tagOf(1, 3)).not.toBe(await tagOf(3, 1))
  })

  it.each([
    ['the type of all parts', ['a/b', 'a/b'], undefined, 'a/b'],
    ['no type, if they differ', ['a/b', 'c/d'], undefined, undefined],
    ['what it is told', ['a/b', 'c/d'], 'e/f', 'e/f'],
  ])('is %s', async (_what, types, type, expected) => {
    const parts = types.map((each) => countingSource(bytes, { type: each }))
    expect((await concat(parts, { type })).type).toBe(expected)
  })

  it('is what it is told, and no date that it is not', async () => {
    const lastModified = new Date(0)
    const headers = { 'cache-control': 'no-cache' }
    const told = { type: 'a/b', etag: '"own"', lastModified, headers }
    expect(await concat([countingPart(bytes, { lastModified })], told)).toMatchObject(told)
    expect((await concat([countingPart(bytes, { lastModified })])).lastModified).toBe(undefined)
  })
})

describe('a part of which only the size is said', () => {
  const bytes = someBytes(1000)
  const open = () => countingSource(bytes, { etag: '"a"', lastModified: new Date(0) })

  it.each([
    ['nothing else', { size: 1000, open }],
    ['a weak tag', { size: 1000, etag: 'W/"a"', open }],
  ])('is any version of that size: %s', async (_what, part) => {
    expect(Buffer.from(await readBytes(await concat([part, part]), 500, 1500))).toEqual(
      Buffer.concat([bytes.subarray(500), bytes.subarray(0, 500)]),
    )
  })
})

describe('concat breaks off', () => {
  const [first, second] = [someBytes(600_000, 1), someBytes(600_000, 2)]
  const yesterday = new Date(0)

  it.each<[what: string, broken: Part, error: unknown]>([
    ['is gone', { size: 600_000, etag: '"a"', open: () => null }, SourceChangedError],
    ['has another size', part(second, { size: 599_999 }), SourceChangedError],
    ['has another tag', { ...part(second), etag: '"b"' }, SourceChangedError],
    [
      'has no tag any more',
      { ...part(second, { etag: undefined }), etag: '"b"' },
      SourceChangedError,
    ],
    [
      'has another date, without a strong tag',
      weak(second, { lastModified: yesterday }),
      SourceChangedError,
    ],
    ['has another weak tag', weak(second, { etag: 'W/"b"' }), SourceChangedError],
    ['can not be opened', { size: 600_000, open: () => Promise.reject(new Error('EIO')) }, Error],
    ['throws at once', { size: 600_000, open: () => never() }, Error],
    ['can not be read', part(second, { read: () => Promise.reject(new Error('EIO')) }), Error],
    ['ends early', part(second, { read: (asked) => asked.subarray(0, 0) }), LengthMismatchError],
    [
      'has a stream that ends early',
      part(second, { read: (asked) => streamOf(asked.subarray(0, -1), 9e9) }),
      LengthMismatchError,
    ],
    [
      'has a stream that goes on',
      part(second, { read: (asked) => streamOf(Buffer.concat([asked, asked]), 9e9) }),
      LengthMismatchError,
    ],
    [
      'gives more than was asked for',
      part(second, { read: () => someBytes(600_001) }),
      LengthMismatchError,
    ],
  ])('where a part %s', async (_what, broken, error) => {
    const [before, after] = [countingPart(first), countingPart(first)]
    const errors: unknown[] = []
    const response = await serveFile(get(), await concat([before, broken, after]), {
      onError: (each) => void errors.push(each),
    })
    const received: Uint8Array[] = []
    const body = readerOf(response)
    await expect(
      (async () => {
        for (let next = await body.read(); !next.done; next = await body.read()) {
          received.push(next.value)
        }
      })(),
    ).rejects.toThrow()
    const whole = Buffer.concat([first, second])
    const bytes = Buffer.concat(received)
    expect(bytes.length).toBeGreaterThanOrEqual(first.length)
    expect(whole.subarray(0, bytes.length).equals(bytes)).toBe(true)
    expect(errors).toEqual([expect.any(error)])
    await until(() => notClosedOnce([before, after]).length === 0)
  })

  function part(bytes: Uint8Array, deviation: Deviation = {}): ReturnType<typeof countingPart> {
    return { ...countingPart(bytes, deviation), size: bytes.length }
  }

  function weak(bytes: Uint8Array, deviation: Deviation): Part {
    return {
      ...part(bytes, { etag: 'W/"a"', ...deviation }),
      etag: 'W/"a"',
      lastModified: new Date(1),
    }
  }

  it('but not where a weak tag has become strong', async () => {
    const young = { ...countingPart(second, { etag: '"a"' }), etag: 'W/"a-new"' }
    const joined = await concat([countingPart(first), young])
    expect((await readBytes(joined, 600_000, 600_010)).length).toBe(10)
  })
})

describe('concat closes all that is open, once,', () => {
  const bytes = someBytes(600_000)

  it.each<[when: string, deviation: Deviation]>([
    ['after a hang-up', {}],
    ['after a hang-up, streams', { read: (asked) => streamOf(asked, 70_000) }],
  ])('%s', async (_when, deviation) => {
    const parts = [countingPart(bytes, deviation), countingPart(bytes, deviation)]
    const open = countingSource(bytes)
    for (const chunks of [0, 1, 9, 12]) {
      const response = await serveFile(get(), await concat([...parts]))
      const body = readerOf(response)
      for (let i = 0; i < chunks; i++) await body.read()
      await body.cancel()
    }
    await until(() => notClosedOnce(parts).length === 0)
    const response = await serveFile(get(), await concat([...parts, open]))
    await response.body?.cancel()
    await until(() => open.closes === 1 && notClosedOnce(parts).length === 0)
  })

  it('when a part that is being opened comes after the hang-up', async () => {
    const late = countingPart(bytes)
    let come: () => void = () => {}
    const coming = new Promise<void>((resolve) => (come = resolve))
    let isOpening = false
    const open = () => {
      isOpening = true
      return coming.then(() => late.open())
    }
    const slow: Part = { size: late.size, etag: '"a"', open }
    const joined = await concat([countingPart(bytes), slow])
    const body = readerOf(await serveFile(get(), joined))
    for (let read = 0; read < bytes.length; ) read += (await body.read()).value?.length ?? 0
    const last = body.read()
    await until(() => isOpening)
    await body.cancel()
    await last
    come()
    await until(() => late.opened.length === 1 && late.opened[0]?.closes === 1)
  })

  it('when it is refused', async () => {
    const open = countingSource(bytes)
    const other = countingSource(bytes, { size: -1 })
    await expect(concat([open, other])).rejects.toThrow(RangeError)
    expect([open.closes, other.closes]).toEqual([1, 1])
  })

  it('a source that is several of the parts', async () => {
    const [open, other] = [countingSource(bytes), countingSource(bytes)]
    const joined = await concat([open, other, open])
    await joined.close?.()
    await expect(concat([other, other, { size: -1, open: () => null }])).rejects.toThrow(RangeError)
    expect([open.closes, other.closes]).toEqual([1, 2])
  })

  it('and says what closing threw', async () => {
    const broken = countingPart(bytes, { close: () => Promise.reject(new Error('EIO')) })
    const other = countingPart(bytes)
    const joined = await concat([broken, other])
    await readBytes(joined, 0, 600_001)
    await expect(joined.close?.()).rejects.toThrow('EIO')
    expect(notClosedOnce([broken, other])).toEqual([])
    await expect(readBytes(joined, 0, 1)).rejects.toThrow('closed')
  })
})

describe('concat refuses', () => {
  it.each<[what: string, part: unknown, error: unknown]>([
    ['a size that is none', { size: 1.5, open: () => null }, RangeError],
    ['sizes beyond 2^53', { size: Number.MAX_SAFE_INTEGER, open: () => null }, RangeError],
    ['what can not be opened', { size: 1, open: 1 }, TypeError],
    ['what can not be read', { size: 1 }, TypeError],
    ['a file that is not there', null, TypeError],
    ['nothing', undefined, TypeError],
    ['a path', 'film.001', TypeError],
  ])('%s, and closes the others', async (_what, part, error) => {
    const [first, last] = [countingSource(someBytes(9)), countingSource(someBytes(9))]
    await expect(concat([first, part as Part, last])).rejects.toThrow(error as Error)
    expect([first.closes, last.closes]).toEqual([1, 1])
  })

  it('a part by its place', async () => {
    const message = 'Expected part 2 to be a file or to have open(), got null'
    await expect(concat([countingSource(someBytes(9)), null as never])).rejects.toThrow(message)
  })

  it('fields that can not be sent', async () => {
    const headers = { 'x-name': 'a\u0001' }
    await expect(concat([], { headers })).rejects.toThrow(TypeError)
  })
})

function never(): never {
  throw new Error('EIO')
}
