import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { SourceChangedError } from '../src/errors.ts'
import { BodyReader } from '../src/reader.ts'
import type { ServeOptions } from '../src/respond.ts'
import { fileHandler, serveFile } from '../src/serve.ts'
import type { Served } from '../src/served.ts'
import type { FileSource, NativeRead } from '../src/source.ts'
import { countingSource, type Deviation, someBytes, streamOf } from './support/counting-source.ts'
import { parseMultipart } from './support/multipart.ts'
import { observe } from './support/observe.ts'
import { readerOf } from './support/reader.ts'
import { expectNoUnhandledRejections } from './support/unhandled.ts'
import { settle, until } from './support/wait.ts'

expectNoUnhandledRejections()

const KIB = 1024
const small = someBytes(1000)
const large = someBytes(1000 * KIB)

/** What is left of a response once it was read. */
interface Received {
  status: number
  headers: Record<string, string>
  body: Uint8Array | null
}

async function receive(response: Response): Promise<Received> {
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: response.body === null ? null : await response.bytes(),
  }
}

describe('serveFile', () => {
  const always = {
    'accept-ranges': 'bytes',
    'content-type': 'application/octet-stream',
    'x-content-type-options': 'nosniff',
  }
  const ROWS: [what: string, method: string, fields: Record<string, string>, Received][] = [
    [
      'GET',
      'GET',
      {},
      { status: 200, headers: { ...always, 'content-length': '1000' }, body: small },
    ],
    [
      'HEAD',
      'HEAD',
      {},
      { status: 200, headers: { ...always, 'content-length': '1000' }, body: null },
    ],
    [
      'a range',
      'GET',
      { Range: 'bytes=10-19' },
      {
        status: 206,
        headers: { ...always, 'content-length': '10', 'content-range': 'bytes 10-19/1000' },
        body: small.slice(10, 20),
      },
    ],
    [
      'a range too far',
      'GET',
      { Range: 'bytes=1000-' },
      {
        status: 416,
        headers: { 'content-length': '0', 'content-range': 'bytes */1000' },
        body: null,
      },
    ],
    [
      'POST',
      'POST',
      {},
      {
        status: 405,
        headers: { allow: 'GET, HEAD, OPTIONS', 'content-length': '0' },
        body: null,
      },
    ],
    [
      'OPTIONS',
      'OPTIONS',
      {},
      { status: 204, headers: { allow: 'GET, HEAD, OPTIONS' }, body: null },
    ],
  ]
  it.each(
    ROWS,
  )('writes the answer to %s as a Response', async (_what, method, headers, expected) => {
    const source = countingSource(small)
    const response = await serveFile(request({ method, headers }), source)
    expect(await receive(response)).toEqual(expected)
    expect(source.closes).toBe(1)
  })

  it('answers null with an empty 404', async () => {
    expect(await receive(await serveFile(request(), null))).toEqual({
      status: 404,
      headers: { 'content-length': '0' },
      body: null,
    })
  })

  it('takes a source whose methods are those of a class', async () => {
    class Memory implements FileSource {
      readonly size = 1000
      #bytes = small.slice()
      read(start: number, end: number) {
        return this.#bytes.subarray(start, end)
      }
      close() {
        this.#bytes = this.#bytes.subarray(0, 0)
      }
    }
    const ask = async (range: string) =>
      (await serveFile(request({ headers: { range } }), new Memory())).bytes()
    expect([await ask('bytes=1-2'), await ask('bytes=1-20')]).toEqual([
      small.slice(1, 3),
      small.slice(1, 21),
    ])
  })

  it('takes a source of five lines', async () => {
    const data = new TextEncoder().encode('hello, world')
    const source: FileSource = { size: 12, read: (start, end) => data.subarray(start, end) }
    const response = await serveFile(request({ headers: { Range: 'bytes=-5' } }), source)
    expect(await response.text()).toBe('world')
  })

  it('tells workerd not to encode again what is encoded', async () => {
    const seen: unknown[] = []
    const Original = globalThis.Response
    // The only witness of a key that Node ignores is what the constructor was given.
    globalThis.Response = new Proxy(Original, {
      construct(target, [body, init]) {
        seen.push(init.encodeBody)
        return new target(body, init)
      },
    })
    try {
      await serveFile(request(), countingSource(small, { headers: { 'Content-Encoding': 'br' } }))
    } finally {
      globalThis.Response = Original
    }
    expect(seen).toEqual(['manual'])
  })
})

