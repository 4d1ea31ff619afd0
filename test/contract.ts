/*
 * What every adapter has to do, whatever its bytes come from. To run it on a new one, say how a
 * file is put where the adapter finds it, and what may happen to it there:
 *
 *   describeSource('redisFile', {
 *     async make(bytes) {
 *       await redis.set('file', bytes)
 *       return { open: () => redisFile(redis, 'file') }
 *     },
 *     openMissing: () => redisFile(redis, 'nothing'),
 *   })
 *
 * Tests of what it does not say, such as how handles are counted, are reported as skipped. For files
 * of the local file system, `localFiles` (support/local-files.ts) says it.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { serveFile } from '../src/serve.ts'
import type { FileSource } from '../src/source.ts'
import { someBytes } from './support/counting-source.ts'
import { parseMultipart } from './support/multipart.ts'
import { readerOf } from './support/reader.ts'
import { expectNoUnhandledRejections } from './support/unhandled.ts'
import { until } from './support/wait.ts'

/** What a body under way may become: all of the version announced, or broken, or either. */
export type Outcome = 'whole' | 'broken' | 'either'

/** Something that happens to a file while it is served. */
export interface Change<S> {
  apply(stored: S): void | Promise<void>
  readonly outcome: Outcome
}

/** A file where the adapter finds it. */
export interface Stored {
  /** The file as a source, opened for this request. */
  open(request: Request): FileSource | null | Promise<FileSource | null>
}

export interface Platform<S extends Stored = Stored> {
  /** Whether to put one costs so much that the tests that only read share a large one. */
  readonly isFar?: boolean
  /** Puts a file with these bytes in place, old enough for its validators to be strong. */
  make(bytes: Uint8Array<ArrayBuffer>): S | Promise<S>
  /** Opens what is not there; left out where that can't be asked. */
  openMissing?(request: Request): FileSource | null | Promise<FileSource | null>
  /** Opens a directory, likewise. */
  openDirectory?(request: Request): FileSource | null | Promise<FileSource | null>
  /** What may happen to a file, by what has become of it: `cut to half`. */
  readonly changes?: Readonly<Record<string, Change<S>>>
  /** How many handles are open to a file, where that can be known. */
  openHandles?(stored: S): number
}

/** Larger than what any adapter reads at once, so that something is left to change. */
const LARGE = 3 * 1024 * 1024 + 7
const large = someBytes(LARGE)
const small = someBytes(1000)

