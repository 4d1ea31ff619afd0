import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { faststartFilms } from '../adapters/mp4.ts'
import {
  type R2BucketLike,
  type R2BucketOptions,
  type R2GetOptionsLike,
  type R2ObjectLike,
  r2Bucket,
  r2File,
} from '../adapters/r2.ts'
import { fileHandler, type ServeOptions, SourceChangedError } from '../src/index.ts'
import { describeSource } from './contract.ts'
import { fetchOnce } from './support/client.ts'
import { someBytes } from './support/counting-source.ts'
import { startWorker, type TestBucket, type WorkerServer } from './support/miniflare.ts'
import { box, offsetBox, track } from './support/mp4.ts'
import { until } from './support/wait.ts'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz'
const MD5 = 'c3fcd3d76192e4007dfb496cca67e13b'
const MANY = '9'.repeat(30)

let worker: WorkerServer

beforeAll(async () => {
  const contentType = 'text/plain'
  worker = await startWorker({
    letters: { bytes: bytes(ALPHABET), httpMetadata: { contentType } },
    empty: { bytes: bytes('') },
  })
})

afterAll(() => worker.stop())

describe('R2 is asked as little as possible', () => {
  const whole = {
    'accept-ranges': 'bytes',
    'cache-control': 'no-cache',
    'content-length': '26',
    'content-type': 'text/plain',
    etag: `"${MD5}"`,
    'x-content-type-options': 'nosniff',
  }
  const all = { status: 200, headers: whole, body: ALPHABET }
  const part = (range: string, body: string) => {
    const lengths = { 'content-length': `${body.length}`, 'content-range': `bytes ${range}/26` }
    return { status: 206, headers: { ...whole, ...lengths }, body }
  }
  const unsatisfiable = {
    status: 416,
    headers: { 'content-length': '0', 'content-range': 'bytes */26' },
    body: '',
  }
  const notModified = {
    status: 304,
    headers: { 'cache-control': 'no-cache', etag: `"${MD5}"` },
    body: '',
  }
  const failed = { status: 412, headers: { 'content-length': '0' }, body: '' }
  const missing = { status: 404, headers: { 'content-length': '0' }, body: '' }
  const empty = {
    status: 200,
    headers: {
      'accept-ranges': 'bytes',
      'cache-control': 'no-cache',
      'content-length': '0',
      'content-type': 'application/octet-stream',
      etag: '"d41d8cd98f00b204e9800998ecf8427e"',
      'x-content-type-options': 'nosniff',
    },
    body: '',
  }
  const pinned = (offset: number, length: number): unknown[] => [
    'get',
    'letters',
    { range: { offset, length }, onlyIf: { etagMatches: MD5 } },
  ]
  const get = (range?: R2GetOptionsLike['range'], key = 'letters'): unknown[] =>
    range === undefined ? ['get', key, undefined] : ['get', key, { range }]
  const head = (key = 'letters'): unknown[] => ['head', key]

  const rows: {
    request: string
    headers?: Record<string, string>
    options?: ServeOptions
    answer: object
    operations: unknown[][]
    bodies: BodyState[]
  }[] = [
    // One operation
    { request: 'GET /letters', answer: all, operations: [get()], bodies: ['read'] },
    {
      request: 'GET /letters',
      headers: { range: 'bytes=0-4' },
      answer: part('0-4', 'abcde'),
      operations: [get({ offset: 0, length: 5 })],
      bodies: ['read'],
    },
    {
      request: 'GET /letters',
      headers: { range: 'bytes=0-' },
      answer: part('0-25', ALPHABET),
      operations: [get()],
      bodies: ['read'],
    },
    {
      request: 'GET /letters',
      headers: { range: 'bytes=20-' },
      answer: part('20-25', 'uvwxyz'),
      operations: [get({ offset: 20 })],
      bodies: ['read'],
    },
    {
      request: 'GET /letters',
      headers: { range: 'bytes=20-99' },
      answer: part('20-25', 'uvwxyz'),
      operations: [get({ offset: 20, length: 80 })],
      bodies: ['read'],
    },
    {
      request: 'GET /letters',
      headers: { range: `bytes=20-${MANY}` },
      answer: part('20-25', 'uvwxyz'),
      operations: [get({ offset: 20 })],
      bodies: ['read'],
    },
    {
      request: 'GET /letters',
      headers: { range: 'bytes=-3' },
      answer: part('23-25', 'xyz'),
      operations: [get({ suffix: 3 })],
      bodies: ['read'],
    },
    {
      request: 'GET /letters',
      headers: { range: `bytes=-${MANY}` },
      answer: part('0-25', ALPHABET),
      operations: [get({ suffix: Number.MAX_SAFE_INTEGER })],
      bodies: ['read'],
    },
    {
      request: 'GET /letters',
      headers: { range: 'bytes=,3-3 ,' },
      answer: part('3-3', 'd'),
      operations: [get({ offset: 3, length: 1 })],
      bodies: ['read'],
    },
    {
      request: 'GET /letters',
      headers: { range: 'bytes=5-2' },
      answer: all,
      operations: [get()],
      bodies: ['read'],
    },
    {
      request: 'GET /letters',
      headers: { range: 'lines=1-2' },
      answer: all,
      operations: [get()],
      bodies: ['read'],
    },
    {
      request: 'GET /letters',
      headers: { range: 'bytes=0-4', 'if-range': `"${MD5}"` },
      answer: part('0-4', 'abcde'),
      operations: [get({ offset: 0, length: 5 })],
      bodies: ['read'],
    },
    // One operation, with any preconditions
    {
      request: 'GET /letters',
      headers: { 'if-none-match': `"x", W/"${MD5}"` },
      answer: notModified,
      operations: [get()],
      bodies: ['dropped'],
    },
    {
      request: 'GET /letters',
      headers: { 'if-none-match': `"${MD5}"`, range: 'bytes=0-4' },
      answer: notModified,
      operations: [get({ offset: 0, length: 5 })],
      bodies: ['dropped'],
    },
    {
      request: 'GET /letters',
      headers: { 'if-modified-since': 'Fri, 31 Dec 2100 00:00:00 GMT' },
      answer: notModified,
      operations: [get()],
      bodies: ['dropped'],
    },
    {
      request: 'GET /letters',
      headers: { 'if-match': '"x"', range: 'bytes=0-4' },
      answer: failed,
      operations: [get({ offset: 0, length: 5 })],
      bodies: ['dropped'],
    },
    {
      request: 'GET /letters',
      headers: { 'if-unmodified-since': 'Sun, 06 Nov 1994 08:49:37 GMT' },
      answer: failed,
      operations: [get()],
      bodies: ['dropped'],
    },
    {
      request: 'GET /letters',
      headers: { 'if-match': `"${MD5}"`, 'if-none-match': '"x", unterminated', range: 'bytes=-1' },
      answer: part('25-25', 'z'),
      operations: [get({ suffix: 1 })],
      bodies: ['read'],
    },
    // HEAD is one head
    {
      request: 'HEAD /letters',
      headers: { range: 'bytes=0-4' },
      answer: { ...all, body: '' },
      operations: [head()],
      bodies: [],
    },
    // Two operations when the set is unsatisfiable, but where no object has the bytes
    {
      request: 'GET /letters',
      headers: { range: 'bytes=26-' },
      answer: unsatisfiable,
      operations: [get({ offset: 26 }), head()],
      bodies: [],
    },
    {
      request: 'GET /letters',
      headers: { range: 'bytes=26-30' },
      answer: unsatisfiable,
      operations: [get({ offset: 26, length: 5 }), head()],
      bodies: [],
    },
    {
      request: 'GET /letters',
      headers: { range: 'bytes=-0' },
      answer: unsatisfiable,
      operations: [head()],
      bodies: [],
    },
    {
      request: 'GET /letters',
      headers: { range: `bytes=${MANY}-` },
      answer: unsatisfiable,
      operations: [head()],
      bodies: [],
    },
    {
      request: 'GET /letters',
      headers: { range: 'bytes=26-', 'if-match': '"x"' },
      answer: failed,
      operations: [get({ offset: 26 }), head()],
      bodies: [],
    },
    // Two operations when If-Range fails
    {
      request: 'GET /letters',
      headers: { range: 'bytes=0-4', 'if-range': '"x"' },
      answer: all,
      operations: [get({ offset: 0, length: 5 }), pinned(0, 26)],
      bodies: ['dropped', 'read'],
    },
    {
      request: 'GET /letters',
      headers: { range: 'bytes=20-', 'if-range': '"x"' },
      answer: all,
      operations: [get({ offset: 20 }), pinned(0, 26)],
      bodies: ['dropped', 'read'],
    },
    // Ranges that lie close together are read at once; each that doesn't is one operation more
    {
      request: 'GET /letters',
      headers: { range: 'bytes=0-1, -2' },
      answer: {
        status: 206,
        headers: {
          ...whole,
          'content-length': '248',
          'content-type': 'multipart/byteranges; boundary=BOUNDARY',
        },
        body: [
          '',
          '--BOUNDARY\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/26\r\n\r\nab',
          '--BOUNDARY\r\nContent-Type: text/plain\r\nContent-Range: bytes 24-25/26\r\n\r\nyz',
          '--BOUNDARY--\r\n',
        ].join('\r\n'),
      },
      operations: [head(), pinned(0, 26)],
      bodies: ['read'],
    },
    {
      request: 'GET /letters',
      headers: { range: 'bytes=0-1,30-' },
      answer: part('0-1', 'ab'),
      operations: [head(), pinned(0, 2)],
      bodies: ['read'],
    },
    {
      request: 'GET /letters',
      headers: { range: 'bytes=0-,0-' },
      answer: all,
      operations: [head(), pinned(0, 26)],
      bodies: ['read'],
    },
    {
      request: 'GET /letters',
      headers: { range: 'bytes=0-1,3-4', 'if-none-match': '*' },
      answer: notModified,
      operations: [head()],
      bodies: [],
    },
    // A slice cap is the core's: what was asked for in advance is too much
    {
      request: 'GET /letters',
      headers: { range: 'bytes=2-' },
      options: { maxSlice: 3, sliceFor: 'all' },
      answer: part('2-4', 'cde'),
      operations: [get({ offset: 2 }), pinned(2, 3)],
      bodies: ['dropped', 'read'],
    },
    // An empty object, of which R2 has no range
    {
      request: 'GET /empty',
      answer: empty,
      operations: [get(undefined, 'empty')],
      bodies: ['dropped'],
    },
    {
      request: 'GET /empty',
      headers: { range: 'bytes=0-' },
      answer: empty,
      operations: [get(undefined, 'empty')],
      bodies: ['dropped'],
    },
    {
      request: 'GET /empty',
      headers: { range: 'bytes=0-0' },
      answer: empty,
      operations: [get({ offset: 0, length: 1 }, 'empty'), head('empty')],
      bodies: [],
    },
    {
      request: 'GET /empty',
      headers: { range: 'bytes=-1' },
      answer: empty,
      operations: [get({ suffix: 1 }, 'empty'), head('empty')],
      bodies: [],
    },
    { request: 'HEAD /empty', answer: empty, operations: [head('empty')], bodies: [] },
    // No object
    { request: 'GET /none', answer: missing, operations: [get(undefined, 'none')], bodies: [] },
    {
      request: 'GET /none',
      headers: { range: 'bytes=0-4' },
      answer: missing,
      operations: [get({ offset: 0, length: 5 }, 'none')],
      bodies: [],
    },
    { request: 'HEAD /none', answer: missing, operations: [head('none')], bodies: [] },
    { request: `GET /${'é'.repeat(513)}`, answer: missing, operations: [], bodies: [] },
    { request: `GET /a${'é'.repeat(512)}`, answer: missing, operations: [], bodies: [] },
    {
      request: `GET /${'é'.repeat(512)}`,
      answer: missing,
      operations: [get(undefined, 'é'.repeat(512))],
      bodies: [],
    },
    // Other methods
    {
      request: 'POST /letters',
      answer: {
        status: 405,
        headers: { allow: 'GET, HEAD, OPTIONS', 'content-length': '0' },
        body: '',
      },
      operations: [],
      bodies: [],
    },
  ]
  for (const { request, headers = {}, options, ...row } of rows) {
    const names = row.operations.map(([name]) => name).join(', ') || 'nothing'
    it(`${request} ${JSON.stringify(headers)}: ${names}`, async () => {
      const [method, path] = request.split(' ')
      const { bucket, operations, bodies } = counting(worker.bucket)
      const handle = fileHandler(r2Bucket(bucket), options)
      const init = { headers, ...(method === undefined ? {} : { method }) }
      const response = await handle(new Request(`http://host${path}`, init))
      expect({ answer: await written(response), operations, bodies }).toEqual(row)
    })
  }
})