describe('a body', () => {
  type Way = [what: string, deviation: Deviation]
  const WAYS: Way[] = [
    ['all at once', {}],
    ['all at once, later', { read: async (bytes) => bytes }],
    ['a byte at a time', { read: (bytes) => bytes.subarray(0, 1) }],
    ['a few at a time', { read: async (bytes, at) => bytes.subarray(0, 1 + (at % 7)) }],
    ['as a stream', { read: (bytes) => streamOf(bytes, 5) }],
    ['as a stream, later', { read: async (bytes) => streamOf(bytes, 3) }],
    ['as a stream of one chunk', { read: (bytes) => streamOf(bytes, 1000) }],
    ['as a stream, then bytes', { read: (bytes, at) => (at < 9 ? streamOf(bytes, 2) : bytes) }],
  ]
  const spec = fc.oneof(
    fc.tuple(fc.nat(50), fc.nat(50)).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    fc.tuple(fc.nat(3), fc.nat(3)).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    fc.nat(50).map((first) => `${first}-`),
    fc.nat(50).map((length) => `-${length}`),
  )
  it.each(WAYS)('holds what was asked for, from a source that gives it %s', async (_what, way) => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(40),
        fc.array(spec, { minLength: 1, maxLength: 18 }),
        fc.constantFrom(0, 64 * KIB),
        async (size, specs, bufferLimit) => {
          const file = someBytes(size)
          const source = countingSource(file, { ...way, native: { bufferLimit } })
          const headers = { Range: `bytes=${specs.join(', ')}` }
          const response = await serveFile(request({ headers }), source)
          const { status, headers: fields, body } = await receive(response)
          const bytes = body ?? new Uint8Array(0)
          expect(bytes.length).toBe(Number(fields['content-length']))
          const parts = partsOf(status, fields, bytes)
          expect({ status, parts }).toEqual(select(specs, file))
          expect(source.closes).toBe(1)
        },
      ),
      { numRuns: 60 },
    )
  })

  it.each([
    ['bytes in large slices', {}],
    ['bytes', { read: (bytes: Uint8Array) => bytes.subarray(0, 100_001) }],
    ['a stream', { read: (bytes: Uint8Array) => streamOf(bytes, 100_003) }],
    ['a stream of one large chunk', { read: (bytes: Uint8Array) => streamOf(bytes, 1e9) }],
  ])('is the same for a large file, from %s', async (_what, deviation) => {
    const source = countingSource(large, deviation)
    const response = await serveFile(request(), source)
    expect(Buffer.compare(await response.bytes(), large)).toBe(0)
    expect(source.closes).toBe(1)
  })

  it('goes out in slices of at most 512 KiB', async () => {
    const source = countingSource(large)
    const response = await serveFile(request(), source)
    const sizes: number[] = []
    for await (const chunk of chunksOf(response)) sizes.push(chunk.length)
    const full = 512 * KIB
    expect(sizes).toEqual([full, large.length - full])
    expect(source.reads).toEqual([[0, large.length]])
  })

  it('is not read ahead', async () => {
    const source = countingSource(large, { read: (bytes) => bytes.subarray(0, 1000) })
    const response = await serveFile(request(), source)
    await settle()
    expect(source.reads).toEqual([[0, large.length]])
    const reader = readerOf(response)
    await reader.read()
    await reader.read()
    await settle()
    expect(source.reads.length).toBe(2)
    await reader.cancel()
  })

  it('of up to 128 KiB is whole before the Response is made', async () => {
    const limit = 128 * KIB
    for (const [length, closes] of [
      [limit, 1],
      [limit + 1, 0],
    ] as const) {
      const dribble = { read: (bytes: Uint8Array) => bytes.subarray(0, 10_000) }
      const source = countingSource(large.subarray(0, length), dribble)
      const response = await serveFile(request(), source)
      expect([length, source.closes]).toEqual([length, closes])
      expect(Buffer.compare(await response.bytes(), large.subarray(0, length))).toBe(0)
    }
  })

  it('of one array that the source gave is that array, uncopied', async () => {
    const file = someBytes(600 * KIB)
    const source = countingSource(file, { native: { bufferLimit: 1024 * KIB } })
    const whole = await new BodyReader(source, 0, file.length).whole()
    expect([whole?.buffer === file.buffer, whole?.length]).toEqual([true, file.length])
  })

  it('of up to bufferLimit is whole before the Response is made', async () => {
    const options = {
      native: { bufferLimit: 999 },
      read: (bytes: Uint8Array) => bytes.subarray(0, 100),
    }
    const above = countingSource(small, options)
    await (await serveFile(request(), above)).body?.cancel()
    expect(above.reads.length).toBe(1)
    const within = countingSource(small.subarray(0, 999), options)
    await serveFile(request(), within)
    expect(within.reads.length).toBe(10)
  })

  it('leaves the arrays of a source alone', async () => {
    const bytes = someBytes(1000 * KIB, 7)
    const copy = bytes.slice()
    const source = countingSource(bytes, { read: () => bytes })
    const first = await serveFile(request(), source)
    const received = await first.bytes()
    received.fill(0)
    expect([bytes.buffer.byteLength, Buffer.compare(bytes, copy)]).toEqual([copy.length, 0])
    const second = await serveFile(request(), countingSource(bytes.subarray(0, 100)))
    new Uint8Array(await second.arrayBuffer()).fill(0)
    expect([bytes.buffer.byteLength, Buffer.compare(bytes, copy)]).toEqual([copy.length, 0])
  })

  it('as a stream says how long it is, for workerd', async () => {
    const Original = globalThis.ReadableStream
    const seen: unknown[] = []
    globalThis.ReadableStream = new Proxy(Original, {
      construct(target, [source, strategy]) {
        seen.push({ ...source }, strategy)
        return new target(source, strategy)
      },
    })
    try {
      const headers = { Range: 'bytes=1-' }
      await (await serveFile(request({ headers }), countingSource(large))).body?.cancel()
    } finally {
      globalThis.ReadableStream = Original
    }
    expect(seen).toEqual([
      expect.objectContaining({ expectedLength: large.length - 1 }),
      { highWaterMark: 0 },
    ])
  })

  const changed = new SourceChangedError('film.mp4 changed while it was being served')
  type Failure = [what: string, deviation: Deviation, message: string, given: number]
  const BROKEN: Failure[] = [
    [
      'that ends early',
      { read: (bytes, at) => bytes.subarray(0, at < 300_000 ? 100_000 : 0) },
      'Expected 1024000 bytes from the source, got 300000',
      300_000,
    ],
    [
      'that gives too much',
      { read: (bytes, at) => (at === 0 ? bytes.subarray(0, 9) : large) },
      'Expected 1024000 bytes from the source, got 1024009',
      9,
    ],
    [
      'that throws',
      {
        read(bytes, at) {
          if (at > 0) throw changed
          return bytes.subarray(0, 9)
        },
      },
      changed.message,
      9,
    ],
    [
      'that rejects without a reason',
      { read: async (bytes, at) => (at > 0 ? Promise.reject() : bytes.subarray(0, 9)) },
      'Failed with undefined',
      9,
    ],
    [
      'that rejects',
      { read: async (bytes, at) => (at > 0 ? Promise.reject(changed) : bytes.subarray(0, 9)) },
      changed.message,
      9,
    ],
    [
      'whose stream ends early',
      { read: (bytes) => streamOf(bytes.subarray(0, 200_000), 100_000) },
      'Expected 1024000 bytes from the source, got 200000',
      200_000,
    ],
    [
      'whose stream holds too much',
      { read: (bytes) => streamOf(Buffer.concat([bytes, small]), 600_000) },
      'Expected 1024000 bytes from the source, got 1025000',
      600_000,
    ],
    [
      'whose stream goes on with a chunk of its own',
      { read: (bytes) => streamOf(Buffer.concat([bytes, bytes]), bytes.length / 2) },
      'Expected 1024000 bytes from the source, got 1536000',
      512_000,
    ],
    [
      'whose stream errors',
      {
        read: (bytes) => {
          const chunks = [bytes.subarray(0, 5), bytes.subarray(5, 9)]
          return new ReadableStream({
            pull(controller) {
              const chunk = chunks.shift()
              if (chunk === undefined) controller.error(changed)
              else controller.enqueue(chunk)
            },
          })
        },
      },
      changed.message,
      9,
    ],
  ]
  it.each(BROKEN)('breaks with a source %s', async (_what, deviation, message, given) => {
    const { options, served, errors } = observe()
    const source = countingSource(large, deviation)
    const response = await serveFile(request(), source, options)
    let received = 0
    const reading = (async () => {
      for await (const chunk of chunksOf(response)) received += chunk.length
    })()
    await expect(reading).rejects.toThrow(message)
    expect({ received, closes: source.closes }).toEqual({ received: given, closes: 1 })
    expect(errors.map(String)).toEqual([expect.stringContaining(message)])
    expect(served).toEqual([{ status: 200, sent: given, aborted: false }])
  })

  it('passes over empty chunks of a stream', async () => {
    const chunks = [small.subarray(0, 0), small, small.subarray(0, 0)]
    const read = () =>
      new ReadableStream<Uint8Array>({
        pull(controller) {
          const chunk = chunks.shift()
          if (chunk === undefined) controller.close()
          else controller.enqueue(chunk)
        },
      })
    const response = await serveFile(request(), countingSource(small, { read }))
    expect(await response.bytes()).toEqual(small)
  })
})