export function describeSource<S extends Stored>(name: string, platform: Platform<S>): void {
  const { isFar, openMissing, openDirectory, openHandles, changes = {} } = platform
  describe(`${name} keeps the contract of a source`, () => {
    expectNoUnhandledRejections()
    let shared: Promise<S> | undefined
    /** A large file that is only read. */
    const putLarge = async (): Promise<S> => {
      if (!isFar) return platform.make(large)
      shared ??= Promise.resolve(platform.make(large))
      return shared
    }

    it('gives the whole file, of the size that it says', async () => {
      for (const [bytes, stored] of [
        [small, await platform.make(small)],
        [large, await putLarge()],
      ] as const) {
        const response = await serve(stored)
        const length = response.headers.get('content-length')
        const same = Buffer.compare(await response.bytes(), bytes) === 0
        expect({ status: response.status, length, same }).toEqual({
          status: 200,
          length: String(bytes.length),
          same: true,
        })
      }
    })

    const RANGES: [what: string, value: string, start: number, end: number][] = [
      ['the first byte', '0-0', 0, 1],
      ['the last byte', '-1', LARGE - 1, LARGE],
      ['the middle', '1000000-1000999', 1_000_000, 1_001_000],
      ['more than a chunk', '5-2999999', 5, 3_000_000],
      ['the rest', '3000000-', 3_000_000, LARGE],
      ['all of it', '0-', 0, LARGE],
      ['a suffix longer than it', '-99999999', 0, LARGE],
      ['beyond its end', '3145728-99999999', 3_145_728, LARGE],
    ]
    it.each(RANGES)('gives %s', async (_what, value, start, end) => {
      const response = await serve(await putLarge(), `bytes=${value}`)
      const range = response.headers.get('content-range')
      const same = Buffer.compare(await response.bytes(), large.subarray(start, end)) === 0
      expect({ status: response.status, range, same }).toEqual({
        status: 206,
        range: `bytes ${start}-${end - 1}/${LARGE}`,
        same: true,
      })
    })

    it('gives several ranges, in any order', async () => {
      const response = await serve(await putLarge(), 'bytes=-5,0-9,2000000-2999999')
      const type = response.headers.get('content-type') ?? ''
      const parts = parseMultipart(type, await response.bytes())
      const expected = [large.subarray(-5), large.subarray(0, 10), large.subarray(2e6, 3e6)]
      const same = parts.map(({ bytes }, i) => Buffer.compare(bytes, expected[i] ?? small) === 0)
      expect({ status: response.status, same }).toEqual({ status: 206, same: [true, true, true] })
    })

    it('gives any range of a small file', async () => {
      const stored = await platform.make(small)
      const position = fc.nat(small.length - 1)
      await fc.assert(
        fc.asyncProperty(position, position, async (a, b) => {
          const [start, end] = [Math.min(a, b), Math.max(a, b) + 1]
          const response = await serve(stored, `bytes=${start}-${end - 1}`)
          const same = Buffer.compare(await response.bytes(), small.subarray(start, end)) === 0
          expect({ start, end, same }).toEqual({ start, end, same: true })
        }),
        { numRuns: 40 },
      )
    })

    it('gives ranges that are asked for at once, and read later', async () => {
      const stored = await putLarge()
      const starts = Array.from({ length: 20 }, (_, i) => i * 100_000)
      const ask = (start: number) => serve(stored, `bytes=${start}-${start + 9999}`)
      const responses = await Promise.all(starts.map(ask))
      const bodies = await Promise.all(responses.map((response) => response.bytes()))
      const same = bodies.map((bytes, i) => {
        const start = starts[i] ?? 0
        return Buffer.compare(bytes, large.subarray(start, start + 10_000)) === 0
      })
      expect(same).toEqual(starts.map(() => true))
    })

    it('answers a range beyond the end with the size', async () => {
      const response = await serve(await platform.make(small), 'bytes=1000-')
      const range = response.headers.get('content-range')
      const { length } = await response.bytes()
      expect({ status: response.status, range, length }).toEqual({
        status: 416,
        range: 'bytes */1000',
        length: 0,
      })
    })

    it('gives an empty file, whatever is asked of it', async () => {
      const stored = await platform.make(new Uint8Array(0))
      for (const range of [undefined, 'bytes=0-', 'bytes=-1', 'bytes=0-0,2-']) {
        const response = await serve(stored, range)
        const length = response.headers.get('content-length')
        const body = await response.bytes()
        expect({ status: response.status, length, body }).toEqual({
          status: 200,
          length: '0',
          body: new Uint8Array(0),
        })
      }
    })

    it('says the same of HEAD as of GET', async () => {
      const stored = await putLarge()
      const get = await serve(stored)
      await get.body?.cancel()
      const head = await serve(stored, 'bytes=5-', 'HEAD')
      expect({ status: head.status, body: head.body, headers: [...head.headers] }).toEqual({
        status: 200,
        body: null,
        headers: [...get.headers],
      })
    })

    it('names a version by validators that stay the same', async () => {
      const stored = await platform.make(small)
      const [first, second] = [await serve(stored), await serve(stored)]
      await Promise.all([first.bytes(), second.bytes()])
      expect(second.headers.get('etag')).toBe(first.headers.get('etag'))
      // In its first second, a version has none.
      const date = first.headers.get('last-modified') ?? second.headers.get('last-modified')
      expect(second.headers.get('last-modified')).toBe(date)
    })

    it.runIf(openMissing)('finds nothing where nothing is', async () => {
      expect(await openMissing?.(requestFor())).toBe(null)
    })
    it.runIf(openDirectory)('finds no file in a directory', async () => {
      expect(await openDirectory?.(requestFor())).toBe(null)
    })

    it('gives at least a byte to every read, and never more than asked', async () => {
      const source = await open(await putLarge())
      const ranges: [number, number][] = [
        [0, 1],
        [LARGE - 1, LARGE],
        [0, LARGE],
        [1_500_000, LARGE],
        [3, 1004],
      ]
      // At once, and back and forth: a read has a position of its own.
      const read = await Promise.all(ranges.map(([start, end]) => readAll(source, start, end)))
      const same = read.map((bytes, i) => {
        const [start, end] = ranges[i] ?? [0, 0]
        return Buffer.compare(bytes, large.subarray(start, end)) === 0
      })
      await source.close?.()
      expect(same).toEqual(ranges.map(() => true))
    })

    it('may be given a buffer to read into, again and again', async ({ skip }) => {
      const source = await open(await putLarge())
      const into = new Uint8Array(5000)
      const ranges: [number, number][] = [
        [1000, LARGE],
        [2000, 2010],
        [LARGE - 1, LARGE],
      ]
      const read: unknown[] = []
      for (const [start, end] of ranges) {
        const chunk = await source.read(start, end, into)
        if (!(chunk instanceof Uint8Array)) {
          await chunk.cancel()
          await source.close?.()
          return skip('it gives streams')
        }
        const same = Buffer.compare(chunk, large.subarray(start, start + chunk.length)) === 0
        read.push({ isFilled: chunk.length > 0 && chunk.length <= end - start, same })
      }
      await source.close?.()
      expect(read).toEqual(ranges.map(() => ({ isFilled: true, same: true })))
    })

    it('serves many readers at once, each of its own', async () => {
      const stored = await putLarge()
      const bodies = await Promise.all(
        Array.from({ length: 12 }, async (_, i) => {
          const response = await serve(stored, `bytes=${i * 1000}-`)
          return Buffer.compare(await response.bytes(), large.subarray(i * 1000)) === 0
        }),
      )
      expect(bodies).toEqual(bodies.map(() => true))
    })

    it.for(ENDS)('leaves nothing open: %s', async ([, end], { skip }) => {
      const stored = await putLarge()
      await end(stored)
      if (openHandles === undefined) return skip('its handles can not be counted')
      expect(await handlesLeft(() => openHandles(stored))).toBe(0)
    })

    it.for(Object.entries(changes))('never mixes two versions when %s', async ([, change]) => {
      const stored = await platform.make(large)
      const become = await outcomeOf(await serve(stored), large, () => change.apply(stored))
      const { outcome } = change
      expect(become).toEqual(outcome === 'either' ? expect.stringMatching(EITHER) : outcome)
      // A handle that stays behind an error would be the last of many.
      if (openHandles) expect(await handlesLeft(() => openHandles(stored))).toBe(0)
    })
    if (platform.changes === undefined) it.skip('never mixes two versions: no change is given')
  })
}