describe('an object of R2 as a source', () => {
  it.each([
    ['aws-chunked', null],
    ['identity', null],
    ['UTF-8', null],
    ['', null],
    ['gzip,aws-chunked', 'gzip'],
  ])('has the coding that a client undoes of %j', async (contentEncoding, expected) => {
    await worker.bucket.put('coded', bytes(ALPHABET), { httpMetadata: { contentEncoding } })
    const request = new Request('http://host/', { method: 'HEAD' })
    const source = await r2File(worker.bucket, 'coded', request)
    expect(new Headers(source?.headers).get('content-encoding')).toBe(expected)
  })

  it('what is stored with it becomes header fields, over those of the bucket', async () => {
    await worker.bucket.put('film', bytes(ALPHABET), {
      httpMetadata: {
        contentType: 'video/mp4',
        contentLanguage: 'de',
        contentDisposition: 'attachment; filename="film.mp4"',
        contentEncoding: 'br',
        cacheControl: 'max-age=60',
        cacheExpiry: new Date('2030-01-02T03:04:05.678Z'),
      },
    })
    const request = new Request('http://host/', { method: 'HEAD' })
    const headers = { 'Cache-Control': 'no-store', 'Access-Control-Allow-Origin': '*' }
    const source = await r2File(worker.bucket, 'film', request, { headers })
    const fields = Object.fromEntries(new Headers(source?.headers))
    expect({ ...source, headers: fields, read: null, close: null, digest: null }).toEqual({
      size: 26,
      type: 'video/mp4',
      etag: `"${MD5}"`,
      lastModified: (await worker.bucket.head('film'))?.uploaded,
      headers: {
        'access-control-allow-origin': '*',
        'content-language': 'de',
        'content-disposition': 'attachment; filename="film.mp4"',
        'content-encoding': 'br',
        'cache-control': 'max-age=60',
        expires: 'Wed, 02 Jan 2030 03:04:05 GMT',
      },
      read: null,
      close: null,
      digest: null,
    })
  })

  it.each([
    ['video/mp4', 'video/mp4'],
    [undefined, 'type of letters'],
    ['', 'type of letters'],
    // R2 stores it, and no header field can hold it.
    ['video/mp4; name="ф"', 'type of letters'],
  ])('of the stored type %j has the type %j', async (contentType, expected) => {
    const bucket: R2BucketLike = {
      head: async () => null,
      get: async () => ({ ...letters, httpMetadata: { ...(contentType && { contentType }) } }),
    }
    const letters = plain(expectFound(await worker.bucket.head('letters')))
    const request = new Request('http://host/')
    const type = (key: string) => `type of ${key}`
    expect((await r2File(bucket, 'letters', request, { type }))?.type).toBe(expected)
  })

  it('goes without what is stored with line breaks, which no server writes', async () => {
    const letters = plain(expectFound(await worker.bucket.head('letters')))
    const httpMetadata = { cacheControl: 'no-store\r\nx: y', contentLanguage: 'de' }
    const bucket: R2BucketLike = {
      head: async () => ({ ...letters, httpMetadata }),
      get: async () => null,
    }
    const source = await r2File(bucket, 'letters', new Request('http://host/', { method: 'HEAD' }))
    expect([...new Headers(source?.headers)]).toEqual([['content-language', 'de']])
  })

  it('whose fields can not be sent is let go of', async () => {
    let cancels = 0
    const body = new ReadableStream<Uint8Array>({ cancel: () => void cancels++ })
    const letters = plain(expectFound(await worker.bucket.head('letters')))
    const httpMetadata = { contentDisposition: 'attachment; filename="фильм.mp4"' }
    const bucket: R2BucketLike = {
      head: async () => null,
      get: async () => ({ ...letters, httpMetadata, body }),
    }
    await expect(r2File(bucket, 'letters', new Request('http://host/'))).rejects.toThrow(TypeError)
    expect(cancels).toBe(1)
  })

  it('whose body can not be let go of is told of', async () => {
    const broken = new Error('cancel: unavailable')
    const body = new ReadableStream<Uint8Array>({ cancel: () => Promise.reject(broken) })
    const letters = plain(expectFound(await worker.bucket.head('letters')))
    const bucket: R2BucketLike = {
      head: async () => null,
      get: async () => ({ ...letters, body }),
    }
    const errors: unknown[] = []
    const handle = fileHandler(r2Bucket(bucket), { onError: (error) => errors.push(error) })
    const headers = { 'if-none-match': '*' }
    const { status } = await handle(new Request('http://host/letters', { headers }))
    await until(() => errors.length > 0)
    expect([status, errors]).toEqual([304, [broken]])
  })

  it("R2's own stream is handed over untouched, once", async () => {
    const request = new Request('http://host/', { headers: { range: 'bytes=2-4' } })
    const given: unknown[] = []
    const bucket: R2BucketLike = {
      head: (key) => worker.bucket.head(key),
      async get(key, options) {
        const object = await worker.bucket.get(key, options)
        if (object === null) return null
        const { body } = object
        given.push(body)
        return { ...plain(object), ...(body && { body }) }
      },
    }
    const source = expectFound(await r2File(bucket, 'letters', request))
    const bodies = [await source.read.native?.body?.(2, 5), await source.read.native?.body?.(2, 5)]
    expect(bodies.map((body, index) => body === given[index])).toEqual([true, true])
    expect(await Promise.all(bodies.map((body) => new Response(body).text()))).toEqual([
      'cde',
      'cde',
    ])
    expect(given).toHaveLength(2)
  })

  describe("read through a byte stream as workerd's, which gives little at a time", () => {
    const size = 1_000_000
    const reasons: unknown[] = []

    async function read(): Promise<ReadableStream<Uint8Array>> {
      const body = new ReadableStream({
        type: 'bytes',
        pull({ byobRequest }) {
          byobRequest?.respond(Math.min(4096, byobRequest.view?.byteLength ?? 0))
        },
        cancel: (reason) => void reasons.push(reason),
      })
      const object = { size, etag: 'a', httpEtag: '"a"', uploaded: new Date(), body }
      const bucket: R2BucketLike = { head: async () => null, get: async () => object }
      const source = expectFound(await r2File(bucket, 'k', new Request('http://host/')))
      const chunks = await source.read(0, size)
      if (chunks instanceof ReadableStream) return chunks
      throw new Error(`Expected a stream, got ${chunks.length} bytes`)
    }

    it('the chunks are large', async () => {
      const lengths: number[] = []
      for await (const { length } of await read()) lengths.push(length)
      expect(lengths).toEqual([262_144, 262_144, 262_144, 213_568])
    })

    it('a hang-up is passed on', async () => {
      const reader = (await read()).getReader()
      await reader.read()
      await reader.cancel('enough')
      expect(reasons).toEqual(['enough'])
    })
  })

  it('hung up before the end, the body that is being read is cancelled', async () => {
    await worker.bucket.put('big', new Uint8Array(1_000_000))
    const { bucket, bodies } = counting(worker.bucket)
    const handle = fileHandler(r2Bucket(bucket))
    const headers = { range: 'bytes=0-0', 'if-range': '"x"' }
    const response = await handle(new Request('http://host/big', { headers }))
    const reader = response.body?.getReader()
    await reader?.read()
    await reader?.cancel()
    expect(bodies).toEqual(['dropped', 'cancelled'])
  })
})

