import { type AddressInfo, connect } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { describe, expect, it } from 'vitest'
import { exactly } from '../src/body.ts'
import { BodyReader } from '../src/reader.ts'
import type { ServeOptions } from '../src/respond.ts'
import { fileHandler, serveFile } from '../src/serve.ts'
import type { Served } from '../src/served.ts'
import type { Chunk } from '../src/source.ts'
import {
  type CountingSource,
  countingSource,
  type Deviation,
  someBytes,
  streamOf,
} from './support/counting-source.ts'
import { collectGarbage, untilCollected } from './support/garbage.ts'
import { observe } from './support/observe.ts'
import { readerOf } from './support/reader.ts'
import { expectNoUnhandledRejections } from './support/unhandled.ts'
import { settle, until } from './support/wait.ts'

expectNoUnhandledRejections()

const large = someBytes(1000 * 1024)

/** What a read may do once nobody waits for it. */
const LATE_READS: [what: string, end: (read: Settle) => void][] = [
  ['gives bytes', ({ resolve }) => resolve(large.subarray(0, 9))],
  ['gives nothing', ({ resolve }) => resolve(large.subarray(0, 0))],
  ['fails', ({ reject }) => reject(new Error('EIO'))],
  ['never comes back', () => {}],
]

const silent: ServeOptions = { onError: () => {} }