describe('a failure before the first byte is a 503', () => {
  const unavailable: Received = {
    status: 503,
    headers: { 'content-length': '0', 'retry-after': '1' },
    body: null,
  }
  const broken = new Error('EIO: i/o error')
  const FAILURES: [what: string, deviation: Deviation, message: string][] = [
    [
      'a read that throws',
      {
        read() {
          throw broken
        },
      },
      broken.message,
    ],
    ['a read that rejects', { read: () => Promise.reject(broken) }, broken.message],
    ['a read that gives nothing', { read: (bytes) => bytes.subarray(0, 0) }, 'got 0'],
    ['a read that gives too much', { read: () => someBytes(1024 * KIB) }, 'got 1048576'],
    ['a read that gives a byte too much', { read: ({ length }) => someBytes(length + 1) }, 'got 1'],
    [
      'a stream that errors at once',
      { read: () => new ReadableStream({ start: (controller) => controller.error(broken) }) },
      broken.message,
    ],
    [
      'a stream of what is no bytes',
      // As many characters as bytes were asked for.
      { read: (bytes) => textStream(bytes.length) },
      'Expected a Uint8Array or a ReadableStream of them, got String',
    ],
    [
      'a read that gives a string',
      { read: () => JSON.parse('"bytes"') },
      'Expected a Uint8Array or a ReadableStream of them, got String',
    ],
    [
      'a read that rejects without a reason',
      { read: () => Promise.reject() },
      'Failed with undefined',
    ],
    [
      'a native body that rejects without one',
      { native: { body: () => Promise.reject() } },
      'Failed with undefined',
    ],
    ['a stream that is empty', { read: (bytes) => streamOf(bytes.subarray(0, 0), 1) }, 'got 0'],
    [
      'a native body that rejects',
      { native: { body: () => Promise.reject(broken) } },
      broken.message,
    ],
    ['a native body that no Response takes', { native: { body: lockedStream } }, 'locked'],
    [
      'a native body that throws',
      {
        native: {
          body() {
            throw broken
          },
        },
      },
      broken.message,
    ],
    ['a size that is none', { size: Number.NaN }, 'Expected size'],
    ['an entity tag without quotes', { etag: 'abc' }, 'Expected etag'],
    ['a header field that is none', { headers: { 'a b': 'c' } }, 'a b'],
    ['a media type that no field can hold', { type: 'text/plain\n\nx' }, 'Expected a media type'],
  ]
  const file = { small, large }
  describe.each(['small', 'large'] as const)('of a %s file', (which) => {
    it.each(FAILURES)('%s', async (_what, deviation, message) => {
      const { options, served, errors } = observe()
      const source = countingSource(file[which], deviation)
      const response = await serveFile(request(), source, options)
      expect(await receive(response)).toEqual(unavailable)
      expect(source.closes).toBe(1)
      expect(errors.map(String)).toEqual([expect.stringContaining(message)])
      expect(served).toEqual([{ status: 503, sent: 0, aborted: false }])
    })
  })

  // Node 24 takes it.
  it.skipIf(takesSharedMemory())('bytes of shared memory, which no Response takes', async () => {
    const { options, errors } = observe()
    const source = countingSource(small, { read: (bytes) => sharedCopy(bytes) })
    expect(await receive(await serveFile(request(), source, options))).toEqual(unavailable)
    expect({ closes: source.closes, errors: errors.map(String) }).toEqual({
      closes: 1,
      errors: [expect.stringContaining('Shared')],
    })
  })

  it('a media type that no field can hold, asked for by HEAD', async () => {
    const { options, errors } = observe()
    const source = countingSource(small, { type: 'text/plain\n\nx' })
    const response = await serveFile(request({ method: 'HEAD' }), source, options)
    expect(await receive(response)).toEqual(unavailable)
    expect({ closes: source.closes, errors: errors.length }).toEqual({ closes: 1, errors: 1 })
  })

  it.each([
    ['rejects', () => Promise.reject(broken)],
    [
      'throws',
      () => {
        throw broken
      },
    ],
  ])('a lookup that %s', async (_what, lookup) => {
    const { options, served, errors } = observe()
    const response = await fileHandler(lookup, options)(request())
    expect(await receive(response)).toEqual(unavailable)
    expect(errors).toEqual([broken])
    expect(served).toEqual([{ status: 503, sent: 0, aborted: false }])
  })

  it.each([
    ['small', small],
    ['large', large],
  ])('a multipart of a %s file, whose first bytes are not of the file', async (_which, bytes) => {
    const { options, errors } = observe()
    const source = countingSource(bytes, { read: () => Promise.reject(broken) })
    const headers = { Range: `bytes=0-0,1-${bytes.length - 2}` }
    expect(await receive(await serveFile(request({ headers }), source, options))).toEqual(
      unavailable,
    )
    expect({ closes: source.closes, errors }).toEqual({ closes: 1, errors: [broken] })
  })

  it.each([
    ['null', null, 'Null'],
    ['an ArrayBuffer', new ArrayBuffer(1000), 'ArrayBuffer'],
    ['other numbers', new Uint16Array(1000), 'Uint16Array'],
  ])('a read that gives %s, by its name', async (_what, given, kind) => {
    const { options, errors } = observe()
    const source = countingSource(small)
    Object.assign(source, { read: () => given })
    expect(await receive(await serveFile(request(), source, options))).toEqual(unavailable)
    expect(errors.map(String)).toEqual([
      `TypeError: Expected a Uint8Array or a ReadableStream of them, got ${kind}`,
    ])
  })

  it('a small body that fails in its midst', async () => {
    const { options, errors } = observe()
    const read = (bytes: Uint8Array, at: number) => bytes.subarray(0, at < 900 ? 300 : 0)
    const source = countingSource(small, { read })
    expect(await receive(await serveFile(request(), source, options))).toEqual(unavailable)
    expect({ closes: source.closes, errors: errors.map(String) }).toEqual({
      closes: 1,
      errors: ['LengthMismatchError: Expected 1000 bytes from the source, got 900'],
    })
  })
})