describeSource('r2File', {
  isFar: true,
  async make(content) {
    const key = crypto.randomUUID()
    await worker.bucket.put(key, content)
    const { bucket, bodies } = counting(hourOld(worker.bucket))
    return { key, content, bodies, open: (request: Request) => r2File(bucket, key, request) }
  },
  openHandles: ({ bodies }) => bodies.filter((state) => state === 'open').length,
  // R2 goes on with the version that it has begun to give, or breaks off.
  changes: {
    replaced: {
      apply: async ({ key, content }) =>
        void (await worker.bucket.put(key, someBytes(content.length, 99))),
      outcome: 'either',
    },
    deleted: { apply: ({ key }) => worker.bucket.delete(key), outcome: 'either' },
  },
  openMissing: (request) => r2File(worker.bucket, 'none', request),
})

describe('a bucket that fails', () => {
  it.each<{ failing: string[]; headers: Record<string, string>; operations: string[] }>([
    { failing: ['get'], headers: {}, operations: ['get'] },
    { failing: ['head', 'get'], headers: { range: 'bytes=0-4' }, operations: ['get', 'head'] },
    { failing: ['get'], headers: { range: 'bytes=0-4' }, operations: ['get', 'head', 'get'] },
    { failing: ['get'], headers: { range: 'bytes=0-1,3-4' }, operations: ['head', 'get'] },
    { failing: ['head'], headers: { range: 'bytes=0-1,3-4' }, operations: ['head'] },
  ])('$failing fails, $headers: 503 and nothing else', async ({ failing, headers, operations }) => {
    const asked: string[] = []
    const refuse = (operation: string) => {
      asked.push(operation)
      if (failing.includes(operation)) throw new Error(`${operation}: unavailable`)
    }
    const bucket: R2BucketLike = {
      async head(key) {
        refuse('head')
        return worker.bucket.head(key)
      },
      async get(key, options) {
        refuse('get')
        return worker.bucket.get(key, options)
      },
    }
    const errors: unknown[] = []
    const handle = fileHandler(r2Bucket(bucket), { onError: (error) => errors.push(error) })
    const response = await handle(new Request('http://host/letters', { headers }))
    expect({ answer: await written(response), asked, errors }).toEqual({
      answer: {
        status: 503,
        headers: { 'content-length': '0', 'retry-after': '1' },
        body: '',
      },
      asked: operations,
      errors: [new Error(`${operations.at(-1)}: unavailable`)],
    })
  })
})