describe('a source is closed exactly once', () => {
  const ROWS: [what: string, method: string, headers: Record<string, string>][] = [
    ['a whole body', 'GET', {}],
    ['a range', 'GET', { Range: 'bytes=5-' }],
    ['a small range', 'GET', { Range: 'bytes=5-9' }],
    ['several ranges', 'GET', { Range: 'bytes=0-9,20-' }],
    ['HEAD', 'HEAD', {}],
    ['a 304', 'GET', { 'If-None-Match': '"a"' }],
    ['a 412', 'GET', { 'If-Match': '"b"' }],
    ['a 416', 'GET', { Range: 'bytes=9999999-' }],
    ['OPTIONS', 'OPTIONS', {}],
    ['a 405', 'POST', {}],
  ]
  it.each(ROWS)('after %s', async (_what, method, headers) => {
    const source = countingSource(large, { etag: '"a"' })
    const response = await serveFile(request(method, headers), source, silent)
    await response.bytes()
    await settle()
    expect(source.closes).toBe(1)
  })

  const never = () => new Promise<void>(() => {})
  it.each(ROWS)('and nobody waits for that, after %s', async (_what, method, headers) => {
    const source = countingSource(large, { etag: '"a"', close: never })
    const response = await serveFile(request(method, headers), source)
    await response.bytes()
    expect(source.closes).toBe(1)
  })

  const broken = () => Promise.reject(new Error('EIO'))
  it.each<[what: string, deviation: Deviation, options: ServeOptions]>([
    ['a size that is none', { size: Number.NaN }, silent],
    ['a read that fails', { read: broken }, silent],
    ['a native body that fails', { native: { body: broken } }, silent],
    ['options that are refused', {}, { maxRanges: 0 }],
  ])('and nobody waits for that, after %s', async (_what, deviation, options) => {
    const source = countingSource(large, { ...deviation, close: never })
    await serveFile(request(), source, options).catch(() => {})
    expect(source.closes).toBe(1)
  })

  it('when it is empty', async () => {
    const source = countingSource(large.subarray(0, 0))
    const response = await serveFile(request(), source)
    expect([source.closes, (await response.bytes()).length]).toEqual([1, 0])
  })

  it.each([
    ['at once', 0],
    ['after a chunk', 1],
    ['after two', 2],
    ['after all but the last', 3],
    ['after the last', 4],
    ['after the end', 5],
  ])('when the client hangs up %s', async (_when, chunks) => {
    const source = countingSource(large)
    const reader = readerOf(await serveFile(request(), source, silent))
    for (let i = 0; i < chunks; i++) await reader.read()
    await reader.cancel()
    await reader.cancel('again')
    expect(source.closes).toBe(1)
  })

  it('by a cancel that does not wait until it is closed', async () => {
    const source = countingSource(large, { close: never })
    const response = await serveFile(request(), source)
    await response.body?.cancel()
    expect(source.closes).toBe(1)
  })

  it.each(
    LATE_READS,
  )('when the client hangs up while a read is under way that %s', async (_what, end) => {
    const { options, served, errors } = observe()
    const { source, pending } = pendingAfter(9)
    const reader = readerOf(await serveFile(request(), source, options))
    await reader.read()
    const read = reader.read()
    await until(() => pending.length === 1)
    await reader.cancel()
    expect(source.closes).toBe(1)
    const [late] = pending
    if (late !== undefined) end(late)
    expect(await read).toEqual({ done: true, value: undefined })
    await settle()
    expect({ closes: source.closes, served, errors }).toEqual({
      closes: 1,
      served: [{ status: 200, sent: 9, aborted: true }],
      errors: [],
    })
  })

  it('when the client hangs up while a stream is being opened, which is cancelled then', async () => {
    const { options, served, errors } = observe()
    const { source, pending } = pendingAfter(9)
    const reader = readerOf(await serveFile(request(), source, options))
    await reader.read()
    const read = reader.read()
    await until(() => pending.length === 1)
    await reader.cancel()
    let cancels = 0
    pending[0]?.resolve(streamOf(large, 1000, () => void cancels++))
    expect(await read).toEqual({ done: true, value: undefined })
    await until(() => cancels > 0)
    expect({ closes: source.closes, cancels, served, errors }).toEqual({
      closes: 1,
      cancels: 1,
      served: [{ status: 200, sent: 9, aborted: true }],
      errors: [],
    })
  })

  it('when the client hangs up while a stream is read, which is cancelled then', async () => {
    let cancels = 0
    const read = () =>
      new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(large.subarray(0, 9)),
        cancel: () => void cancels++,
      })
    const source = countingSource(large, { read })
    const reader = readerOf(await serveFile(request(), source, silent))
    await reader.read()
    const pending = reader.read()
    await settle()
    await reader.cancel()
    expect(await pending).toEqual({ done: true, value: undefined })
    await settle()
    expect({ closes: source.closes, cancels }).toEqual({ closes: 1, cancels: 1 })
  })

  it('when a stream can not be cancelled', async () => {
    const read = (bytes: Uint8Array) =>
      streamOf(bytes, 9, () => {
        throw new Error('EIO: cancel')
      })
    const source = countingSource(large, { read })
    const reader = readerOf(await serveFile(request(), source, silent))
    await reader.read()
    await reader.cancel()
    await settle()
    expect(source.closes).toBe(1)
  })

  it('with each stream of a multipart read to its end', async () => {
    let ends = 0
    let cancels = 0
    const read = (bytes: Uint8Array) => {
      const ending = new TransformStream({ flush: () => void ends++ })
      return streamOf(bytes, bytes.length, () => void cancels++).pipeThrough(ending)
    }
    const source = countingSource(large, { read })
    const headers = { Range: 'bytes=0-99999,100000-299999,-5' }
    await (await serveFile(request('GET', headers), source)).bytes()
    expect({ closes: source.closes, ends, cancels }).toEqual({ closes: 1, ends: 3, cancels: 0 })
  })

  it('with one stream for each part of a multipart, however small its chunks', async () => {
    const source = countingSource(large, { read: (bytes) => streamOf(bytes, 70_000) })
    const headers = { Range: 'bytes=0-199999,300000-499999' }
    await (await serveFile(request('GET', headers), source)).bytes()
    expect(source.reads).toEqual([
      [0, 200_000],
      [300_000, 500_000],
    ])
  })

  it('when a response is dropped that nobody ever read', async () => {
    const { options, served } = observe()
    const sources = Array.from({ length: 20 }, () => countingSource(large))
    const serveAndForget = async () => {
      for (const source of sources) await serveFile(request(), source, options)
    }
    await serveAndForget()
    expect(sources.map(({ closes }) => closes)).toEqual(sources.map(() => 0))
    await untilCollected(() => sources.every(({ closes }) => closes > 0))
    await settle()
    expect(sources.map(({ closes }) => closes)).toEqual(sources.map(() => 1))
    expect(served.map(({ aborted }) => aborted)).toEqual(sources.map(() => true))
  })

  it('and is told of once, when a response that was read to its end is dropped', async () => {
    const { options, served } = observe()
    const readAndForget = async () => {
      for (let i = 0; i < 20; i++) {
        await (await serveFile(request(), countingSource(large), options)).bytes()
      }
    }
    await readAndForget()
    for (let i = 0; i < 5; i++) await collectGarbage()
    await settle()
    expect(served.map(({ sent }) => sent)).toEqual(Array(20).fill(large.length))
  })

  it('and is told of in full, when nobody ever read it', async () => {
    const broken = new Error('EIO: close')
    const told: Served[] = []
    const errors: unknown[] = []
    const options: ServeOptions = {
      onServed: (one) => void told.push(one),
      onError: (error) => void errors.push(error),
    }
    const serveAndForget = async () => {
      const source = countingSource(large, { close: () => Promise.reject(broken) })
      await serveFile(request('GET', { range: 'bytes=1-' }), source, options)
    }
    for (let i = 0; i < 20; i++) await serveAndForget()
    await untilCollected(() => told.length === 20)
    const asked = told.map(({ request: { method, url, headers } }) => {
      return `${method} ${url} ${headers.get('range')}`
    })
    expect(new Set(asked)).toEqual(new Set([`GET ${request().url} bytes=1-`]))
    expect(errors).toEqual(told.map(() => broken))
  })

  it('and is told how much was taken, when it is dropped halfway', async () => {
    const { options, served } = observe()
    const beginAndForget = async () => {
      const reader = readerOf(await serveFile(request(), countingSource(large), options))
      await reader.read()
    }
    for (let i = 0; i < 20; i++) await beginAndForget()
    await untilCollected(() => served.length === 20)
    expect(served).toEqual(served.map(() => ({ status: 200, sent: 512 * 1024, aborted: true })))
  })

  it('when it is dropped, even where the request leads to it', async () => {
    const { options, served } = observe()
    const sources = Array.from({ length: 20 }, () => countingSource(large))
    const serveAndForget = async () => {
      for (const source of sources) {
        const asked = request()
        // As hosts do that keep the response of a request, by way of its connection.
        Object.assign(asked, { response: await serveFile(asked, source, options) })
      }
    }
    await serveAndForget()
    await untilCollected(() => sources.every(({ closes }) => closes > 0))
    await settle()
    expect(sources.map(({ closes }) => closes)).toEqual(sources.map(() => 1))
    expect(served.length).toBe(sources.length)
  })

  it('when a client of @hono/node-server hangs up that asked for many at once', async () => {
    const { options, served } = observe()
    const sources: CountingSource[] = []
    const handler = fileHandler(() => {
      const source = countingSource(large)
      sources.push(source)
      return source
    }, options)
    const { Request, Response } = globalThis
    // Puts classes of its own in their place, as it does in every server.
    const server = createAdaptorServer({ fetch: handler })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const client = connect(port, '127.0.0.1').pause()
    client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(60))
    await until(() => sources.length === 60)
    client.destroy()
    // Of those that wait behind another response, Node tells their host nothing.
    await untilCollected(() => served.length === 60).finally(() => {
      server.close()
      Object.assign(globalThis, { Request, Response })
    })
    expect(sources.map(({ closes }) => closes)).toEqual(sources.map(() => 1))
  })

  it('and counts nothing as sent that nobody took', async () => {
    const { options, served } = observe()
    const response = await serveFile(request(), countingSource(large), options)
    await response.body?.cancel()
    await settle()
    expect(served).toEqual([{ status: 200, sent: 0, aborted: true }])
  })

  it('and not while somebody reads', async () => {
    const source = countingSource(large, { read: async (bytes) => bytes.subarray(0, 50_000) })
    const reader = readerOf(await serveFile(request(), source))
    let received = 0
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      received += next.value.length
      await collectGarbage()
      if (received < large.length - 50_000) expect(source.closes).toBe(0)
    }
    expect({ received, closes: source.closes }).toEqual({ received: large.length, closes: 1 })
  })

  it('for each of many that come and go at once', async () => {
    const sources: CountingSource[] = []
    const handler = fileHandler(() => {
      const source = countingSource(large, { read: async (bytes) => bytes.subarray(0, 70_000) })
      sources.push(source)
      return source
    }, silent)
    await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const reader = readerOf(await handler(request()))
        for (let chunks = 0; chunks < i % 20; chunks++) await reader.read()
        await reader.cancel()
      }),
    )
    expect(sources.map(({ closes }) => closes)).toEqual(sources.map(() => 1))
  })
})