describe('a body of up to bufferLimit', () => {
  it('does not wait for its source to close', async () => {
    const { options, served } = observe()
    const source = countingSource(small, { close: () => new Promise(() => {}) })
    expect(await (await serveFile(request(), source, options)).bytes()).toEqual(small)
    expect([source.closes, served]).toEqual([1, [{ status: 200, sent: null, aborted: false }]])
  })

  it('may come from another realm, such as that of a test runner', async () => {
    const ofAnother = runInNewContext('(bytes) => new Uint8Array(bytes)')
    const source = countingSource(small, { read: ofAnother })
    const response = await serveFile(request(), source)
    expect([response.status, await response.bytes()]).toEqual([200, small])
  })
})

describe('a source whose size is asked of a file that grows', () => {
  it.each(['GET', 'HEAD'])('is asked once: %s', async (method) => {
    let size = 1000
    const source = {
      get size() {
        return size++
      },
      read: (start: number, end: number) => large.subarray(start, end),
    }
    const response = await serveFile(request({ method }), source)
    const { length } = await response.bytes()
    expect([response.headers.get('content-length'), length]).toEqual([
      '1000',
      method === 'GET' ? 1000 : 0,
    ])
  })
})

describe('sync', () => {
  const ofOnes = () => new Uint8Array(1000).fill(1)

  it('may give memory that its next call uses again', async () => {
    const memory = new Uint8Array(1000)
    const sources = [1, 2, 3].map((n) =>
      countingSource(small, { native: { sync: () => memory.fill(n) } }),
    )
    const responses = await Promise.all(sources.map((source) => serveFile(request(), source)))
    const bodies = await Promise.all(responses.map((response) => response.bytes()))
    expect(bodies).toEqual([1, 2, 3].map((n) => new Uint8Array(1000).fill(n)))
    expect(sources.map(({ reads, closes }) => [reads.length, closes])).toEqual(
      Array(3).fill([0, 1]),
    )
  })

  it.each<[string, Record<string, string>, NativeRead, [number, number][]]>([
    ['a whole file', {}, {}, [[0, 1000]]],
    ['a range', { Range: 'bytes=10-19' }, {}, [[10, 20]]],
    ['no multipart', { Range: 'bytes=0-0,10-19' }, {}, []],
    ['nothing beyond bufferLimit', {}, { bufferLimit: 999 }, []],
    ['nothing that is not sent', { 'If-None-Match': '*' }, {}, []],
    ['what a native body would give, too', {}, { body: () => 'theirs' }, [[0, 1000]]],
  ])('is asked for %s', async (_what, headers, native, expected) => {
    const asked: [number, number][] = []
    const sync = (start: number, end: number) => {
      asked.push([start, end])
      return small.subarray(start, end)
    }
    await serveFile(request({ headers }), countingSource(small, { native: { sync, ...native } }))
    expect(asked).toEqual(expected)
  })

  it('that is null leads to read', async () => {
    const source = countingSource(small, { native: { sync: () => null } })
    expect(await (await serveFile(request(), source)).bytes()).toEqual(small)
    expect([source.reads, source.closes]).toEqual([[[0, 1000]], 1])
  })

  it.each([
    ['another class', class extends Response {}],
    ['another of its name', { Response: class extends Response {} }.Response],
  ])('is not asked where %s stands in the place of Response', async (_what, other) => {
    vi.stubGlobal('Response', other)
    const source = countingSource(small, { native: { sync: ofOnes } })
    const response = await serveFile(request(), source).finally(() => vi.unstubAllGlobals())
    expect(await response.bytes()).toEqual(small)
  })

  it.each<[string, () => Uint8Array, string]>([
    ['gives too few bytes', () => new Uint8Array(9), 'Expected 1000 bytes from the source, got 9'],
    ['gives too many', () => new Uint8Array(1001), 'Expected 1000 bytes from the source, got 1001'],
    ['gives other numbers', () => Object(new Uint16Array(1000)), 'got Uint16Array'],
    ['throws', () => JSON.parse('not JSON'), 'SyntaxError'],
  ])('makes a 503 where it %s', async (_what, sync, message) => {
    const { options, served, errors } = observe()
    const source = countingSource(small, { native: { sync } })
    expect((await serveFile(request(), source, options)).status).toBe(503)
    expect(errors.map(String)).toEqual([expect.stringContaining(message)])
    expect([source.closes, served]).toEqual([1, [{ status: 503, sent: 0, aborted: false }]])
  })
})

