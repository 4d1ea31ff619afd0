import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type CachedLookup, type CacheOptions, cached } from '../adapters/cache.ts'
import { isSource } from '../src/lookup.ts'
import { readBytes } from '../src/reader.ts'
import { fileHandler } from '../src/serve.ts'
import type { FileSource, RequestLike } from '../src/source.ts'
import { someBytes, streamOf } from './support/counting-source.ts'
import { readerOf } from './support/reader.ts'
import { expectNoUnhandledRejections } from './support/unhandled.ts'
import { settle, until } from './support/wait.ts'

expectNoUnhandledRejections()

/** Small enough for many blocks, and no divisor of anything. */
const BLOCK = 1000
const film = someBytes(10 * BLOCK + 7)

interface Origin {
  bytes: Uint8Array
  etag: string | undefined
  headers?: HeadersInit
  /** What each read waits for. */
  gate: Promise<unknown>
  /** Thrown by each read instead. */
  failure: Error | null
  /** Where reads fail. */
  failsAt: number | null
  /** Method, path, Range of each look-up, in order. */
  readonly asked: string[]
  /** How many reads are under way. */
  open: number
  lookUp(request: RequestLike): FileSource | null
}

/** A slow server of one file, `/film`, that gives streams. */
function origin(bytes = film): Origin {
  const origin: Origin = {
    bytes,
    etag: '"1"',
    gate: Promise.resolve(),
    failure: null,
    failsAt: null,
    asked: [],
    open: 0,
    lookUp({ method, url, headers }) {
      const { pathname } = new URL(url)
      const range = headers.get('range')
      origin.asked.push([method, pathname, range].filter((part) => part !== null).join(' '))
      if (pathname !== '/film') return null
      const { bytes, etag } = origin
      origin.open++
      return {
        size: bytes.length,
        etag,
        headers: origin.headers,
        async read(start, end) {
          await origin.gate
          if (origin.failure !== null) throw origin.failure
          if (origin.failsAt === start) throw new Error('slow down')
          return streamOf(bytes.subarray(start, end), 300)
        },
        close: () => void origin.open--,
      }
    },
  }
  return origin
}

/** The Ranges of the GETs that came to an origin, as numbers of blocks. */
function blocksOf({ asked }: Origin): number[] {
  const gets = asked.filter((line) => line.startsWith('GET '))
  return gets.map((line) => Number(/bytes=(\d+)-/.exec(line)?.[1]) / BLOCK)
}

function cacheOf(upstream: Origin, options: CacheOptions = {}): CachedLookup {
  return cached(upstream.lookUp, { blockSize: BLOCK, readAhead: 0, memory: 1e6, ...options })
}

function ask(lookup: CachedLookup, range?: string, more: RequestInit = {}): Promise<Response> {
  const headers = { ...(range && { range: `bytes=${range}` }), ...more.headers }
  const request = new Request('http://localhost/film', { ...more, headers })
  return fileHandler(lookup, { onError: () => {} })(request)
}

/** What is left of the answers when the bytes are compared. */
async function received(response: Response, expected: Uint8Array): Promise<unknown> {
  const same = Buffer.compare(await response.bytes(), expected) === 0
  return { status: response.status, same }
}

const WHOLE = { status: 200, same: true }
const PART = { status: 206, same: true }