describe('readRange', () => {
  it('gives nothing after it was closed', async () => {
    const source = countingSource(large)
    const reader = new BodyReader(source, 0, 9)
    reader.close()
    expect(await reader.next()).toBe(null)
    expect(await reader.whole()).toBe(undefined)
    expect({ sent: reader.sent, closes: source.closes, reads: source.reads }).toEqual({
      sent: 0,
      closes: 1,
      reads: [],
    })
  })

  it.each(
    LATE_READS.slice(0, 3),
  )('gives nothing of a read that %s after it was closed', async (_what, end) => {
    const { source, pending } = pendingAfter(0)
    const reader = new BodyReader(source, 1, 10)
    const next = reader.next()
    reader.close()
    const [late] = pending
    if (late !== undefined) end(late)
    expect(await next).toBe(null)
    expect({ sent: reader.sent, closes: source.closes }).toEqual({ sent: 0, closes: 1 })
  })

  it('gives no bytes beyond a range, wherever it begins', async () => {
    const source = countingSource(large, { read: () => large.subarray(0, 10) })
    const reader = new BodyReader(source, 500, 509)
    await expect(reader.next()).rejects.toThrow('Expected 9 bytes from the source, got 10')
    expect({ sent: reader.sent, closes: source.closes }).toEqual({ sent: 0, closes: 1 })
  })

  it('gives nothing after everything was given', async () => {
    const source = countingSource(large)
    const reader = new BodyReader(source, 10, 5019)
    expect(await reader.next(undefined, 9)).toEqual(large.subarray(10, 19))
    expect(source.closes).toBe(0)
    expect(await reader.next()).toEqual(large.subarray(19, 5019))
    expect(source.closes).toBe(1)
    expect(await reader.next()).toBe(null)
    expect({ sent: reader.sent, length: reader.length }).toEqual({ sent: 5009, length: 5009 })
  })

  it('tells what could not be closed', async () => {
    const unclosed = new Error('EIO')
    const source = countingSource(large, { close: () => Promise.reject(unclosed) })
    const reader = new BodyReader(source, 0, 9)
    reader.close()
    expect(await reader.closed).toBe(unclosed)
  })

  it('fills a buffer that it is given, and gives no more at once than it holds', async () => {
    const into = new Uint8Array(1000)
    const filling = {
      size: large.length,
      read(start: number, end: number, buffer: Uint8Array = new Uint8Array(0)) {
        buffer.set(large.subarray(start, Math.min(end, start + buffer.length)))
        return buffer.subarray(0, Math.min(end - start, buffer.length))
      },
    }
    for (const source of [filling, countingSource(large)]) {
      const reader = new BodyReader(source, 500, 2600)
      const given: Buffer[] = []
      for (let chunk = await reader.next(into); chunk; chunk = await reader.next(into)) {
        given.push(Buffer.from(chunk))
      }
      expect(given.map(({ length }) => length)).toEqual([1000, 1000, 100])
      expect(Buffer.compare(Buffer.concat(given), large.subarray(500, 2600))).toBe(0)
    }
  })
})

