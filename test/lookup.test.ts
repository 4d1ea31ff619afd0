import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { nodeListener } from '../adapters/node-http/listener.ts'
import { type Answer, redirect } from '../src/answer.ts'
import { type FileLookup, isSource } from '../src/lookup.ts'
import { readBytes } from '../src/reader.ts'
import type { ServeOptions } from '../src/respond.ts'
import { fileHandler, matchFile, serveFile } from '../src/serve.ts'
import type { Serving } from '../src/served.ts'
import type { RequestLike } from '../src/source.ts'
import { fetchOnce } from './support/client.ts'
import { countingSource, someBytes, streamOf } from './support/counting-source.ts'
import { readerOf } from './support/reader.ts'
import { until } from './support/wait.ts'

const small = someBytes(1000)
const large = someBytes(3_000_000)
const text = (words: string) => new TextEncoder().encode(words)
const toText = () => new TextDecoderStream() as TransformStream<Uint8Array, string>

/** What a client sees of a response, on both ways to the wire. */
interface Received {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

type Ask = (
  lookup: FileLookup,
  options?: ServeOptions,
  method?: string,
  fields?: Record<string, string>,
) => Promise<Received>

const overFetch: Ask = async (lookup, options, method = 'GET', fields = {}) => {
  const request = new Request('http://localhost/film', { method, headers: fields })
  const { status, headers, body } = await fileHandler(lookup, options)(request)
  return {
    status,
    headers: Object.fromEntries(headers),
    body: body === null ? '' : await new Response(body).text(),
  }
}

const overNode: Ask = async (lookup, options, method = 'GET', fields = {}) => {
  const server = createServer(nodeListener(lookup, options))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`)
  const { port } = server.address() as AddressInfo
  const reply = await fetchOnce(port, [`${method} /film HTTP/1.1`, ...lines])
  const ofConnection = ['connection', 'date', 'keep-alive', 'transfer-encoding']
  const said = reply.fields
    .map(([name, value]) => [name.toLowerCase(), value])
    .filter(([name = '']) => !ofConnection.includes(name))
  return { status: reply.status, headers: Object.fromEntries(said), body: String(reply.body) }
}

const WAYS: [way: string, ask: Ask][] = [
  ['fileHandler', overFetch],
  ['nodeListener', overNode],
]

describe.each(WAYS)('a lookup that answers by itself, under %s', (_way, ask) => {
  const page: Answer = {
    status: 404,
    headers: { 'content-type': 'text/html', 'cache-control': 'no-store' },
    pieces: [text('<h1>'), text('Not here')],
  }
  const headers = {
    'content-type': 'text/html',
    'cache-control': 'no-store',
    'content-length': '12',
  }

  it('is sent with its length', async () => {
    expect(await ask(() => page)).toEqual({ status: 404, headers, body: '<h1>Not here' })
  })

  it('refuses what it was made of', async () => {
    const file = { size: 9, read: () => text('it is all') }
    expect(await ask(() => ({ ...file, ...page }))).toMatchObject({ status: 404 })
  })

  it('has no body for HEAD, but the same fields', async () => {
    expect(await ask(() => page, {}, 'HEAD')).toEqual({ status: 404, headers, body: '' })
  })

  it('knows nothing of preconditions and ranges', async () => {
    const fields = { range: 'bytes=0-0', 'if-match': '"other"', 'if-none-match': '*' }
    expect(await ask(() => page, {}, 'GET', fields)).toEqual({
      status: 404,
      headers,
      body: '<h1>Not here',
    })
  })

  it('redirects', async () => {
    expect(await ask(() => redirect('/films/?a=b'))).toEqual({
      status: 308,
      headers: { location: '/films/?a=b', 'content-length': '0' },
      body: '',
    })
  })

  it('streams a body of any length', async () => {
    const stream = () => streamOf(small.fill(97), 300)
    const listing: Answer = { status: 200, headers: { 'content-type': 'a/b' }, pieces: [], stream }
    expect(await ask(() => listing)).toEqual({
      status: 200,
      headers: { 'content-type': 'a/b' },
      body: 'a'.repeat(1000),
    })
  })

  it('opens no stream for HEAD', async () => {
    const stream = () => {
      throw new Error('Expected no call')
    }
    const listing: Answer = { status: 200, headers: {}, pieces: [], stream }
    expect(await ask(() => listing, {}, 'HEAD')).toEqual({ status: 200, headers: {}, body: '' })
  })

  it('is a 503 where its stream fails at once', async () => {
    const stream = () =>
      new ReadableStream({
        pull() {
          throw new Error('EIO')
        },
      })
    const errors: unknown[] = []
    const listing: Answer = { status: 200, headers: {}, pieces: [], stream }
    const { status } = await ask(() => listing, { onError: (error) => errors.push(error) })
    expect([status, errors.map(String)]).toEqual([503, ['Error: EIO']])
  })

  it.each<[status: number, headers: Record<string, string>]>([
    [204, {}],
    [205, { 'content-length': '0' }],
    [304, {}],
  ])('has no content where it is a %i', async (status, headers) => {
    const stream = () => {
      throw new Error('Expected no call')
    }
    const none = { status, headers, body: '' }
    const answers = [{ pieces: [text('a')] }, { pieces: [], stream }]
    for (const answer of answers) {
      expect(await ask(() => ({ status, headers: {}, ...answer }))).toEqual(none)
    }
  })

  const locked = () => {
    const stream = streamOf(small, 300)
    stream.getReader()
    return stream
  }

  it.each<[string, unknown]>([
    ['a range in it', { status: 206, pieces: [{ start: 0, end: 9 }] }],
    ['text in it', { pieces: ['te', 'xt'] }],
    ['a status that is none', { status: 99 }],
    ['a status that is not final', { status: 101 }],
    ['a status that is text', { status: '200' }],
    ['a status that is no number', { status: NaN }],
    ['a field of two lines', { headers: { a: 'b\nc' } }],
    ['fields that are promised', { headers: Promise.resolve({ a: 'b' }) }],
    ['a stream that was not made yet', { stream: streamOf(small, 300) }],
    ['a stream and other bytes', { pieces: [text('a')], stream: () => streamOf(small, 300) }],
    ['a stream that is bytes', { stream: () => small }],
    ['a stream that is promised', { stream: async () => streamOf(small, 300) }],
    ['a stream that is null', { stream: () => null }],
    ['a stream that somebody reads', { stream: locked }],
    ['a stream of text', { stream: () => new Blob(['a']).stream().pipeThrough(toText()) }],
  ])('is a 503 with %s', async (_what, answer) => {
    const errors: unknown[] = []
    const lookup = () => Object({ status: 200, headers: {}, pieces: [], ...Object(answer) })
    const { status } = await ask(lookup, { onError: (error) => errors.push(error) })
    expect([status, errors]).toEqual([503, [expect.any(TypeError)]])
  })
})

describe.each(WAYS)('header fields of every answer, under %s', (_way, ask) => {
  const headers = {
    'X-Served-By': 'byteserve',
    Vary: 'Origin',
    ETag: '"no"',
    'Content-Length': '3',
  }
  const source = () => countingSource(small, { etag: '"a"', headers: { vary: 'Cookie' } })
  const failing = () => Promise.reject(new Error('EIO'))
  const onError = () => {}

  it.each<[status: number, method: string, lookup: FileLookup, fields: Record<string, string>]>([
    [200, 'GET', source, {}],
    [206, 'GET', source, { range: 'bytes=0-9' }],
    [204, 'OPTIONS', source, {}],
    [304, 'GET', source, { 'if-none-match': '"a"' }],
    [404, 'GET', () => null, {}],
    [405, 'POST', source, {}],
    [412, 'GET', source, { 'if-match': '"b"' }],
    [416, 'GET', source, { range: 'bytes=1000-' }],
    [503, 'GET', failing, {}],
  ])('stand in a %i', async (status, method, lookup, fields) => {
    const plain = await ask(lookup, { onError }, method, fields)
    const vary = plain.headers.vary === undefined ? 'Origin' : `${plain.headers.vary}, Origin`
    expect(await ask(lookup, { onError, headers }, method, fields)).toEqual({
      ...plain,
      status,
      headers: { ...plain.headers, 'x-served-by': 'byteserve', vary },
    })
  })

  it('may come from a function of the answer and the request', async () => {
    const options: ServeOptions = {
      headers: ({ status }, { method }) => ({ 'x-why': `${method} ${status}` }),
    }
    const { headers: said } = await ask(() => null, options, 'HEAD')
    expect(said).toEqual({ 'content-length': '0', 'x-why': 'HEAD 404' })
  })

  it('may not be promised', async () => {
    const errors: unknown[] = []
    const options: ServeOptions = {
      headers: () => Object(Promise.resolve({ a: 'b' })),
      onError: (error) => errors.push(error),
    }
    const { status } = await ask(source, options)
    expect([status, errors]).toEqual([503, [expect.any(TypeError)]])
  })

  it('leave what describes the content as it is', async () => {
    const type = { 'content-type': 'a/b', 'content-encoding': 'br' }
    const fields = { range: 'bytes=0-0,9-9' }
    const { status, headers: said } = await ask(source, { headers: type }, 'GET', fields)
    expect([status, said['content-type'], said['content-encoding']]).toEqual([
      206,
      expect.stringMatching(/^multipart\/byteranges; /),
      undefined,
    ])
  })

  it('are a 503 without them where making them fails', async () => {
    const errors: unknown[] = []
    const broken = () => {
      throw new Error('no fields')
    }
    const options = { headers: broken, onError: (error: unknown) => errors.push(error) }
    expect(await ask(source, options)).toEqual({
      status: 503,
      headers: { 'content-length': '0', 'retry-after': '1' },
      body: '',
    })
    expect(errors.map(String)).toEqual(['Error: no fields'])
  })

  it('are checked at once', () => {
    expect(() => fileHandler(source, { headers: { a: 'b\0' } })).toThrow(TypeError)
    expect(() => nodeListener(source, { headers: { a: 'b\0' } })).toThrow(TypeError)
  })
})

describe('what the host passes', () => {
  it('goes to the lookup, the fields and the observers', async () => {
    const seen: unknown[] = []
    const lookup: FileLookup<readonly [env: string, ctx: number]> = (_request, ...context) => {
      seen.push(['lookup', ...context])
      return countingSource(small, { read: () => Promise.reject(new Error('EIO')) })
    }
    const handler = fileHandler(lookup, {
      headers: (_answer, _request, ...context) => void seen.push(['headers', ...context]),
      onBegin: (_serving, ...context) => void seen.push(['onBegin', ...context]),
      onServed: (_served, ...context) => void seen.push(['onServed', ...context]),
      onError: (_error, _request, ...context) => void seen.push(['onError', ...context]),
    })
    await handler(new Request('http://localhost/'), 'env', 5)
    expect(seen).toEqual([
      ['lookup', 'env', 5],
      ['headers', 'env', 5],
      ['headers', 'env', 5],
      ['onBegin', 'env', 5],
      ['onError', 'env', 5],
      ['onServed', 'env', 5],
    ])
  })

  it('is also told by serveFile', async () => {
    const seen: unknown[] = []
    const onServed = (_served: unknown, client: string) => void seen.push(client)
    await serveFile(new Request('http://localhost/'), countingSource(small), { onServed }, '::1')
    expect(seen).toEqual(['::1'])
  })

  it('is incoming and outgoing under nodeListener', async () => {
    let seen: readonly unknown[] = []
    const lookup: FileLookup = (_request, ...context) => {
      seen = context
      return countingSource(small)
    }
    await overNode(lookup)
    const [incoming, outgoing] = seen
    expect([Object(incoming).url, Object(outgoing).statusCode, seen.length]).toEqual([
      '/film',
      200,
      2,
    ])
  })
})

describe('matchFile', () => {
  const request = (method = 'GET') => new Request('http://localhost/', { method })

  it('is null where there is no file, and for what is neither GET nor HEAD', async () => {
    const lookups: string[] = []
    const match = matchFile(({ method }) => {
      lookups.push(method)
      return null
    })
    const methods = ['GET', 'HEAD', 'OPTIONS', 'POST']
    const results = await Promise.all(methods.map((method) => match(request(method))))
    expect([results, lookups]).toEqual([
      [null, null, null, null],
      ['GET', 'HEAD'],
    ])
  })

  it('answers with what is found, be it a 404 page', async () => {
    const missing: Answer = { status: 404, headers: {}, pieces: [] }
    const statuses = await Promise.all(
      [countingSource(small), missing].map(async (found) => {
        return (await matchFile(() => found)(request()))?.status
      }),
    )
    expect(statuses).toEqual([200, 404])
  })

  it('tells nobody of what is not its own', async () => {
    const told: unknown[] = []
    const tell = (what: unknown) => void told.push(what)
    await matchFile(() => null, { onServed: tell, onBegin: tell, onError: tell })(request())
    expect(told).toEqual([])
  })
})

describe('onBegin', () => {
  it('shows how much was sent while it is sent', async () => {
    let serving: Serving | undefined
    let ended: RequestLike | undefined
    const handler = fileHandler(() => countingSource(large), {
      onBegin: (begun) => {
        serving = begun
      },
      onServed: ({ request }) => {
        ended = request
      },
    })
    const response = await handler(new Request('http://localhost/film'))
    const seen: unknown[] = [serving?.status, serving?.headers['content-length'], serving?.sent]
    const reader = readerOf(response)
    const { value } = await reader.read()
    seen.push(serving?.sent === value?.length, ended)
    while (!(await reader.read()).done);
    seen.push(serving?.sent, ended === serving?.request)
    expect(seen).toEqual([200, '3000000', 0, true, undefined, 3_000_000, true])
  })

  it('knows nothing of what the runtime takes as a whole', async () => {
    const sent: unknown[] = []
    const onBegin = (serving: Serving) => void sent.push(serving.sent)
    await fileHandler(() => countingSource(small), { onBegin })(new Request('http://localhost/'))
    expect(sent).toEqual([null])
  })

  it('counts under nodeListener, too', async () => {
    let serving: Serving | undefined
    const onBegin = (begun: Serving) => {
      serving = begun
    }
    await overNode(() => countingSource(large), { onBegin })
    await until(() => serving?.sent === large.length)
    expect(serving).toMatchObject({ status: 200, sent: 3_000_000 })
  })
})

describe('readBytes', () => {
  it.each<[string, (bytes: Uint8Array) => Uint8Array | ReadableStream<Uint8Array>]>([
    ['few bytes at a time', (bytes) => bytes.subarray(0, 7)],
    ['a stream', (bytes) => streamOf(bytes, 11)],
    ['all of them', (bytes) => bytes],
  ])('gives all, from a source that gives %s', async (_what, read) => {
    const source = countingSource(small, { read })
    expect(await readBytes(source, 10, 500)).toEqual(small.subarray(10, 500))
    expect(await readBytes(source, 10, 10)).toEqual(new Uint8Array(0))
    expect(source.closes).toBe(0)
  })

  it('throws where there are fewer', async () => {
    const source = countingSource(small)
    await expect(readBytes(source, 990, 1010)).rejects.toThrow('Expected 20 bytes from the source')
  })

  it.each([
    [-1, 5],
    [5, 4],
    [0.5, 4],
  ])('refuses [%d, %d)', async (start, end) => {
    await expect(readBytes(countingSource(small), start, end)).rejects.toThrow(RangeError)
  })
})

describe('isSource', () => {
  it('tells a file from an answer and from nothing', () => {
    const found = [countingSource(small), redirect('/'), null, undefined]
    expect(found.map(isSource)).toEqual([true, false, false, false])
  })
})

describe('redirect', () => {
  it.each(['', '/a b', '/ü', '/a\r\nset-cookie: b'])('refuses %j', (location) => {
    expect(() => redirect(location)).toThrow(TypeError)
  })
})