describe('a cache of blocks', () => {
  it('reads each block once, whatever is asked of it', async () => {
    const upstream = origin()
    const lookup = cacheOf(upstream)
    expect(await received(await ask(lookup, '2500-2999'), film.subarray(2500, 3000))).toEqual(PART)
    expect(await received(await ask(lookup, '1999-3000'), film.subarray(1999, 3001))).toEqual(PART)
    expect(await received(await ask(lookup), film)).toEqual(WHOLE)
    expect(await received(await ask(lookup, '-7'), film.subarray(-7))).toEqual(PART)
    expect(blocksOf(upstream).sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(upstream.open).toBe(0)
  })

  it('a second viewer of a film costs one HEAD, and no byte', async () => {
    const upstream = origin()
    const lookup = cacheOf(upstream)
    await (await ask(lookup)).bytes()
    upstream.asked.length = 0
    expect(await received(await ask(lookup), film)).toEqual(WHOLE)
    expect(upstream.asked).toEqual(['HEAD /film'])
    expect(lookup.stats).toEqual({
      hits: 11,
      shared: 0,
      tierHits: 0,
      misses: 11,
      failures: 0,
      tierFailures: 0,
      bytes: film.length,
    })
  })

  it('100 viewers who start at once cost one read per block', async () => {
    const upstream = origin()
    const lookup = cacheOf(upstream)
    const viewers = Array.from({ length: 100 }, async () => received(await ask(lookup), film))
    expect(await Promise.all(viewers)).toEqual(viewers.map(() => WHOLE))
    expect(blocksOf(upstream)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  it('gives the same answers as without it, conditions included', async () => {
    const upstream = origin()
    const plain = fileHandler(upstream.lookUp)
    const lookup = cacheOf(upstream)
    const rows: RequestInit[] = [
      {},
      { method: 'HEAD' },
      { headers: { range: 'bytes=5-' } },
      { headers: { range: 'bytes=1-2,9000-9001' } },
      { headers: { range: 'bytes=99999-' } },
      { headers: { 'if-none-match': '"1"' } },
      { headers: { 'if-match': '"2"' } },
      { headers: { range: 'bytes=5-9', 'if-range': '"2"' } },
      { method: 'POST' },
    ]
    const told = async (response: Response) => {
      const boundary = /boundary=(\S+)/.exec(response.headers.get('content-type') ?? '')?.[1] ?? ' '
      const text = Buffer.from(await response.bytes()).toString('latin1')
      return [response.status, JSON.stringify([...response.headers]), text].map((part) =>
        String(part).replaceAll(boundary, ''),
      )
    }
    for (const row of rows) {
      const direct = await plain(new Request('http://localhost/film', row))
      expect(await told(await ask(lookup, undefined, row))).toEqual(await told(direct))
    }
  })

  it.each([
    ['HEAD', undefined, { method: 'HEAD' }, 200],
    ['a client that has it', undefined, { headers: { 'if-none-match': '"1"' } }, 304],
    ['an unsatisfiable range', '99999-', {}, 416],
  ])('reads nothing for %s', async (_what, range, more, status) => {
    const upstream = origin()
    const response = await ask(cacheOf(upstream), range, more)
    expect([response.status, upstream.asked]).toEqual([status, ['HEAD /film']])
  })

  it('serves an empty file, and one smaller than a block', async () => {
    for (const bytes of [new Uint8Array(0), someBytes(3)]) {
      const upstream = origin(bytes)
      const lookup = cacheOf(upstream)
      expect(await received(await ask(lookup), bytes)).toEqual(WHOLE)
      expect(lookup.stats.bytes).toBe(bytes.length)
    }
  })

  it('says that there is nothing, each time anew, for one HEAD', async () => {
    const upstream = origin()
    const handler = fileHandler(cacheOf(upstream, { revalidate: 1e6 }))
    const statuses = [1, 2].map(async () => (await handler(new Request('http://x/none'))).status)
    expect(await Promise.all(statuses)).toEqual([404, 404])
    expect(upstream.asked).toEqual(['HEAD /none', 'HEAD /none'])
  })

  it.each([
    ['a weak tag', 'W/"1"'],
    ['no tag', undefined],
  ])('passes a file with %s through, in one read', async (_what, etag) => {
    const upstream = origin()
    upstream.etag = etag
    const lookup = cacheOf(upstream)
    expect(await received(await ask(lookup, '5-5004'), film.subarray(5, 5005))).toEqual(PART)
    expect(upstream.asked).toEqual(['HEAD /film', 'GET /film bytes=5-5004'])
    expect([lookup.stats.bytes, upstream.open]).toEqual([0, 0])
  })

  it('passes an answer that is no file through', async () => {
    const body = [new TextEncoder().encode('gone')]
    const headers = { 'content-length': '4' }
    const lookup = cached(({ method }) => {
      return { status: 410, headers, pieces: method === 'GET' ? body : [] }
    })
    const response = await fileHandler(lookup)(new Request('http://localhost/'))
    expect([response.status, await response.text()]).toEqual([410, 'gone'])
  })

  it('a failure of the far side is passed on, and asks it once', async () => {
    let asked = 0
    const lookup = cached(() => {
      asked++
      return { status: 503, headers: { 'retry-after': '7' }, pieces: [] }
    })
    const { status, headers } = await fileHandler(lookup)(new Request('http://localhost/'))
    expect([status, headers.get('retry-after'), asked]).toEqual([503, '7', 1])
  })

  it('passes on what the host gives beside the request', async () => {
    const given: unknown[] = []
    const lookup = cached(
      (_request, ...context: [env: string, ctx: number]) => {
        given.push(context)
        return { size: 2, etag: '"1"', read: () => new Uint8Array(2) }
      },
      { key: (_request, env, ctx) => env + ctx },
    )
    const response = await fileHandler(lookup)(new Request('http://localhost/'), 'env', 7)
    await response.bytes()
    expect(given).toEqual([
      ['env', 7],
      ['env', 7],
    ])
  })
})

it('blocks are asked for with the fields of the request, as it came', async () => {
  const upstream = origin(someBytes(300_000))
  const seen: string[] = []
  const lookup = cached(
    (request) => {
      const fields = ['cookie', 'range', 'if-none-match', 'If-Range', 'if-match']
      seen.push(fields.map((name) => request.headers.get(name)).join(' '))
      return upstream.lookUp(request)
    },
    { blockSize: 150_000 },
  )
  const headers = { cookie: 'a', 'if-none-match': '"2"', 'if-match': '"1"', range: 'bytes=5-' }
  const request = new Request('http://localhost/film', { headers })
  const response = await fileHandler(lookup)(request)
  request.headers.set('cookie', 'another')
  await response.bytes()
  expect(seen).toEqual(['a    ', 'a bytes=0-149999   ', 'a bytes=150000-299999   '])
})

describe('what names a file', () => {
  async function readsOf(options: CacheOptions, ...urls: string[]): Promise<number> {
    const upstream = origin()
    const handler = fileHandler(cacheOf(upstream, options))
    for (const url of urls) await (await handler(new Request(url))).bytes()
    return blocksOf(upstream).length
  }

  it('its whole URL', async () => {
    expect(await readsOf({}, 'http://a/film', 'http://a/film')).toBe(11)
    expect(await readsOf({}, 'http://a/film', 'http://b/film', 'http://a/film?2')).toBe(33)
  })

  it('what the option says', async () => {
    const key = ({ url }: RequestLike) => new URL(url).pathname
    expect(await readsOf({ key }, 'http://a/film', 'http://b/film?2')).toBe(11)
  })

  it.each([null, undefined])('nothing: then it is not cached: %j', async (name) => {
    const upstream = origin()
    const lookup = cacheOf(upstream, { key: () => name as null })
    expect(await received(await ask(lookup, '5-9'), film.subarray(5, 10))).toEqual(PART)
    expect([upstream.asked, lookup.stats.bytes]).toEqual([['GET /film bytes=5-9'], 0])
  })

  it('no promise, which would be another name each time', async () => {
    const lookup = cacheOf(origin(), { key: (async () => '/film') as never })
    const error = new TypeError('Expected key() to give a string, got Promise')
    await expect(lookup(new Request('http://localhost/film'))).rejects.toEqual(error)
  })

  it('the host and the path, where a URL is only that', async () => {
    const upstream = origin()
    const lookup = cached(
      ({ method, url, headers }) => upstream.lookUp({ method, url: `http://x${url}`, headers }),
      { blockSize: BLOCK, readAhead: 0 },
    )
    for (const host of ['a', 'b', 'a']) {
      const headers = { get: (name: string) => (name === 'host' ? host : null) }
      const source = (await lookup({ method: 'GET', url: '/film', headers })) as FileSource
      await source.read(0, 1)
      await source.close?.()
    }
    expect(blocksOf(upstream)).toEqual([0, 0])
  })

  it.each([
    ['of Hono', (path: string) => [{ mount: `http://host${path}` }, {}]],
    ['of Express', (path: string) => [{}, { originalUrl: `${path}/a.txt`, url: '/a.txt' }]],
    ['that was rewritten', (path: string) => [{}, { originalUrl: path, url: '/a.txt' }]],
    [
      'of an absolute form',
      (path: string) => {
        const url = 'http://host/a.txt'
        return [{ url }, { originalUrl: `http://host${path}/a.txt`, url }]
      },
    ],
    ['of another host of Hono', (path: string) => [{ mount: `http:/${path}` }, {}]],
  ])('the whole URL, also below a mount %s', async (_how, told) => {
    const lookup = cached(
      (_request: RequestLike, { text }: { text: string }) => {
        return { size: 1, etag: '"1"', read: () => Buffer.from(text) }
      },
      { revalidate: 60_000 },
    )
    const texts: string[] = []
    for (const [path, text] of [
      ['/ann', 'a'],
      ['/bob', 'b'],
    ] as const) {
      const [of, incoming] = told(path)
      // As that of a Fetch handler over HTTP/2, or of a test of Hono: without a Host.
      const request = { method: 'GET', url: '/a.txt', headers: new Headers(), ...of }
      const found = await lookup(request, { text, ...incoming })
      if (isSource(found)) texts.push(Buffer.from(await readBytes(found, 0, 1)).toString())
    }
    expect(texts).toEqual(['a', 'b'])
  })

  it('the URL as it was sent apart from what it was rewritten to', async () => {
    const lookup = cached(
      ({ url }: RequestLike, _incoming: object) => {
        return { size: url.length, etag: '"1"', read: () => Buffer.from(url) }
      },
      { revalidate: 60_000 },
    )
    const texts: string[] = []
    for (const [originalUrl, url] of [
      ['/docs', '/index.html'],
      ['/docs/index.html', '/docs/index.html'],
      ['/docs/index.html', '/index.html'],
    ] as const) {
      const request = { method: 'GET', url, headers: new Headers() }
      const found = await lookup(request, { originalUrl, url })
      if (isSource(found)) texts.push(Buffer.from(await readBytes(found, 0, found.size)).toString())
    }
    expect(texts).toEqual(['/index.html', '/docs/index.html', '/index.html'])
  })

  it.each([
    ['of an absolute form', 'http://host/m/a?', 'http://host/a?'],
    ['that was rewritten', '/old?', '/a?'],
  ])('a URL %s, without the signature that was taken out of it', async (_how, sent, left) => {
    const lookup = cached((_request: RequestLike, _incoming: object) => {
      return { size: 1, etag: '"1"', read: () => new Uint8Array(1) }
    })
    for (const signature of ['signed=1', 'signed=2']) {
      const request = { method: 'GET', url: left.slice(0, -1), headers: new Headers() }
      const incoming = { originalUrl: sent + signature, url: left + signature }
      const found = await lookup(request, incoming)
      if (isSource(found)) await readBytes(found, 0, 1)
    }
    expect(lookup.stats).toMatchObject({ misses: 1, hits: 1 })
  })

  it('a path of HTTP/2 apart from the names of others', async () => {
    const lookup = cached(
      ({ url }: RequestLike) => {
        return { size: url.length, etag: '"1"', read: () => Buffer.from(url) }
      },
      { revalidate: 60_000 },
    )
    const headers = { get: (name: string) => (name === 'host' ? 'h' : null) }
    for (const url of ['["h","/a"]', '/a']) {
      const found = await lookup({ method: 'GET', url, headers })
      expect(isSource(found) && found.size).toBe(url.length)
    }
  })

  it('a name and a tag apart: they are no text together', async () => {
    const files = [
      { name: 'x', etag: '"1" "2"', text: 'a' },
      { name: 'x "1"', etag: '"2"', text: 'b' },
    ]
    const find = ({ url }: RequestLike) => files.find(({ name }) => name === url)
    const lookup = cached(
      (request) => {
        const { etag, text = '' } = find(request) ?? {}
        return { size: 1, etag, read: () => Buffer.from(text) }
      },
      { key: ({ url }) => url },
    )
    const texts = files.map(async ({ name }) => {
      const found = await lookup({ method: 'GET', url: name, headers: new Headers() })
      return isSource(found) && Buffer.from(await readBytes(found, 0, 1)).toString()
    })
    expect(await Promise.all(texts)).toEqual(['a', 'b'])
  })

  it('the two apart: a client may send any Host', async () => {
    const paths: string[] = []
    const lookup = cached(
      ({ url }) => {
        paths.push(url)
        return { size: 1, etag: '"1"', read: () => new Uint8Array(1) }
      },
      { revalidate: 60_000 },
    )
    const asked = [
      ['a', '/b/c'],
      ['a/b', '/c'],
      ['', '/a/b/c'],
      ['a ', '/b/c'],
      ['a","', '/b/c'],
    ] as const
    for (const [host, url] of asked) {
      await lookup({
        method: 'GET',
        url,
        headers: { get: (name) => (name === 'host' ? host : null) },
      })
    }
    expect(paths).toEqual(asked.map(([, path]) => path))
  })
})

describe('revalidate', () => {
  it('asks again only when its time is up', async () => {
    const upstream = origin()
    const lookup = cacheOf(upstream, { revalidate: 1e6 })
    for (const _ of [1, 2, 3]) await (await ask(lookup, '0-9')).bytes()
    expect(upstream.asked).toEqual(['HEAD /film', 'GET /film bytes=0-999'])
  })

  it('asks once for all who come meanwhile', async () => {
    const upstream = origin()
    const lookup = cacheOf(upstream, { revalidate: 1e6 })
    await Promise.all([1, 2, 3].map(async () => (await ask(lookup, '0-9')).bytes()))
    expect(upstream.asked).toEqual(['HEAD /film', 'GET /film bytes=0-999'])
  })

  it('asks for each who waited for an answer that failed', async () => {
    const upstream = origin()
    let fails = true
    const lookup = cached(
      async (request) => {
        const found = upstream.lookUp(request)
        const isFirst = fails
        fails = false
        await settle()
        if (isFirst) throw new Error('slow down')
        return found
      },
      { blockSize: BLOCK, readAhead: 0, revalidate: 1e6 },
    )
    const answers = await Promise.all([1, 2, 3].map(() => ask(lookup, '0-9')))
    await Promise.all(answers.map((answer) => answer.bytes()))
    expect(answers.map(({ status }) => status)).toEqual([503, 206, 206])
  })

  it('asks anew once all who waited for an answer that never comes have hung up', async () => {
    const upstream = origin()
    const signals: (AbortSignal | undefined)[] = []
    const lookup = cached(
      (request) => {
        if (signals.push(request.signal) > 1) return upstream.lookUp(request)
        return new Promise<never>(() => {})
      },
      { blockSize: BLOCK, readAhead: 0, revalidate: 1e6 },
    )
    const clients = [1, 2].map(() => new AbortController())
    const waiting = clients.map(({ signal }) => ask(lookup, '0-9', { signal }))
    for (const client of clients) client.abort()
    await Promise.all(waiting)
    const late = await ask(lookup, '0-9')
    expect([signals[0]?.aborted, await received(late, film.subarray(0, 10))]).toEqual([true, PART])
  })

  it.each([
    { vary: 'Accept-Encoding' },
    { 'set-cookie': 'a=1' },
  ])('remembers nothing of a file with %o', async (headers) => {
    const upstream = origin()
    upstream.headers = headers
    const lookup = cacheOf(upstream, { revalidate: 1e6 })
    await Promise.all([1, 2].map(async () => (await ask(lookup, '0-9')).bytes()))
    expect(upstream.asked.filter((line) => line === 'HEAD /film').length).toBe(2)
  })

  it('remembers what is passed through, too', async () => {
    const upstream = origin()
    upstream.etag = 'W/"1"'
    const lookup = cacheOf(upstream, { revalidate: 1e6 })
    for (const _ of [1, 2]) await (await ask(lookup, '0-9')).bytes()
    expect(upstream.asked).toEqual(['HEAD /film', 'GET /film bytes=0-9', 'GET /film bytes=0-9'])
  })

  it('remembers no name of any length', async () => {
    const upstream = origin()
    const lookup = cacheOf(upstream, { revalidate: 60_000 })
    for (const length of [4000, 4000, 5000, 5000]) {
      const url = `http://localhost/film?${'x'.repeat(length)}`
      await fileHandler(lookup)(new Request(url, { method: 'HEAD' }))
    }
    expect(upstream.asked).toEqual(['HEAD /film', 'HEAD /film', 'HEAD /film'])
  })

  it('what was found to have changed is forgotten', async () => {
    const upstream = origin()
    const lookup = cacheOf(upstream, { revalidate: 1e6 })
    await (await ask(lookup, '0-9')).bytes()
    upstream.bytes = someBytes(film.length, 2)
    upstream.etag = '"2"'
    const late = await ask(lookup, '1000-1009')
    const next = await ask(lookup, '1000-1009')
    expect([late.status, await received(next, upstream.bytes.subarray(1000, 1010))]).toEqual([
      503,
      PART,
    ])
  })
})

describe('a file that changes', () => {
  it.each<[string, (upstream: Origin) => void]>([
    [
      'is replaced',
      (upstream) => {
        upstream.bytes = someBytes(film.length, 2)
        upstream.etag = '"2"'
      },
    ],
    [
      'grows under the same tag',
      (upstream) => {
        upstream.bytes = someBytes(20_000)
      },
    ],
  ])('under way (%s) breaks the response off', async (_how, change) => {
    const upstream = origin()
    // More than is read whole before the head is sent.
    upstream.bytes = someBytes(300_000)
    const before = upstream.bytes
    const reader = readerOf(await ask(cacheOf(upstream)))
    const first = await reader.read()
    change(upstream)
    await expect(reader.read()).rejects.toThrow('/film changed while it was being served')
    expect(Buffer.compare(first.value ?? film, before.subarray(0, BLOCK))).toBe(0)
    expect(upstream.open).toBe(0)
  })

  it('has blocks of its own', async () => {
    const upstream = origin()
    const lookup = cacheOf(upstream)
    await (await ask(lookup)).bytes()
    upstream.bytes = someBytes(film.length, 2)
    upstream.etag = '"2"'
    expect(await received(await ask(lookup), upstream.bytes)).toEqual(WHOLE)
  })

  it('an error names the path, not the query', async () => {
    const upstream = origin()
    const errors: unknown[] = []
    const lookup = cached((request) => {
      if (request.method === 'GET') upstream.etag = '"2"'
      return upstream.lookUp(request)
    })
    const handler = fileHandler(lookup, { onError: (error) => errors.push(String(error)) })
    await handler(new Request('http://localhost/film?signature=secret'))
    expect(errors).toEqual(['SourceChangedError: /film changed while it was being served'])
  })
})

describe('a failure', () => {
  it('is told to all who wait, and not remembered', async () => {
    const upstream = origin()
    const lookup = cacheOf(upstream)
    upstream.failure = new Error('slow down')
    const failed = await Promise.all([ask(lookup, '0-9'), ask(lookup, '0-9')])
    upstream.failure = null
    const next = await ask(lookup, '0-9')
    expect(failed.map(({ status }) => status)).toEqual([503, 503])
    expect(await received(next, film.subarray(0, 10))).toEqual(PART)
    expect(upstream.open).toBe(0)
  })

  it('of one client is not that of another who waited for the same', async () => {
    const upstream = origin()
    const [open, gate] = gated()
    const lookup = cached(
      async (request) => {
        if (request.method === 'GET') await gate
        const isRefused = request.method === 'GET' && request.headers.get('cookie') === 'a'
        const found = upstream.lookUp(request)
        return isRefused ? { status: 401, headers: {}, pieces: [] } : found
      },
      { blockSize: BLOCK, readAhead: 0 },
    )
    const asking = ['a', 'b', 'c'].map((cookie) => ask(lookup, '0-9', { headers: { cookie } }))
    await until(() => lookup.stats.shared === 2)
    open()
    const [a, ...others] = await Promise.all(asking)
    expect(a?.status).toBe(503)
    for (const each of others) expect(await received(each, film.subarray(0, 10))).toEqual(PART)
    expect(lookup.stats).toMatchObject({ failures: 1, misses: 1, shared: 1 })
  })

  it('a block that ends early is one', async () => {
    const upstream = origin()
    const lookup = cached(
      (request) => {
        const found = upstream.lookUp(request)
        return found && { ...found, read: () => streamOf(film.subarray(0, 500), 100) }
      },
      { blockSize: BLOCK },
    )
    expect((await ask(lookup, '0-9')).status).toBe(503)
    expect(lookup.stats).toMatchObject({ failures: 1, misses: 0, bytes: 0 })
  })

  it('an answer instead of the bytes is one', async () => {
    const upstream = origin()
    const errors: unknown[] = []
    const lookup = cached((request) => {
      if (request.method === 'HEAD') return upstream.lookUp(request)
      return { status: 429, headers: {}, pieces: [] }
    })
    const handler = fileHandler(lookup, { onError: (error) => errors.push(String(error)) })
    const { status } = await handler(new Request('http://localhost/film'))
    expect([status, errors]).toEqual([503, ['Error: Expected bytes 0-10006 of /film, got a 429']])
  })

  it('ahead of a reader is tried again when it comes there', async () => {
    const upstream = origin()
    const source = await sourceOf(cacheOf(upstream, { readAhead: 1 }))
    await source.read(0, film.length)
    upstream.failsAt = 2 * BLOCK
    await source.read(BLOCK, film.length)
    await settle()
    upstream.failsAt = null
    const third = await source.read(2 * BLOCK, film.length)
    await source.close?.()
    expect(Buffer.compare(third as Uint8Array, film.subarray(2 * BLOCK, 3 * BLOCK))).toBe(0)
  })
})

describe('what never comes', () => {
  it.each([
    ['a block', 'GET', 0],
    ['a version', 'HEAD', 60_000],
  ])('%s is asked for once more after thirty seconds', async (_what, lost, revalidate) => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const upstream = origin()
    let losesNext = true
    const lookup = cached(
      (request) => {
        const found = upstream.lookUp(request)
        if (request.method !== lost || !losesNext) return found
        losesNext = false
        return new Promise<never>(() => {})
      },
      { blockSize: BLOCK, readAhead: 0, revalidate },
    )
    void ask(lookup, '0-9')
    await until(() => upstream.asked.some((each) => each.startsWith(lost)))
    vi.advanceTimersByTime(29_999)
    const { length } = upstream.asked
    void ask(lookup, '0-9')
    await settle()
    expect(upstream.asked.slice(length).filter((each) => each.startsWith(lost))).toEqual([])
    vi.advanceTimersByTime(1)
    const answers = await Promise.all([0, 1].map(() => ask(lookup, '0-9')))
    for (const each of answers) expect(await received(each, film.subarray(0, 10))).toEqual(PART)
    expect(upstream.asked.filter((each) => each.startsWith(lost)).length).toBe(2)
  })

  it('is not what comes slowly', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const upstream = origin()
    const chunks: ((chunk: Uint8Array) => void)[] = []
    const lookup = cached(
      (request) => {
        const found = upstream.lookUp(request)
        const read = () => new Promise<Uint8Array>((give) => chunks.push(give))
        return found && { ...found, read }
      },
      { blockSize: BLOCK, readAhead: 0 },
    )
    const asking: Promise<Response>[] = []
    for (let at = 0; at < BLOCK; at += 100) {
      asking.push(ask(lookup, '0-9'))
      await until(() => lookup.stats.shared === asking.length - 1 && chunks.length > at / 100)
      vi.advanceTimersByTime(29_999)
      chunks.at(-1)?.(film.subarray(at, at + 100))
    }
    for (const each of asking)
      expect(await received(await each, film.subarray(0, 10))).toEqual(PART)
    expect(upstream.asked.filter((each) => each.startsWith('GET')).length).toBe(1)
  })
})

describe('who hangs up', () => {
  it('takes nothing from the others', async () => {
    const upstream = origin()
    const lookup = cacheOf(upstream)
    const [open, gate] = gated()
    upstream.gate = gate
    const sources = await Promise.all([1, 2].map(() => sourceOf(lookup)))
    const [, second] = sources.map((source) => source.read(0, 10))
    await until(() => upstream.asked.length === 3)
    // The one who asked for it leaves.
    await sources[0]?.close?.()
    open()
    expect(Buffer.compare((await second) as Uint8Array, film.subarray(0, 10))).toBe(0)
    expect(lookup.stats).toMatchObject({ misses: 1, shared: 1, failures: 0 })
  })

  it('last aborts the read', async () => {
    const upstream = origin()
    const lookup = cacheOf(upstream)
    const [open, gate] = gated()
    upstream.gate = gate
    const sources = await Promise.all([1, 2].map(() => sourceOf(lookup)))
    const reads = sources.map((source) => source.read(0, 10))
    await until(() => upstream.open === 1)
    await sources[0]?.close?.()
    expect(upstream.open).toBe(1)
    await sources[1]?.close?.()
    // Although it is still waiting.
    await until(() => upstream.open === 0)
    open()
    expect((await Promise.allSettled(reads)).map(({ status }) => status)).toEqual([
      'rejected',
      'rejected',
    ])
    expect(lookup.stats).toMatchObject({ failures: 1, bytes: 0 })
  })

  it('while the file is being looked up leaves nothing open', async () => {
    const upstream = origin()
    const [open, gate] = gated()
    let isAsked = false
    const lookup = cached(async (request) => {
      isAsked = request.method === 'GET'
      if (isAsked) await gate
      return upstream.lookUp(request)
    })
    const source = await sourceOf(lookup)
    const read = source.read(0, 10)
    await until(() => isAsked)
    await source.close?.()
    open()
    await expect(read).rejects.toThrow()
    expect([upstream.asked.length, upstream.open]).toEqual([2, 0])
  })

  it('and comes back at once gets a read of his own', async () => {
    const upstream = origin()
    const lookup = cacheOf(upstream)
    const [open, gate] = gated()
    upstream.gate = gate
    const source = await sourceOf(lookup)
    const read = source.read(0, 10)
    await until(() => upstream.open === 1)
    await source.close?.()
    upstream.gate = Promise.resolve()
    expect(await received(await ask(lookup, '0-9'), film.subarray(0, 10))).toEqual(PART)
    open()
    await expect(read).rejects.toThrow()
  })

  it('ends what was read ahead for him', async () => {
    const upstream = origin(someBytes(300_000))
    const lookup = cacheOf(upstream, { readAhead: 3 })
    const reader = readerOf(await ask(lookup))
    await reader.read()
    const [open, gate] = gated()
    upstream.gate = gate
    const read = reader.read()
    await until(() => upstream.open === 4)
    await reader.cancel()
    await until(() => upstream.open === 0)
    open()
    await read
    expect(blocksOf(upstream)).toEqual([0, 1, 2, 3, 4])
  })
})

describe('reading ahead', () => {
  const large = someBytes(300_000)

  it('begins with the second block in a row, and goes so far', async () => {
    const upstream = origin(large)
    const reader = readerOf(await ask(cacheOf(upstream, { readAhead: 2 })))
    const counts: number[] = []
    for (let i = 0; i < 4; i++) {
      await reader.read()
      await settle()
      counts.push(blocksOf(upstream).length)
    }
    await reader.cancel()
    // The first block, then the second and two ahead of it, then one more with each.
    expect(counts).toEqual([1, 4, 5, 6])
  })

  it.each([
    ['500-3000', [0, 1, 2, 3]],
    ['500-2999', [0, 1, 2]],
    ['297500-', [297, 298, 299]],
  ])('ends where the range does: %s', async (range, blocks) => {
    const upstream = origin(large)
    const lookup = cacheOf(upstream, { readAhead: 50 })
    await (await ask(lookup, range)).bytes()
    expect(blocksOf(upstream)).toEqual(blocks)
  })

  it('does not begin where a reader jumps', async () => {
    const upstream = origin(large)
    const source = await sourceOf(cacheOf(upstream, { readAhead: 2 }))
    for (const block of [0, 5, 2, 9, 8]) await source.read(block * BLOCK, large.length)
    await source.close?.()
    expect(blocksOf(upstream)).toEqual([0, 5, 2, 9, 8])
  })

  it('is given up when the reader jumps', async () => {
    const upstream = origin(large)
    const source = await sourceOf(cacheOf(upstream, { readAhead: 2 }))
    await source.read(0, large.length)
    const [open, gate] = gated()
    upstream.gate = gate
    const second = source.read(BLOCK, large.length)
    await until(() => upstream.open === 3)
    const jump = source.read(100 * BLOCK, large.length)
    await until(() => upstream.open === 2)
    open()
    await Promise.all([second, jump])
    await source.close?.()
    expect(upstream.open).toBe(0)
  })

  it('waits while as much is being read as the memory may hold', async () => {
    const upstream = origin(large)
    const lookup = cacheOf(upstream, { readAhead: 50, memory: 4 * BLOCK })
    const reader = readerOf(await ask(lookup))
    await reader.read()
    const [open, gate] = gated()
    upstream.gate = gate
    const read = reader.read()
    await until(() => upstream.open === 4)
    await settle()
    expect(upstream.open).toBe(4)
    open()
    await read
    await reader.cancel()
  })
})

describe('memory', () => {
  it('a long download streams past what others come back for', async () => {
    const upstream = origin()
    const large = origin(someBytes(500_000))
    const memory = 16 * BLOCK
    const lookup = cached(
      (request) => {
        if (!request.url.endsWith('/large')) return upstream.lookUp(request)
        const { method, headers } = request
        return large.lookUp({ method, url: 'http://localhost/film', headers })
      },
      { blockSize: BLOCK, readAhead: 2, memory },
    )
    for (const _ of [1, 2]) await (await ask(lookup)).bytes()
    const download = await fileHandler(lookup)(new Request('http://localhost/large'))
    await download.bytes()
    upstream.asked.length = 0
    await (await ask(lookup)).bytes()
    expect(upstream.asked).toEqual(['HEAD /film'])
  })

  it('what nobody came back for makes room, the oldest first', async () => {
    const upstream = origin()
    const lookup = cacheOf(upstream, { memory: 3 * BLOCK })
    await (await ask(lookup)).bytes()
    upstream.asked.length = 0
    // The last is short: so three whole ones before it still fit in part.
    for (const block of [10, 9, 8]) await (await ask(lookup, `${block}000-${block}001`)).bytes()
    expect([blocksOf(upstream), lookup.stats.bytes]).toEqual([[], 2 * BLOCK + 7])
  })

  it('a block that is being sent outlives its eviction', async () => {
    const upstream = origin()
    const lookup = cacheOf(upstream, { memory: BLOCK })
    const source = await sourceOf(lookup)
    const bytes = await source.read(0, BLOCK)
    await (await ask(lookup)).bytes()
    expect(Buffer.compare(bytes as Uint8Array, film.subarray(0, BLOCK))).toBe(0)
    await source.close?.()
  })

  it('keeps a copy: what the source gave may change', async () => {
    const memory = someBytes(2000)
    const source = {
      size: 2000,
      etag: '"1"',
      read: (a: number, b: number) => memory.subarray(a, b),
    }
    const lookup = cached(() => source, { blockSize: BLOCK })
    await (await ask(lookup)).bytes()
    memory.fill(0)
    expect(await received(await ask(lookup), someBytes(2000))).toEqual(WHOLE)
  })
})

describe('its options', () => {
  it.each<[string, CacheOptions, string]>([
    ['a block of nothing', { blockSize: 0 }, 'Expected blockSize to be a whole number >= 1, got 0'],
    [
      'no room for a block',
      { memory: 999, blockSize: 1000 },
      'Expected memory to be a whole number >= 1000, got 999',
    ],
    ['half a block', { readAhead: 0.5 }, 'Expected readAhead to be a whole number >= 0, got 0.5'],
    ['no time', { revalidate: -1 }, 'Expected revalidate to be a whole number >= 0, got -1'],
  ])('%s', (_what, options, message) => {
    expect(() => cached(() => null, options)).toThrow(message)
  })
})

/** Whatever is read at once, hung up, and changed: exact bytes of one version, or a failure. */
it('any pattern of readers, hang-ups and changes gives exact bytes or a failure', async () => {
  const size = 10 * BLOCK + 7
  const versions = [1, 2, 3].map((seed) => someBytes(size, seed))
  const position = fc.nat(size - 1)
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('read' as const), a: position, b: position }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('hang up' as const), who: fc.nat(9) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('change' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail' as const) }) },
  )
  const options = fc.record({
    blockSize: fc.constantFrom(1, 7, 999, BLOCK, 20_000),
    blocks: fc.integer({ min: 1, max: 20 }),
    readAhead: fc.nat(3),
    revalidate: fc.constantFrom(0, 1e6),
  })
  await fc.assert(
    fc.asyncProperty(
      options,
      fc.array(step, { maxLength: 30 }),
      fc.scheduler(),
      async (given, steps, s) => {
        const { blockSize: asked, blocks, readAhead, revalidate } = given
        const blockSize = asked < 100 ? asked * 100 : asked
        const memory = blocks * blockSize
        let current = 0
        let failing = false
        let open = 0
        let most = 0
        const lookup = cached(
          async () => {
            await s.schedule(Promise.resolve())
            const bytes = versions[current % versions.length] ?? film
            open++
            return {
              size,
              etag: `"${current}"`,
              read: async (start: number, end: number) => {
                await s.schedule(Promise.resolve())
                if (failing) throw new Error('failing')
                return streamOf(bytes.subarray(start, end), 300)
              },
              close: () => void open--,
            }
          },
          { blockSize, memory, readAhead, revalidate },
        )
        const responses: { cancel(): void }[] = []
        const results: Promise<boolean>[] = []
        const handler = fileHandler(lookup, { onError: () => {} })
        for (const each of steps) {
          if (each.kind === 'change') current++
          else if (each.kind === 'fail') failing = !failing
          else if (each.kind === 'hang up') responses[each.who]?.cancel()
          else {
            const [start, end] = [Math.min(each.a, each.b), Math.max(each.a, each.b) + 1]
            const headers = { range: `bytes=${start}-${end - 1}` }
            let isCancelled = false
            let body: ReadableStreamDefaultReader<Uint8Array> | undefined
            const cancel = () => {
              isCancelled = true
              void body?.cancel().catch(() => {})
            }
            responses.push({ cancel })
            results.push(
              (async () => {
                const response = await handler(new Request('http://localhost/film', { headers }))
                if (response.status === 503) return true
                const etag = Number((response.headers.get('etag') ?? '').replaceAll('"', ''))
                const expected = versions[etag % versions.length] ?? film
                body = readerOf(response)
                if (isCancelled) await body.cancel()
                let at = start
                try {
                  for (;;) {
                    const { value, done } = await body.read()
                    if (done) return isCancelled || at === end
                    const same =
                      Buffer.compare(value, expected.subarray(at, at + value.length)) === 0
                    if (!same) return false
                    at += value.length
                  }
                } catch {
                  return true
                }
              })(),
            )
          }
          most = Math.max(most, lookup.stats.bytes)
          if (s.count() > 0) await s.waitNext(1)
        }
        const all = Promise.all(results)
        await s.waitFor(all)
        most = Math.max(most, lookup.stats.bytes)
        expect((await all).every(Boolean)).toBe(true)
        expect(most).toBeLessThanOrEqual(memory)
        while (s.count() > 0) await s.waitNext(1)
        await until(() => open === 0)
      },
    ),
    { numRuns: 150 },
  )
})

/** A source for one response, which the test must close. */
async function sourceOf(lookup: CachedLookup): Promise<FileSource> {
  const found = await lookup(new Request('http://localhost/film'))
  return found as FileSource
}

/** A promise, and what fulfils it. */
function gated(): [open: () => void, gate: Promise<void>] {
  let open = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  return [open, gate]
}