describe('exactly', () => {
  it.each([Number.NaN, undefined, '15', 15n, -1, 1.5])('refuses the length %o', (length) => {
    expect(() => exactly(streamOf(large, 60_000), length as number)).toThrow(
      'Expected length to be a whole number',
    )
  })

  it('cancels the stream when it is dropped unread', async () => {
    let cancels = 0
    const drop = () => {
      for (let i = 0; i < 20; i++)
        exactly(
          streamOf(large, 9, () => void cancels++),
          99,
        )
    }
    drop()
    await untilCollected(() => cancels === 20)
  })

  it.each([
    ['a stream', large.length, 60_000],
    ['a byte', 1, 1],
  ])('passes on %s', async (_what, length, chunkSize) => {
    const bytes = large.subarray(0, length)
    const stream = exactly(streamOf(bytes, chunkSize), length)
    expect(Buffer.compare(await new Response(stream).bytes(), bytes)).toBe(0)
  })

  it.each([
    ['a chunk runs past the end', 100, 60, 120],
    ['a chunk begins at the end', 120, 60, 180],
    ['more comes than a byte', 1, 1, 2],
  ])('breaks when %s, and cancels the rest', async (_what, length, chunkSize, given) => {
    let cancels = 0
    const stream = exactly(
      streamOf(large, chunkSize, () => void cancels++),
      length,
    )
    await expect(new Response(stream).bytes()).rejects.toThrow(
      `Expected ${length} bytes from the source, got ${given}`,
    )
    await settle()
    expect(cancels).toBe(1)
  })

  it('cancels a stream of which nothing is wanted', async () => {
    let cancels = 0
    const stream = exactly(
      streamOf(large, 1, () => void cancels++),
      0,
    )
    expect((await new Response(stream).bytes()).length).toBe(0)
    await settle()
    expect(cancels).toBe(1)
  })

  it('breaks when the stream ends early', async () => {
    const stream = exactly(streamOf(large.subarray(0, 100), 60), 101)
    await expect(new Response(stream).bytes()).rejects.toThrow(
      'Expected 101 bytes from the source, got 100',
    )
  })

  it('breaks when the stream fails at its end, as one does that knows a checksum', async () => {
    const broken = new Error('another checksum')
    const checked = new TransformStream<Uint8Array, Uint8Array>({
      flush() {
        throw broken
      },
    })
    const stream = exactly(streamOf(large, 60_000).pipeThrough(checked), large.length)
    await expect(new Response(stream).bytes()).rejects.toThrow(broken)
  })

  it('breaks with the stream', async () => {
    const broken = new Error('ECONNRESET')
    const failing = new ReadableStream<Uint8Array>({ pull: (c) => c.error(broken) })
    await expect(new Response(exactly(failing, 9)).bytes()).rejects.toThrow(broken)
  })

  it('cancels the stream when nobody wants more', async () => {
    let cancels = 0
    const reader = exactly(
      streamOf(large, 9, () => void cancels++),
      99,
    ).getReader()
    await reader.read()
    await reader.cancel()
    const unread = exactly(
      streamOf(large, 9, () => void cancels++),
      99,
    )
    await unread.cancel()
    expect(cancels).toBe(2)
  })
})

interface Settle {
  resolve(chunk: Chunk): void
  reject(error: unknown): void
}

/** A source whose reads wait for the test, but for the first few bytes. */
function pendingAfter(length: number): { source: CountingSource; pending: Settle[] } {
  const pending: Settle[] = []
  const source = countingSource(large, {
    read: (bytes, start) =>
      start === 0
        ? bytes.subarray(0, length)
        : new Promise((resolve, reject) => void pending.push({ resolve, reject })),
  })
  return { source, pending }
}

function request(method = 'GET', headers: Record<string, string> = {}): Request {
  return new Request('http://localhost/film.mp4', {
    method,
    headers: { host: 'localhost', ...headers },
  })
}
