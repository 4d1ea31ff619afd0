import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { serveFile } from '../src/index.ts'
import { readBody } from '../src/reader.ts'
import { countingSource, someBytes } from './support/counting-source.ts'
import { parseMultipart } from './support/multipart.ts'

const KIB = 1024
const file = someBytes(1000 * KIB, 3)

/** What of the file comes back, by a request for these ranges; and how it was read. */
async function ask(ranges: readonly (readonly [start: number, end: number])[]) {
  const source = countingSource(file)
  const range = `bytes=${ranges.map(([start, end]) => `${start}-${end - 1}`)}`
  const request = new Request('http://localhost/', { headers: { host: 'localhost', range } })
  const response = await serveFile(request, source)
  const parts = parseMultipart(response.headers.get('content-type') ?? '', await response.bytes())
  return { parts: parts.map(({ bytes }) => Buffer.from(bytes)), reads: source.reads }
}

/** Comparing arrays of 90 KiB element by element would take minutes. */
function areThese(parts: readonly Buffer[], ranges: readonly (readonly [number, number])[]) {
  const expected = ranges.map(([start, end]) => file.subarray(start, end))
  return (
    parts.length === ranges.length && parts.every((bytes, i) => bytes.equals(expected[i] ?? bytes))
  )
}

const bytesEvery = (gap: number) =>
  Array.from({ length: 1000 }, (_, i) => [i * gap, i * gap + 1] as const)

describe('ranges of one request', () => {
  it('that lie close together are read at once, 1000 of them', async () => {
    const ranges = bytesEvery(64)
    const { parts, reads } = await ask(ranges)
    expect(reads).toEqual([[0, 999 * 64 + 1]])
    expect(areThese(parts, ranges)).toBe(true)
  })

  it('are read 64 KiB at a time, in any order', async () => {
    const ranges = bytesEvery(1000)
    const near = await ask(ranges)
    expect(near.reads.length).toBe(16)
    expect(areThese(near.parts, ranges)).toBe(true)
    const reversed = await ask(ranges.toReversed())
    expect(reversed.reads.length).toBe(16)
    expect(areThese(reversed.parts, ranges.toReversed())).toBe(true)
  })

  it('are read one by one, nothing between them, where they lie far apart', async () => {
    const ranges = [0, 100, 200, 300].map((at) => [at * KIB, at * KIB + 9] as const)
    const { parts, reads } = await ask(ranges)
    expect(reads).toEqual(ranges)
    expect(areThese(parts, ranges)).toBe(true)
  })

  it('are the right bytes, however they lie', async () => {
    const range = fc.tuple(
      fc.nat(999 * KIB),
      fc.oneof(fc.nat(20), fc.nat(5 * KIB), fc.nat(90 * KIB)),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(range, { minLength: 2, maxLength: 10 }), async (given) => {
        const ranges = given.map(([start, length]) => {
          return [start, Math.min(file.length, start + length + 1)] as const
        })
        const { parts } = await ask(ranges)
        expect(areThese(parts, ranges)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it('are sent together with what comes between them', async () => {
    const reader = readBody(
      countingSource(file),
      Array.from({ length: 1000 }, (_, i) => ({ start: i, end: i + 1 })),
    )
    expect(await reader.next()).toEqual(file.subarray(0, 1000))
    expect(await reader.next()).toBe(null)
    expect(reader.sent).toBe(1000)
  })
})