describe('one version per response', () => {
  const changes: [string, (bucket: TestBucket) => Promise<unknown>][] = [
    ['replaced', (bucket) => bucket.put('changing', new Uint8Array(400_000).fill(2))],
    ['deleted', (bucket) => bucket.delete('changing')],
  ]
  const requests: [string, Record<string, string>, number][] = [
    ['If-Range fails', { range: 'bytes=0-4', 'if-range': '"x"' }, 1],
    ['the first part', { range: 'bytes=0-4,10-14' }, 1],
    ['a later part of a body held back', { range: 'bytes=0-4,100000-100004' }, 2],
  ]
  for (const [change, apply] of changes) {
    it.each(requests)(`${change} before %s: 503`, async (_, headers, after) => {
      const { response, errors } = await serveWhileChanging(headers, after, apply)
      expect(await written(response)).toEqual({
        status: 503,
        headers: { 'content-length': '0', 'retry-after': '1' },
        body: '',
      })
      expect(errors).toEqual([new SourceChangedError('changing changed while it was being served')])
    })

    it(`${change} before a later part: the body breaks`, async () => {
      const headers = { range: 'bytes=0-199999,300000-' }
      const { response, errors } = await serveWhileChanging(headers, 2, apply)
      await expect(response.bytes()).rejects.toThrow('changing changed while it was being served')
      expect(response.status).toBe(206)
      expect(errors).toHaveLength(1)
    })
  }

  async function serveWhileChanging(
    headers: Record<string, string>,
    after: number,
    apply: (bucket: TestBucket) => Promise<unknown>,
  ): Promise<{ response: Response; errors: unknown[] }> {
    await worker.bucket.put('changing', new Uint8Array(400_000).fill(1))
    const { bucket, operations } = counting(worker.bucket)
    const change = async () => {
      if (operations.length === after) await apply(worker.bucket)
    }
    const changing: R2BucketLike = {
      async head(key) {
        const object = await bucket.head(key)
        await change()
        return object
      },
      async get(key, options) {
        const object = await bucket.get(key, options)
        await change()
        return object
      },
    }
    const errors: unknown[] = []
    const handle = fileHandler(r2Bucket(changing), { onError: (error) => errors.push(error) })
    return { response: await handle(new Request('http://host/changing', { headers })), errors }
  }
})