describe('a native body', () => {
  const asked: [number, number][] = []
  const native = (answer: BodyInit | null): Deviation => ({
    native: {
      body(start, end) {
        asked.push([start, end])
        return answer
      },
    },
  })
  const serve = async (headers: Record<string, string>, deviation: Deviation, method = 'GET') => {
    asked.length = 0
    const { options, served } = observe()
    const source = countingSource(small, deviation)
    const response = await serveFile(request({ method, headers }), source, options)
    const text = await response.text()
    const { reads, closes } = source
    return { text, asked: [...asked], reads: reads.length, closes, served }
  }
  const untold = { sent: null, aborted: false }
  const ours = Buffer.from(small).toString('utf8')

  it.each<[string, Record<string, string>, [number, number], number]>([
    ['a 200 without Range', {}, [0, 1000], 200],
    ['a single range', { Range: 'bytes=10-19' }, [10, 20], 206],
    ['a range that is left of a set', { Range: 'bytes=5000-,10-19' }, [10, 20], 206],
  ])('is handed over untouched for %s, and its source not closed', async (_what, headers, range, status) => {
    expect(await serve(headers, native('theirs'))).toEqual({
      text: 'theirs',
      asked: [range],
      reads: 0,
      closes: 0,
      served: [{ status, ...untold }],
    })
  })

  it('may be a promise', async () => {
    const result = await serve({}, { native: { body: async () => new Blob(['theirs']) } })
    expect(result.text).toBe('theirs')
  })

  it('that is null leads to read', async () => {
    expect(await serve({}, native(null))).toEqual({
      text: ours,
      asked: [[0, 1000]],
      reads: 1,
      closes: 1,
      served: [{ status: 200, ...untold }],
    })
  })

  it.each([
    ['an invalid set', { Range: 'bytes=5-2' }],
    ['an If-Range that does not match', { Range: 'bytes=0-1', 'If-Range': '"b"' }],
    ['another unit', { Range: 'items=0-1' }],
  ])('is never asked for by a 200 to a request with Range: %s', async (_what, headers) => {
    expect(await serve(headers, native('theirs'))).toEqual({
      text: ours,
      asked: [],
      reads: 1,
      closes: 1,
      served: [{ status: 200, ...untold }],
    })
  })

  it('is never asked for by a multipart', async () => {
    const result = await serve({ Range: 'bytes=0-0,2-2' }, native('theirs'))
    expect({ asked: result.asked, closes: result.closes }).toEqual({ asked: [], closes: 1 })
  })

  it.each([
    ['HEAD', 'HEAD', {}],
    ['a 416', 'GET', { Range: 'bytes=1000-' }],
    ['a 412', 'GET', { 'If-Match': '"b"' }],
    ['a 405', 'POST', {}],
  ])('is never asked for by %s', async (_what, method, headers) => {
    const { asked, closes } = await serve(headers, native('theirs'), method)
    expect({ asked, closes }).toEqual({ asked: [], closes: 1 })
  })
})

