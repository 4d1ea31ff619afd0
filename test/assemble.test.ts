import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readAnswer } from '../src/assemble.ts'
import { serveFile } from '../src/index.ts'
import { countingSource, someBytes, streamOf } from './support/counting-source.ts'
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
    const ranges = Array.from({ length: 1000 }, (_, i) => ({ start: i, end: i + 1 }))
    const pieces = ranges.flatMap((range) => [file.subarray(0, 99), range])
    const reader = readAnswer({ status: 206, headers: {}, pieces }, countingSource(file))
    const lengths: number[] = []
    while (reader.sent < reader.length) lengths.push((await reader.next())?.length ?? 0)
    expect(lengths).toEqual([65_500, 34_500])
  })

  const long = 'bytes=0-99999, 200000-299999'
  const request = () => new Request('http://localhost/', { headers: { host: 'x', range: long } })

  it('are read before the head is sent, however long the first is', async () => {
    const source = countingSource(file, { read: () => Promise.reject(new Error('EIO')) })
    const { status } = await serveFile(request(), source, { onError: () => {} })
    expect({ status, reads: source.reads, closes: source.closes }).toEqual({
      status: 503,
      reads: [[0, 100_000]],
      closes: 1,
    })
  })

  it('are not read on after a hang-up', async () => {
    let cancels = 0
    const read = (bytes: Uint8Array) => streamOf(bytes, 1000, () => void cancels++)
    const source = countingSource(file, { read })
    const body = (await serveFile(request(), source)).body?.getReader()
    await body?.read()
    await body?.cancel()
    expect({ cancels, closes: source.closes }).toEqual({ cancels: 1, closes: 1 })
  })
})