describe('from URL to key', () => {
  it.each([
    'plain.mp4',
    'two words.mp4',
    '100%.mp4',
    '%2e%2e',
    'a#b.mp4',
    'a?b=c.mp4',
    'a+b&c;d=e.mp4',
    `quotes "' and <>.mp4`,
    'folder/sub folder/ü.mp4',
    'u\u0308 decomposed.mp4',
    '日本語/映画.mp4',
    '🎬.mp4',
    '.well-known/film.mp4',
  ])('the object %s is found', async (key) => {
    await worker.bucket.put(`keys/${key}`, bytes(key))
    const path = key.split('/').map(encodeURIComponent).join('/')
    const lookup = r2Bucket(worker.bucket, { prefix: 'keys/', base: '/media/' })
    const response = await fileHandler(lookup)(new Request(`http://host/media/${path}?v=1`))
    expect({ status: response.status, body: await response.text() }).toEqual({
      status: 200,
      body: key,
    })
  })

  it.each<[string, string[]]>([
    ['/public/secret', ['public/secret']],
    ['/public/../secret', []],
    ['/public/%2e%2e/secret', []],
    ['/public/..%2fsecret', []],
    ['/public/..%5csecret', []],
    ['/public/x/..%2f..%2fsecret', []],
    ['/public/x/../../../secret', []],
    ['/public/x/../secret', ['public/secret']],
    ['/public//secret', ['public/secret']],
    ['/public/secret/', []],
    ['/public/', []],
    ['/public', []],
    ['/secret', []],
    ['/publicsecret', []],
    ['/public/%00', []],
    ['/public/%ff', []],
    ['/public/%', []],
    ['/public/.hidden', []],
    ['/public/x/.hidden', []],
  ])('%s leads to %j, never out of the prefix', async (path, keys) => {
    const asked: string[] = []
    const ask = async (key: string) => {
      asked.push(key)
      return null
    }
    const lookup = r2Bucket({ head: ask, get: ask }, { prefix: 'public/', base: '/public/' })
    const response = await fileHandler(lookup)(new Request(`http://host${path}`))
    expect({ status: response.status, asked }).toEqual({ status: 404, asked: keys })
  })

  it.each([
    { prefix: 'public' },
    { prefix: '/..' },
    { base: 'media/' },
    { base: '/media' },
    { headers: { 'a b': 'c' } },
  ])('%j is refused at once', (options) => {
    expect(() => r2Bucket(worker.bucket, options)).toThrow(TypeError)
  })

  it.each([
    [{ type: 'video/mp4' }, 'Expected type to be a function, got video/mp4'],
    [{ prefix: null }, "Expected prefix to be empty or end with '/', got 'null'"],
    [{ base: 5 }, "Expected base to start and end with '/', got '5'"],
  ])('%j, of the wrong type, is refused at once', (given, message) => {
    const options: R2BucketOptions = Object(given)
    expect(() => r2Bucket(worker.bucket, options)).toThrow(new TypeError(message))
  })

  it('a binding that is not there is refused at once', () => {
    const env: { MEDIA: R2BucketLike } = JSON.parse('{}')
    expect(() => r2Bucket(env.MEDIA)).toThrow('Expected an R2 bucket, got undefined')
  })
})