describe('fileHandler', () => {
  it('gives its request to the lookup', async () => {
    const seen: unknown[] = []
    const handler = fileHandler((asked) => {
      seen.push(asked)
      return null
    })
    const asked = request()
    expect((await handler(asked)).status).toBe(404)
    expect(seen).toEqual([asked])
  })

  it.each<[ServeOptions, range: string, status: number, contentRange: string | null]>([
    [{ maxRanges: 1 }, 'bytes=0-0,2-2', 200, null],
    [{ maxSlice: 100, sliceFor: 'all' }, 'bytes=0-', 206, 'bytes 0-99/1000'],
  ])('keeps to its limits, as serveFile does: %j', async (options, range, status, contentRange) => {
    const asked = () => request({ headers: { range } })
    const responses = [
      await serveFile(asked(), countingSource(small), options),
      await fileHandler(() => countingSource(small), options)(asked()),
    ]
    const expected = [status, contentRange]
    expect(responses.map(({ status, headers }) => [status, headers.get('content-range')])).toEqual([
      expected,
      expected,
    ])
  })

  it.each([
    'OPTIONS',
    'POST',
    'PUT',
    'DELETE',
    'PATCH',
  ])('looks nothing up for %s', async (method) => {
    let lookups = 0
    const handler = fileHandler(() => {
      lookups++
      return null
    })
    const { status } = await handler(request({ method }))
    expect({ status, lookups }).toEqual({ status: method === 'OPTIONS' ? 204 : 405, lookups: 0 })
  })

  it('answers many at once, each from its own source', async () => {
    const handler = fileHandler(({ url }) => {
      const seed = Number(new URL(url).pathname.slice(1))
      return countingSource(someBytes(300_000, seed), { read: async (b) => b.subarray(0, 9999) })
    })
    const seeds = Array.from({ length: 20 }, (_, seed) => seed)
    const bodies = await Promise.all(
      seeds.map(async (seed) => (await handler(request({ path: String(seed) }))).bytes()),
    )
    expect(
      seeds.filter((seed, i) => Buffer.compare(bodies[i] ?? small, someBytes(300_000, seed))),
    ).toEqual([])
  })

  const OPTIONS: [name: string, value: number][] = [
    ['maxRanges', 0],
    ['maxRanges', -1],
    ['maxRanges', 1.5],
    ['maxRanges', Number.NaN],
    ['maxRanges', Infinity],
    ['maxSlice', 0],
    ['maxSlice', -1],
    ['maxSlice', 0.5],
    ['maxSlice', Number.NaN],
  ]
  it.each(OPTIONS)('refuses %s: %d at once', async (name, value) => {
    const options: ServeOptions = { [name]: value }
    const refusal = expect.objectContaining({
      name: 'RangeError',
      message: expect.stringMatching(`^Expected ${name} to be a whole number .*, got ${value}$`),
    })
    expect(() => fileHandler(() => null, options)).toThrow(refusal)
    await expect(serveFile(request(), countingSource(small), options)).rejects.toEqual(refusal)
  })

  it('refuses another sliceFor at once', () => {
    const options = JSON.parse('{ "sliceFor": "Media" }')
    const refusal = new TypeError("Expected sliceFor to be 'media' or 'all', got Media")
    expect(() => fileHandler(() => null, options)).toThrow(refusal)
  })

  it.each(['onError', 'onServed'])('refuses %s that is no function at once', async (name) => {
    const options: ServeOptions = JSON.parse(`{ "${name}": "log" }`)
    const refusal = new TypeError(`Expected ${name} to be a function, got log`)
    expect(() => fileHandler(() => null, options)).toThrow(refusal)
    await expect(serveFile(request(), countingSource(small), options)).rejects.toEqual(refusal)
  })

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['media', 'media'],
    [{}, 'Object'],
    [Promise.resolve(), 'Promise'],
  ])('refuses %j for a lookup at once', (given, named) => {
    const refusal = new TypeError(`Expected a lookup, got ${named}`)
    expect(() => fileHandler(given as never)).toThrow(refusal)
  })

  // Hono's context, its request, and what `node:http` and Express give.
  const NO_REQUESTS = [
    { req: {} },
    { method: 'GET', url: '/' },
    { method: 'GET', headers: { range: 'bytes=0-' } },
    null,
  ]
  it.each(NO_REQUESTS)('refuses %j for a request, and closes the source', async (given) => {
    const request: Request = JSON.parse(JSON.stringify(given))
    const source = countingSource(small)
    await expect(serveFile(request, source)).rejects.toThrow(
      /^Expected a Request \(Hono: c\.req\.raw; node:http: nodeListener\), got /,
    )
    expect(source.closes).toBe(1)
    await expect(fileHandler(() => source)(request)).rejects.toThrow(/^Expected a Request/)
  })

  it('closes the source even when it refuses the options', async () => {
    const source = countingSource(small)
    await expect(serveFile(request(), source, { maxRanges: 0 })).rejects.toThrow(RangeError)
    expect(source.closes).toBe(1)
  })

  it.each<ServeOptions>([
    {},
    { maxRanges: 1, maxSlice: 1 },
    { maxRanges: undefined, maxSlice: undefined },
    { maxRanges: 1000, maxSlice: 2 ** 40, sliceFor: 'media' },
    { sliceFor: 'all' },
  ])('takes %j', (options) => {
    expect(fileHandler(() => null, options)).toBeTypeOf('function')
  })
})

describe('no file', () => {
  // What a Map or a find gives, and a JavaScript lookup that forgets to return.
  const lookup = new Map<string, FileSource>()
  it.each([
    ['null', () => serveFile(request(), null)],
    ['undefined', () => serveFile(request(), lookup.get('/'))],
    ['undefined of a lookup', () => fileHandler((() => {}) as () => null)(request())],
  ])('is %s', async (_what, answer) => {
    expect((await answer()).status).toBe(404)
  })
})