/** All ways in which a response ends. */
const ENDS: [way: string, end: (stored: Stored) => unknown][] = [
  ['the whole was read', async (stored) => (await serve(stored)).bytes()],
  ['a part was read', async (stored) => (await serve(stored, 'bytes=0-9')).bytes()],
  ['several were read', async (stored) => (await serve(stored, 'bytes=0-9,20-29')).bytes()],
  ['HEAD', (stored) => serve(stored, undefined, 'HEAD')],
  ['a range beyond the end', (stored) => serve(stored, 'bytes=99999999-')],
  ['POST', (stored) => serve(stored, undefined, 'POST')],
  ['a hang-up before a chunk', async (stored) => (await serve(stored)).body?.cancel()],
  ['a hang-up after a chunk', async (stored) => hangUpAfter(1, await serve(stored))],
  [
    'a hang-up during the second read',
    async (stored) => hangUpAfter(1, await serve(stored), 'while reading'),
  ],
  [
    'a hang-up during a later read',
    async (stored) => hangUpAfter(3, await serve(stored, 'bytes=1-'), 'while reading'),
  ],
  ['it was opened and closed', async (stored) => (await open(stored)).close?.()],
]

/** How many handles stay open when whatever closes them had its time. */
async function handlesLeft(count: () => number): Promise<number> {
  await until(() => count() === 0).catch(() => {})
  return count()
}

const EITHER = /^(?:whole|broken)$/

/** Reads a chunk, lets the change happen, and reads on. */
async function outcomeOf(
  response: Response,
  announced: Uint8Array,
  change: () => void | Promise<void>,
): Promise<string> {
  const reader = readerOf(response)
  const first = await reader.read()
  await change()
  const chunks: Uint8Array[] = []
  try {
    for (let next = first; !next.done; next = await reader.read()) chunks.push(next.value)
  } catch {
    const received = Buffer.concat(chunks)
    const same = Buffer.compare(received, announced.subarray(0, received.length)) === 0
    return same ? 'broken' : 'broken after bytes of another version'
  }
  return Buffer.compare(Buffer.concat(chunks), announced) === 0 ? 'whole' : 'another version'
}

function requestFor(range?: string, method = 'GET'): Request {
  return new Request('http://localhost/file', {
    method,
    headers: range === undefined ? {} : { Range: range },
  })
}

async function serve(stored: Stored, range?: string, method?: string): Promise<Response> {
  const request = requestFor(range, method)
  return serveFile(request, await stored.open(request), { onError: () => {} })
}

async function open(stored: Stored): Promise<FileSource> {
  const source = await stored.open(requestFor())
  if (source === null) throw new Error('Expected a source, got null')
  return source
}

/** All of [start, end), by as many reads as it takes. */
async function readAll(source: FileSource, start: number, end: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for (let at = start; at < end; ) {
    const chunk = await source.read(at, end)
    const bytes = chunk instanceof Uint8Array ? chunk : await new Response(chunk).bytes()
    if (bytes.length === 0 || bytes.length > end - at) {
      throw new Error(`Expected 1 to ${end - at} bytes, got ${bytes.length}`)
    }
    chunks.push(bytes)
    at += bytes.length
  }
  return Buffer.concat(chunks)
}

async function hangUpAfter(
  chunks: number,
  response: Response,
  when?: 'while reading',
): Promise<void> {
  const reader = readerOf(response)
  for (let i = 0; i < chunks; i++) await reader.read()
  const last = when === undefined ? null : reader.read()
  await reader.cancel()
  await last
}