describe('in workerd', () => {
  it('of the oldest compatibility date that docs name, several ranges are sent, too', async () => {
    const files = { letters: { bytes: bytes(ALPHABET) } }
    const old = await startWorker(files, 'examples/worker.ts', {}, '2022-11-30')
    try {
      const url = `http://127.0.0.1:${old.port}/letters`
      const response = await fetch(url, { headers: { range: 'bytes=0-1,24-25' } })
      expect([response.status, await response.text()]).toEqual([
        206,
        expect.stringMatching(/\r\nab\r\n.*\r\nyz\r\n/s),
      ])
    } finally {
      await old.stop()
    }
  })

  it('a 200 to a request that carries Range, and multipart, through JavaScript', async () => {
    const content = new Uint8Array(1_000_000).map((_, index) => index * 7 + (index >> 8))
    await worker.bucket.put('wide', content, { httpMetadata: { contentType: 'video/mp4' } })
    const url = `http://127.0.0.1:${worker.port}/wide`
    const whole = await fetch(url, { headers: { range: 'bytes=0-4', 'if-range': '"x"' } })
    expect({
      status: whole.status,
      length: whole.headers.get('content-length'),
      isRight: Buffer.from(await whole.arrayBuffer()).equals(content),
    }).toEqual({ status: 200, length: '1000000', isRight: true })
    const parts = await fetch(url, { headers: { range: 'bytes=10-600009,700000-' } })
    const body = Buffer.from(await parts.arrayBuffer())
    expect({
      status: parts.status,
      length: parts.headers.get('content-length'),
      first: body.includes(Buffer.from(content.subarray(10, 600_010))),
      second: body.includes(Buffer.from(content.subarray(700_000))),
    }).toEqual({ status: 206, length: `${body.length}`, first: true, second: true })
  })

  it('what is stored encoded is sent as it is', async () => {
    const contentEncoding = 'gzip'
    const httpMetadata = { contentType: 'video/mp4', contentEncoding }
    await worker.bucket.put('encoded', bytes('not gzip at all'), { httpMetadata })
    const lines = ['GET /encoded HTTP/1.1', 'Range: bytes=4-7', 'Accept-Encoding: identity']
    const { status, fields, body } = await fetchOnce(worker.port, lines)
    const headers = Object.fromEntries(fields.map(([name, value]) => [name.toLowerCase(), value]))
    expect({
      status,
      encoding: headers['content-encoding'],
      range: headers['content-range'],
      body: String(body),
    }).toEqual({ status: 206, encoding: contentEncoding, range: 'bytes 4-7/15', body: 'gzip' })
  })
})