describe('onServed and onError', () => {
  it('a source is closed once when making the header fields fails', async () => {
    const source = countingSource(small)
    const headers = () => {
      throw new Error('no fields')
    }
    const { status } = await serveFile(request(), source, { headers, onError: () => {} })
    expect({ status, closes: source.closes }).toEqual({ status: 503, closes: 1 })
  })

  it('are told of a whole response', async () => {
    const served: Served[] = []
    const errors: unknown[] = []
    const options: ServeOptions = {
      onServed: (one) => void served.push(one),
      onError: (error) => void errors.push(error),
    }
    const asked = request({ headers: { Range: 'bytes=1-' } })
    await (await serveFile(asked, countingSource(large), options)).bytes()
    await until(() => served.length === 1)
    expect({ served, errors }).toEqual({
      served: [
        {
          request: expect.objectContaining({ method: 'GET', url: asked.url }),
          status: 206,
          headers: expect.objectContaining({ 'content-range': 'bytes 1-1023999/1024000' }),
          sent: large.length - 1,
          aborted: false,
          error: undefined,
          duration: expect.any(Number),
        },
      ],
      errors: [],
    })
  })

  it('throw what can not even be printed, and end no process', async () => {
    const print = vi.spyOn(console, 'error').mockImplementation((error) => {
      if (error === unprintable) throw new Error('its own code fails')
    })
    onTestFinished(() => print.mockRestore())
    const unprintable = new Error()
    const onServed = () => {
      throw unprintable
    }
    await serveFile(request(), countingSource(small), { onServed })
    await until(() => print.mock.calls.length > 1)
    expect(print.mock.calls).toEqual([[unprintable], ["Failed with a value that can't be printed"]])
  })

  it('are told when the last byte was handed over, before the end is read', async () => {
    const { options, served } = observe()
    const reader = readerOf(await serveFile(request(), countingSource(large), options))
    await reader.read()
    await reader.read()
    await until(() => served.length === 1)
    expect(served).toEqual([{ status: 200, sent: large.length, aborted: false }])
  })

  it('are told of a failure in full, whatever was thrown', async () => {
    const errors: unknown[][] = []
    const served: Served[] = []
    const options: ServeOptions = {
      onServed: (one) => void served.push(one),
      onError: (...told) => void errors.push(told),
    }
    const asked = request()
    for (const thrown of [broken, '', 0]) {
      await serveFile(asked, countingSource(small, { read: () => Promise.reject(thrown) }), options)
    }
    expect(errors).toEqual([
      [broken, asked],
      ['', asked],
      [0, asked],
    ])
    expect(served.map(({ error }) => error)).toEqual([broken, '', 0])
  })

  it.each([
    0, 400,
  ])('a date of %i ms before the lookup is none that is strong after it', async (age) => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 })
    onTestFinished(() => void vi.useRealTimers())
    const found = countingSource(small, { lastModified: new Date(1_000_000 - age) })
    const slow = () => {
      vi.setSystemTime(1_002_000)
      return found
    }
    const { headers } = await fileHandler(slow)(request())
    expect(headers.get('last-modified')).toBe(null)
  })

  it('are told how long it took', async () => {
    const served: Served[] = []
    const options: ServeOptions = { onServed: (one) => void served.push(one) }
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const late = () => {
      vi.advanceTimersByTime(500)
      return null
    }
    await fileHandler(late, options)(request())
    expect(served.map(({ duration }) => duration)).toEqual([500])
  })

  it('are told of a lookup that rejects without a reason', async () => {
    const { options, errors } = observe()
    const { status } = await fileHandler(() => Promise.reject(), options)(request())
    const expected = { status: 503, errors: [new Error('Failed with undefined')] }
    expect({ status, errors }).toEqual(expected)
  })

  it.each([
    100, 300_000,
  ])('are told of both where reading and closing fail, of %i bytes', async (size) => {
    const { options, errors } = observe()
    const failing = (what: string) => () => Promise.reject(new Error(what))
    const file = { size, read: failing('read'), close: failing('close') }
    const { status } = await serveFile(request(), file, options)
    await until(() => errors.length === 2)
    const expected = { status: 503, errors: [new Error('read'), new Error('close')] }
    expect({ status, errors }).toEqual(expected)
  })

  it('are told of a client that hangs up', async () => {
    const { options, served, errors } = observe()
    const response = await serveFile(request(), countingSource(large), options)
    const reader = readerOf(response)
    await reader.read()
    await reader.cancel()
    await until(() => served.length === 1)
    expect({ served, errors }).toEqual({
      served: [{ status: 200, sent: 512 * KIB, aborted: true }],
      errors: [],
    })
  })

  it.each([
    ['a short body', small],
    ['a long body', large],
  ])('are told of a client that hangs up before the first bytes of %s', async (_what, bytes) => {
    const { options, served, errors } = observe()
    let fail = () => {}
    const source = countingSource(bytes, {
      read: () => new Promise((_, reject) => (fail = () => reject(new Error('closed')))),
      close: () => fail(),
    })
    const client = new AbortController()
    const { signal } = client
    const asked: number[] = []
    const begun: number[] = []
    const answered = serveFile(new Request('http://localhost/f', { signal }), source, {
      ...options,
      headers: ({ status }) => {
        asked.push(status)
        return {}
      },
      onBegin(serving) {
        begun.push(serving.status)
        options.onBegin?.(serving)
      },
    })
    await until(() => source.reads.length === 1)
    client.abort()
    const response = await answered
    await expect(response.arrayBuffer()).rejects.toThrow('Aborted')
    const { status } = response
    expect({ status, closes: source.closes, asked, begun, served, errors }).toEqual({
      status: 200,
      closes: 1,
      asked: [200],
      begun: [200],
      served: [{ status: 200, sent: 0, aborted: true }],
      errors: [],
    })
  })

  it.each<[what: string, signal: () => unknown]>([
    [
      'that throws',
      () => {
        throw new Error('No signal here')
      },
    ],
    ['that is no event target', () => ({ aborted: false })],
    ['that is null', () => null],
  ])('hear of no hang-up from a signal %s, and the process goes on', async (_what, signal) => {
    let answer = (_bytes: Uint8Array) => {}
    const read = () => new Promise<Uint8Array>((resolve) => (answer = resolve))
    const source = countingSource(small, { read })
    const { options, served, errors } = observe()
    let isAsked = false
    const asked = new Proxy(request(), {
      get(target, name) {
        if (name !== 'signal') return Reflect.get(target, name, target)
        isAsked = true
        return signal()
      },
    })
    const answered = serveFile(asked, source, options)
    await until(() => isAsked)
    await settle()
    answer(small)
    expect({ status: (await answered).status, served, errors }).toEqual({
      status: 200,
      served: [{ status: 200, sent: null, aborted: false }],
      errors: [],
    })
  })

  it.each([
    ['a bodiless answer', 'GET', { 'If-Match': '"b"' }, 412],
    ['HEAD', 'HEAD', {}, 200],
    ['another method', 'POST', {}, 405],
  ])('are told of %s', async (_what, method, headers, status) => {
    const { options, served } = observe()
    await serveFile(request({ method, headers }), countingSource(small), options)
    expect(served).toEqual([{ status, sent: 0, aborted: false }])
  })

  const broken = new Error('EIO: close')
  const CLOSES: [what: string, close: () => void | Promise<void>][] = [
    [
      'throws',
      () => {
        throw broken
      },
    ],
    ['rejects', () => Promise.reject(broken)],
  ]

  it('are told of a close that rejects without a reason', async () => {
    const { options, errors } = observe()
    const source = countingSource(small, { close: () => Promise.reject() })
    await serveFile(request(), source, options)
    expect(errors).toEqual([new Error('Failed with undefined')])
  })

  describe.each(CLOSES)('are told of a close that %s', (_what, close) => {
    it.each<[string, string, Record<string, string>, Uint8Array, number]>([
      ['a small body', 'GET', {}, small, 200],
      ['a large body', 'GET', {}, large, 200],
      ['HEAD', 'HEAD', {}, small, 200],
      ['a 412', 'GET', { 'If-Match': '"b"' }, small, 412],
      ['a 416', 'GET', { Range: 'bytes=-0' }, small, 416],
      ['a 405', 'POST', {}, small, 405],
    ])('after %s, which goes out all the same', async (_after, method, headers, file, status) => {
      const { options, served, errors } = observe()
      const source = countingSource(file, { close })
      const response = await serveFile(request({ method, headers }), source, options)
      const body = await response.bytes()
      await until(() => served.length === 1)
      const sent = method === 'GET' && status === 200 ? file.length : 0
      expect({ status: response.status, sent: body.length, errors, closes: source.closes }).toEqual(
        {
          status,
          sent,
          errors: [broken],
          closes: 1,
        },
      )
    })
  })

  it('may throw themselves', async () => {
    const original = console.error
    const logged: unknown[] = []
    console.error = (error) => void logged.push(error)
    try {
      const fail = (what: string) => () => {
        throw new Error(what)
      }
      const options = { onServed: fail('onServed'), onError: fail('onError') }
      const response = await serveFile(request(), countingSource(small), options)
      expect((await response.bytes()).length).toBe(1000)
      const failing = fileHandler(fail('lookup'), options)
      expect((await failing(request())).status).toBe(503)
    } finally {
      console.error = original
    }
    expect(logged.map(String)).toEqual(['Error: onServed', 'Error: onError', 'Error: onServed'])
  })

  it('may reject', async () => {
    const original = console.error
    const logged: unknown[] = []
    console.error = (error) => void logged.push(error)
    try {
      const onServed = () => Promise.reject(new Error('onServed'))
      await serveFile(request(), null, { onServed })
      await until(() => logged.length === 1)
    } finally {
      console.error = original
    }
    expect(logged.map(String)).toEqual(['Error: onServed'])
  })

  it('log to the console by default', async () => {
    const original = console.error
    const logged: unknown[] = []
    console.error = (error) => void logged.push(error)
    const broken = new Error('EIO')
    try {
      await fileHandler(() => Promise.reject(broken))(request())
    } finally {
      console.error = original
    }
    expect(logged).toEqual([broken])
  })
})