describe('a lookup that is made for each request', () => {
  it('remembers of a film what was found of it for another request', async () => {
    const index = box('moov', track(offsetBox('stco', [20])))
    const film = Buffer.concat([box('ftyp', 'isom'), box('mdat', someBytes(100)), index])
    await worker.bucket.put('films/a.mp4', new Uint8Array(film))
    const { bucket, operations } = counting(worker.bucket)
    const options = { prefix: 'films/', transform: faststartFilms }
    const handler = fileHandler((request) => r2Bucket(bucket, options)(request))
    const costs: number[] = []
    for (let i = 0; i < 2; i++) {
      const before = operations.length
      const response = await handler(new Request('http://localhost/a.mp4', { method: 'HEAD' }))
      expect(response.headers.get('etag')).toMatch(/-faststart"$/)
      costs.push(operations.length - before)
    }
    // The object, two or more heads of boxes, and the index; then the object.
    expect(costs).toEqual([4, 1])
  })
})

/** Dropped: cancelled before the first byte. */
type BodyState = 'open' | 'dropped' | 'read' | 'cancelled' | 'broken'

/** A bucket, every operation on it, and what became of each body that it gave. */
function counting(bucket: R2BucketLike): {
  bucket: R2BucketLike
  operations: unknown[]
  bodies: BodyState[]
} {
  const operations: unknown[] = []
  const bodies: BodyState[] = []
  const counted: R2BucketLike = {
    head(key) {
      operations.push(['head', key])
      return bucket.head(key)
    },
    async get(key, options) {
      operations.push(['get', key, options])
      const object = await bucket.get(key, options)
      if (!object?.body) return object
      const index = bodies.push('open') - 1
      return {
        ...plain(object),
        body: watched(object.body, (end) => {
          if (bodies[index] !== 'open') throw new Error('Ended twice')
          bodies[index] = end
        }),
      }
    },
  }
  return { bucket: counted, operations, bodies }
}

function watched(
  body: ReadableStream<Uint8Array>,
  onEnd: (end: BodyState) => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let isDropped = true
  const source: UnderlyingDefaultSource<Uint8Array> = {
    async pull(controller) {
      const { value, done } = await reader.read().catch((error) => {
        onEnd('broken')
        throw error
      })
      isDropped = false
      if (!done) return controller.enqueue(value)
      onEnd('read')
      controller.close()
    },
    cancel(reason) {
      onEnd(isDropped ? 'dropped' : 'cancelled')
      return reader.cancel(reason)
    },
  }
  return new ReadableStream(source, { highWaterMark: 0 })
}

/** A bucket whose objects have a strong Last-Modified, as none has within a second. */
function hourOld(bucket: R2BucketLike): R2BucketLike {
  const aged = (object: R2ObjectLike | null) => {
    if (object === null) return null
    const uploaded = new Date(object.uploaded.getTime() - 3_600_000)
    return { ...plain(object), ...(object.body && { body: object.body }), uploaded }
  }
  return {
    head: async (key) => aged(await bucket.head(key)),
    get: async (key, options) => aged(await bucket.get(key, options)),
  }
}

/** The metadata out of miniflare's stub, whose properties can't be spread. */
function plain({ size, etag, httpEtag, uploaded, httpMetadata = {} }: R2ObjectLike): R2ObjectLike {
  return { size, etag, httpEtag, uploaded, httpMetadata }
}

function expectFound<T>(source: T | null): T {
  if (source === null) throw new Error('Expected an object, found none')
  return source
}

/** A response as a plain value; Last-Modified depends on how long ago the test began. */
async function written(response: Response): Promise<object> {
  const { 'last-modified': _, ...headers } = Object.fromEntries(response.headers)
  const boundary = /boundary=(.*)/.exec(headers['content-type'] ?? '')?.[1] ?? 'BOUNDARY'
  if (headers['content-type'] !== undefined) {
    headers['content-type'] = headers['content-type'].replace(boundary, 'BOUNDARY')
  }
  const body = (await response.text()).replaceAll(boundary, 'BOUNDARY')
  return { status: response.status, headers, body }
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

describe('what R2 knows besides', () => {
  async function fieldsOf(wanted: string): Promise<string | null> {
    const handler = fileHandler(r2Bucket(worker.bucket))
    const headers = { 'want-repr-digest': wanted, range: 'bytes=0-3' }
    const response = await handler(new Request('http://host/digested', { headers }))
    await response.bytes()
    return response.headers.get('repr-digest')
  }

  it('digests, of all of the object', async () => {
    const content = bytes(ALPHABET)
    const sha256 = new Uint8Array(createHash('sha256').update(content).digest())
    await worker.bucket.put('digested', content, { sha256 } as object)
    const of = (name: string) => createHash(name).update(content).digest('base64')
    expect(await fieldsOf('sha-256=10, md5=1')).toBe(`sha-256=:${of('sha256')}:`)
    expect(await fieldsOf('sha-512=10, md5=1')).toBe(`md5=:${of('md5')}:`)
    expect(await fieldsOf('sha-512=10')).toBe(null)
  })

  it('folders, page by page, below the prefix, each of them once', async () => {
    const asked: unknown[] = []
    const bucket: R2BucketLike = {
      head: async () => null,
      get: async () => null,
      async list({ prefix, delimiter, cursor }) {
        asked.push([prefix, delimiter, cursor])
        const uploaded = new Date(0)
        if (cursor === 'more') {
          const delimitedPrefixes = [`${prefix}a/`, `${prefix}c/`]
          return { objects: [], delimitedPrefixes, truncated: false }
        }
        const objects = ['', 'b.mp4'].map((name) => ({ key: prefix + name, size: 5, uploaded }))
        return { objects, delimitedPrefixes: [`${prefix}a/`], truncated: true, cursor: 'more' }
      },
    }
    const handler = fileHandler(r2Bucket(bucket, { prefix: 'public/', listing: 'json' }))
    const response = await handler(new Request('http://host/films/'))
    expect(await response.json()).toEqual([
      { name: 'a', type: 'directory' },
      { name: 'c', type: 'directory' },
      { name: 'b.mp4', type: 'file', mtime: 'Thu, 01 Jan 1970 00:00:00 GMT', size: 5 },
    ])
    const pages = asked.slice(-2)
    expect(pages).toEqual([
      ['public/films/', '/', undefined],
      ['public/films/', '/', 'more'],
    ])
  })

  it.each([
    undefined,
    'same',
  ])('a folder whose pages go on after %s without end is a 503', async (cursor) => {
    const page = { objects: [], delimitedPrefixes: ['a/'], truncated: true, cursor }
    const list = async () => Object(page)
    const bucket: R2BucketLike = { head: async () => null, get: async () => null, list }
    const errors: unknown[] = []
    const onError = (error: unknown) => errors.push(error)
    const handler = fileHandler(r2Bucket(bucket, { listing: true }), { onError })
    expect((await handler(new Request('http://host/'))).status).toBe(503)
    expect(errors).toEqual([
      new Error("Expected another page of the listing of '', got the same again"),
    ])
  })

  it.each([
    ['a site without options', {}, '/none', {}, ['get']],
    [
      'a missing folder of a site with an index',
      { index: 'index.html' },
      '/none',
      {},
      ['get', 'get'],
    ],
    [
      'a file that is stored encoded',
      { precompressed: true },
      '/app.js',
      { 'accept-encoding': 'br' },
      ['get', 'get'],
    ],
    [
      'a film, whatever is accepted',
      { precompressed: true },
      '/film.mp4',
      { 'accept-encoding': 'br' },
      ['get'],
    ],
  ] as const)('%s costs %j', async (_what, options, path, headers, operations) => {
    const put = (key: string, contentType: string) =>
      worker.bucket.put(key, bytes(key), { httpMetadata: { contentType } })
    await put('app.js', 'text/javascript')
    await put('app.js.br', 'text/javascript')
    await put('film.mp4', 'video/mp4')
    const { bucket, operations: made } = counting(worker.bucket)
    const response = await fileHandler(r2Bucket(bucket, options))(
      new Request(`http://host${path}`, { headers }),
    )
    await response.bytes()
    expect(made.map((operation) => [operation].flat()[0])).toEqual(operations)
  })
})