/**
 * Naively, what a Range set selects of a file by RFC 9110 §14; a set of more than 16 ranges, or of
 * more bytes than the file has, is ignored.
 */
function select(specs: string[], file: Uint8Array): { status: number; parts: unknown[] } {
  const whole = { status: 200, parts: [{ bytes: [...file] }] }
  if (file.length === 0 || specs.length > 16) return whole
  const all = Array.from(file.keys())
  const selected = specs.map((spec) => {
    const [first, last] = spec.split('-').map((digits) => (digits === '' ? null : Number(digits)))
    if (first === null) return all.filter((at) => at >= file.length - (last ?? 0))
    return all.filter((at) => at >= (first ?? 0) && at <= (last ?? Infinity))
  })
  const satisfiable = selected.filter((positions) => positions.length > 0)
  if (satisfiable.length === 0) return { status: 416, parts: [] }
  if (satisfiable.flat().length > file.length) return whole
  const parts = satisfiable.map((positions) => ({
    range: `bytes ${positions[0]}-${positions.at(-1)}/${file.length}`,
    bytes: positions.map((at) => file[at]),
  }))
  return { status: 206, parts }
}

function lockedStream(): ReadableStream<Uint8Array<ArrayBuffer>> {
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>()
  stream.getReader()
  return stream
}

function textStream(length: number): ReadableStream<Uint8Array> {
  const stream: ReadableStream = new ReadableStream({
    start: (controller) => controller.enqueue('€'.repeat(length)),
  })
  return stream
}

function takesSharedMemory(): boolean {
  try {
    return new Response(sharedCopy(small) as BodyInit) !== null
  } catch {
    return false
  }
}

function sharedCopy(bytes: Uint8Array): Uint8Array {
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length))
  shared.set(bytes)
  return shared
}

/** The parts of a response, whether it is a multipart or not. */
function partsOf(status: number, headers: Record<string, string>, body: Uint8Array): unknown[] {
  const type = headers['content-type'] ?? ''
  if (status === 416) return []
  if (status === 200) return [{ bytes: [...body] }]
  const parts = type.startsWith('multipart/')
    ? parseMultipart(type, body)
    : [{ headers, bytes: body }]
  return parts.map(({ headers, bytes }) => ({ range: headers['content-range'], bytes: [...bytes] }))
}

function request({ method = 'GET', path = 'film.mp4', headers = {} } = {}): Request {
  return new Request(`http://localhost/${path}`, {
    method,
    headers: { host: 'localhost', ...headers },
  })
}

async function* chunksOf(response: Response): AsyncGenerator<Uint8Array> {
  const reader = readerOf(response)
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
}
