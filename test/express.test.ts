import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerOptions,
  ServerResponse,
} from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { duplexPair } from 'node:stream'
import compression from 'compression'
import express from 'express'
import session from 'express-session'
import { afterEach, describe, expect, it } from 'vitest'
import { memory } from '../adapters/local/shared.ts'
import { nodeDirectory, nodeListener } from '../adapters/node.ts'
import type { FileLookup } from '../src/lookup.ts'
import { fetchOnce } from './support/client.ts'
import { countingSource, someBytes } from './support/counting-source.ts'
import { canCountHandles, openHandles } from './support/handles.ts'
import { observe } from './support/observe.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { expectNoUnhandledRejections } from './support/unhandled.ts'
import { until } from './support/wait.ts'

expectNoUnhandledRejections()

const MIB = 1024 * 1024
const directory = temporaryDirectory()
/** More than the kernel holds for a client that does not read, even when it is compressed. */
const long = someBytes(24 * MIB)
writeFileSync(join(directory, 'long.txt'), long)
/** In several chunks; more would take compression too long on a busy machine. */
const several = long.subarray(0, 2 * MIB)
writeFileSync(join(directory, 'several.txt'), several)
writeFileSync(join(directory, 'short.txt'), long.subarray(0, 9))

const opened: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of opened.splice(0)) each.close()
  if (canCountHandles) await until(() => openHandles(directory) === 0)
})

const MIDDLEWARE: [string, express.RequestHandler][] = [
  ['nothing', (_request, _response, next) => next()],
  // Both write in the response's place, and drop the callback that tells when bytes left.
  ['compression', compression({ threshold: 0, level: 1 })],
  ['express-session', session({ secret: 'x', resave: true, saveUninitialized: true })],
]

describe.each(MIDDLEWARE)('nodeListener in Express, behind %s', (_what, middleware) => {
  async function serve(lookup: FileLookup = nodeDirectory(directory, { keepOpen: 0 })) {
    const { options, served, errors } = observe()
    const app = express().use(middleware).use('/media', nodeListener(lookup, options))
    return { url: `${await listen(app)}/media`, served, errors }
  }

  it.each([
    ['/several.txt', several],
    ['/short.txt', long.subarray(0, 9)],
  ])('sends all of %s, and tells so', async (path, expected) => {
    const { url, served, errors } = await serve()
    const response = await fetch(url + path)
    expect(Buffer.compare(new Uint8Array(await response.arrayBuffer()), expected)).toBe(0)
    await until(() => served.length === 1)
    expect(served).toEqual([{ status: 200, sent: expected.length, aborted: false }])
    expect(errors).toEqual([])
  })

  it('leaves to the next what it has no file for', async () => {
    const { url, errors } = await serve()
    const response = await fetch(`${url}/no-such-file`)
    expect([response.status, await response.text(), errors]).toEqual([
      404,
      expect.stringContaining('Cannot GET /media/no-such-file'),
      [],
    ])
  })

  const slowly = () => new Promise<void>((resolve) => setTimeout(resolve, 50))
  it.each([
    ['a file', undefined],
    ['a source that is slow to close', () => countingSource(long, { close: slowly })],
  ])('lets go of %s when the client hangs up', async (_what, lookup) => {
    const { url, served, errors } = await serve(lookup)
    const { body } = await fetch(`${url}/long.txt`)
    const reader = body?.getReader()
    await reader?.read()
    await reader?.cancel()
    await until(() => served.length === 1)
    expect(served).toEqual([{ status: 200, sent: expect.any(Number), aborted: true }])
    expect(errors).toEqual([])
  })

  it('answers 503 when the first read fails', async () => {
    const broken = new Error('EIO: i/o error')
    const { url, served, errors } = await serve(() =>
      countingSource(long, { read: () => Promise.reject(broken) }),
    )
    const { status } = await fetch(`${url}/long.txt`)
    await until(() => served.length === 1)
    expect({ status, served, errors }).toEqual({
      status: 503,
      served: [{ status: 503, sent: 0, aborted: false }],
      errors: [broken],
    })
  })

  it('breaks the connection when a later read fails', async () => {
    const broken = new Error('EIO: i/o error')
    let reads = 0
    const read = (bytes: Uint8Array) =>
      reads++ === 0 ? bytes.subarray(0, MIB) : Promise.reject(broken)
    const { url, served, errors } = await serve(() => countingSource(long, { read }))
    await expect(fetch(`${url}/long.txt`).then((it) => it.arrayBuffer())).rejects.toThrow()
    await until(() => served.length === 1)
    expect(errors).toEqual([broken])
  })
})

it('nodeListener sends all behind a middleware that replaces `write` alone', async () => {
  const { options, served } = observe()
  const listener = nodeListener(() => countingSource(long), options)
  const url = await listen((incoming, outgoing) => {
    const write = outgoing.write.bind(outgoing)
    // It drops the callback, as those that compress do.
    outgoing.write = (chunk: Uint8Array) => write(chunk)
    return listener(incoming, outgoing)
  })
  const body = new Uint8Array(await (await fetch(url)).arrayBuffer())
  expect(Buffer.compare(body, long)).toBe(0)
  await until(() => served.length === 1)
})

it.each([
  ['Origin', 'Accept-Encoding', 'Origin, Accept-Encoding'],
  [['Origin', 'Cookie'], 'Accept-Encoding', 'Origin, Cookie, Accept-Encoding'],
  ['Origin', undefined, 'Origin'],
  [undefined, 'Accept-Encoding', 'Accept-Encoding'],
])('nodeListener joins the Vary of a middleware, %j, and of a file, %j', async (set, own, sent) => {
  const headers = own === undefined ? undefined : { vary: own }
  const listener = nodeListener(nodeDirectory(directory, { headers, keepOpen: 0 }))
  const url = await listen((incoming, outgoing) => {
    if (set !== undefined) outgoing.setHeader('Vary', set)
    return listener(incoming, outgoing)
  })
  const response = await fetch(`${url}/short.txt`)
  expect([response.headers.get('vary'), await response.text()]).toEqual([sent, expect.anything()])
})

it('nodeListener sends the cookies of a middleware, and that of a file', async () => {
  const headers = { 'set-cookie': 'c=3' }
  const listener = nodeListener(nodeDirectory(directory, { headers, keepOpen: 0 }))
  const url = await listen((incoming, outgoing) => {
    outgoing.setHeader('Set-Cookie', ['a=1', 'b=2'])
    return listener(incoming, outgoing)
  })
  const response = await fetch(`${url}/short.txt`)
  expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2', 'c=3'])
})

it.each([
  ['private, no-store', undefined, 'private, no-store'],
  ['private', 'public, max-age=60', 'private'],
  ['private', 'no-store', 'no-store'],
  ['no-store', 'private', 'no-store'],
  ['public, max-age=60', 'private', 'private'],
  ['public, max-age=60', undefined, 'no-cache'],
  [undefined, undefined, 'no-cache'],
])('nodeListener lets a middleware, %j, keep what is %j private', async (set, own, sent) => {
  const listener = nodeListener(nodeDirectory(directory, { cacheControl: own, keepOpen: 0 }))
  const url = await listen((incoming, outgoing) => {
    if (set !== undefined) outgoing.setHeader('Cache-Control', set)
    return listener(incoming, outgoing)
  })
  const response = await fetch(`${url}/short.txt`)
  const { headers } = response
  expect([headers.get('cache-control'), await response.text()]).toEqual([sent, expect.anything()])
})

const LIFETIMES = {
  'Cache-Control': 'public, max-age=31536000, immutable',
  'CDN-Cache-Control': 'max-age=60',
  'Surrogate-Control': 'max-age=60',
  'Edge-Control': 'cache-maxage=60s',
  'X-Accel-Expires': '60',
  Expires: 'Thu, 01 Jan 2037 00:00:00 GMT',
}
const lifetimesOf = ({ headers }: Response) => Object.keys(LIFETIMES).map((it) => headers.get(it))

it('nodeListener gives no error the lifetime that a middleware has set', async () => {
  const file = nodeListener(nodeDirectory(directory))
  const failing = nodeListener(() => Promise.reject(new Error('a disk')), { onError() {} })
  const set = { ...LIFETIMES, 'X-Other': '1' }
  const url = await listen((incoming, outgoing) => {
    for (const [name, value] of Object.entries(set)) outgoing.setHeader(name, value)
    return (incoming.url === '/failing' ? failing : file)(incoming, outgoing)
  })
  const none = Object.keys(LIFETIMES).map(() => null)
  for (const [status, path, headers, expected] of [
    [503, 'failing', {}, none],
    [416, 'short.txt', { range: 'bytes=99-' }, none],
    [412, 'short.txt', { 'if-match': '"x"' }, none],
    [404, 'none.txt', {}, none],
    [200, 'short.txt', {}, ['no-cache', ...Object.values(LIFETIMES).slice(1)]],
  ] as const) {
    const response = await fetch(`${url}/${path}`, { headers })
    await response.arrayBuffer()
    expect([response.status, response.headers.get('x-other')]).toEqual([status, '1'])
    expect([status, lifetimesOf(response)]).toEqual([status, expected])
  }
})

it('nodeListener keeps what a middleware says against keeping, and no lifetime of what is private', async () => {
  const file = nodeListener(nodeDirectory(directory, { cacheControl: 'private, no-cache' }))
  let set: Record<string, string> = {}
  const url = await listen((incoming, outgoing) => {
    for (const [name, value] of Object.entries(set)) outgoing.setHeader(name, value)
    return file(incoming, outgoing)
  })
  const fieldsOf = async (path: string, ...names: string[]) => {
    const response = await fetch(`${url}/${path}`)
    await response.arrayBuffer()
    return names.map((name) => response.headers.get(name))
  }
  set = { 'cache-control': 'public, max-age=0, must-revalidate', expires: '0' }
  expect(await fieldsOf('none.txt', 'cache-control', 'expires')).toEqual(Object.values(set))
  set = { 'cache-control': 'no-cache, max-age=60', expires: 'Thu, 01 Jan 1970 00:00:00 GMT' }
  expect(await fieldsOf('none.txt', 'cache-control', 'expires')).toEqual(Object.values(set))
  set = { 'cache-control': 'no-cache', 'x-accel-expires': '0' }
  expect(await fieldsOf('none.txt', ...Object.keys(set))).toEqual(Object.values(set))
  set = { 'x-accel-expires': '@2000000000', 'edge-control': 'max-age=1' }
  expect(await fieldsOf('short.txt', ...Object.keys(set))).toEqual([null, null])
  set = { 'cdn-cache-control': 'max-age=60', 'surrogate-control': 'no-store' }
  const told = await fieldsOf('short.txt', 'cache-control', ...Object.keys(set))
  expect(told).toEqual(['private, no-cache', null, 'no-store'])
})

it.each([
  'http://x;/',
  "http://x'/",
  'http:////x/',
  'http://x%41/',
  'ws:///x/',
  'ftp:///x/',
  'javascript://x/',
])('what Express routes by another path is not found: %s', async (origin) => {
  const app = express()
  app.use('/admin', (_request, response) => void response.status(401).end('guarded'))
  app.use(nodeListener(nodeDirectory(directory)))
  mkdirSync(join(directory, 'admin'), { recursive: true })
  writeFileSync(join(directory, 'admin', 'secret.txt'), 'for admins')
  const { port } = new URL(await listen(app))
  const { body } = await fetchOnce(Number(port), [
    `GET ${origin}admin/secret.txt HTTP/1.1`,
    'Host: x',
    'Connection: close',
  ])
  expect(String(body)).not.toContain('for admins')
})

it.each([
  'private, max-age=60',
  'no-store',
  'no-cache',
])('nodeListener leaves an error what a middleware says of it: %s', async (set) => {
  const listener = nodeListener(() => null)
  const url = await listen((incoming, outgoing) => {
    outgoing.setHeader('Cache-Control', set)
    return listener(incoming, outgoing)
  })
  expect((await fetch(url)).headers.get('cache-control')).toBe(set)
})

it('nodeListener ends a response whose `write` gives nothing back', async () => {
  const { options, served } = observe()
  const listener = nodeListener(nodeDirectory(directory, { keepOpen: 0 }), options)
  const seen: Uint8Array[] = []
  const url = await listen((incoming, outgoing) => {
    const { write } = outgoing
    // As those do that log bodies.
    Object.assign(outgoing, {
      write(chunk: Uint8Array) {
        seen.push(chunk)
        write.call(outgoing, chunk, 'utf8')
      },
    })
    return listener(incoming, outgoing)
  })
  const body = new Uint8Array(await (await fetch(`${url}/several.txt`)).arrayBuffer())
  await until(() => served.length === 1)
  expect([body, Buffer.concat(seen)].map((it) => Buffer.compare(it, several))).toEqual([0, 0])
  expect(served).toEqual([{ status: 200, sent: several.length, aborted: false }])
})

it('nodeListener sends all by a class of responses that drops the callback', async () => {
  class Counting<Request extends IncomingMessage> extends ServerResponse<Request> {
    bytes = 0
    override write(chunk: Uint8Array): boolean {
      this.bytes += chunk.length
      return super.write(chunk)
    }
  }
  const listener = nodeListener(() => countingSource(long))
  const url = await listen(listener, { ServerResponse: Counting })
  const body = new Uint8Array(await (await fetch(url)).arrayBuffer())
  expect(Buffer.compare(body, long)).toBe(0)
})

it('nodeListener reuses no buffer on a connection that is no socket', async () => {
  const server = createServer(nodeListener(nodeDirectory(directory, { keepOpen: 0 })))
  // As a tunnel or a throttle does: what it has taken, the socket behind it may not have sent yet.
  const front = createTcpServer((socket) => {
    const [near, far] = duplexPair()
    for (const each of [socket, near, far]) each.on('error', () => {})
    socket.pipe(near).pipe(socket)
    server.emit('connection', far)
  }).listen(0, '127.0.0.1')
  opened.push(front, { close: () => server.closeAllConnections() })
  await once(front, 'listening')
  const client = connect((front.address() as AddressInfo).port, '127.0.0.1')
  client.write('GET /long.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  const received: Buffer[] = []
  for await (const chunk of client) {
    received.push(chunk)
    // A client that is slow at first: so much is under way.
    if (received.length < 50) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const all = Buffer.concat(received)
  const body = all.subarray(all.indexOf('\r\n\r\n') + 4)
  expect([body.length, Buffer.compare(body, long)]).toEqual([long.length, 0])
})

it.each([
  ['HTTP/1.0', 'ECONNRESET'],
  ['HTTP/1.1', 'end'],
])('a body without a length that breaks off looks so over %s: %s', async (version, expected) => {
  let hear = () => {}
  const isHeard = new Promise<void>((resolve) => (hear = resolve))
  const stream = () => {
    let chunks = 0
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
      if (chunks++ === 0) return controller.enqueue(new Uint8Array(1000))
      // Node's client takes a reset that comes with bytes for an end.
      await isHeard
      throw new Error('EIO: i/o error')
    }
    return new ReadableStream({ pull }, { highWaterMark: 0 })
  }
  const { options, errors } = observe()
  const listener = nodeListener(() => ({ status: 200, headers: {}, pieces: [], stream }), options)
  const { port } = new URL(await listen(listener))
  const client = connect(Number(port), '127.0.0.1')
  const ended = new Promise<string>((resolve) => {
    client.on('end', () => resolve('end'))
    client.on('error', (error: NodeJS.ErrnoException) => resolve(`${error.code}`))
  })
  let text = ''
  client.on('data', (chunk) => {
    text += chunk.toString('latin1')
    if (text.includes('\0'.repeat(1000))) setImmediate(hear)
  })
  client.write(`GET / ${version}\r\nHost: a\r\n\r\n`)
  // The last of its chunks, where it has some, is missing.
  expect([await ended, text.endsWith('0\r\n\r\n')]).toEqual([expected, false])
  await until(() => errors.length === 1)
})

it('nodeListener counts no bytes as sent that a middleware does not take', async () => {
  const { options, served } = observe()
  const listener = nodeListener(() => countingSource(long), options)
  const client = new AbortController()
  const url = await listen((incoming, outgoing) => {
    outgoing.write = () => {
      client.abort()
      return false
    }
    return listener(incoming, outgoing)
  })
  await expect(fetch(url, { signal: client.signal })).rejects.toThrow()
  await until(() => served.length === 1)
  expect(served).toEqual([{ status: 200, sent: 0, aborted: true }])
})

it('nodeListener reuses no buffer if a middleware replaces `write` with the head, and loses none', async () => {
  const listener = nodeListener(() => countingSource(several))
  let kept: Uint8Array[] = []
  const url = await listen((incoming, outgoing) => {
    const { writeHead } = outgoing
    outgoing.writeHead = (...args: unknown[]) => {
      const write = outgoing.write.bind(outgoing)
      outgoing.write = (chunk: Uint8Array) => {
        kept.push(chunk)
        return write(chunk)
      }
      return Reflect.apply(writeHead, outgoing, args)
    }
    return listener(incoming, outgoing)
  })
  const largest = () => {
    const buffer = memory.takeBuffer(MIB)
    memory.forgetBuffer(buffer)
    return buffer.length
  }
  const before = largest()
  // More than all buffers there may be.
  for (let i = 0; i < 20; i++) {
    kept = []
    await (await fetch(url)).arrayBuffer()
    expect(Buffer.compare(Buffer.concat(kept), several)).toBe(0)
  }
  expect(largest()).toBe(before)
})

it('nodeListener is done with a client that is gone, though a read behind a middleware never ends', async () => {
  let reads = 0
  const source = countingSource(long, {
    read: (bytes) => (reads++ === 0 ? bytes.subarray(0, MIB) : new Promise<never>(() => {})),
  })
  const { options, served } = observe()
  const listener = nodeListener(() => source, options)
  const client = new AbortController()
  let done: Promise<void> = Promise.resolve()
  const url = await listen((incoming, outgoing) => {
    outgoing.end = outgoing.end.bind(outgoing)
    done = listener(incoming, outgoing)
  })
  const response = await fetch(url, { signal: client.signal })
  await until(() => reads === 2)
  client.abort()
  await done
  await response.body?.cancel().catch(() => {})
  expect({ closes: source.closes, aborted: served[0]?.aborted }).toEqual({
    closes: 1,
    aborted: true,
  })
})

describe('nodeListener in a host that answers by itself', () => {
  it('before it is asked adds nothing, and is told', async () => {
    const { options, served } = observe()
    let lookups = 0
    const listener = nodeListener(() => {
      lookups++
      return null
    }, options)
    let done: Promise<void> = Promise.resolve()
    const url = await listen((incoming, outgoing) => {
      done = once(outgoing, 'close').then(() => listener(incoming, outgoing))
      outgoing.end('late')
    })
    expect(await (await fetch(url)).text()).toBe('late')
    await done
    expect({ lookups, served }).toEqual({
      lookups: 1,
      served: [{ status: 404, sent: 0, aborted: false }],
    })
  })

  it.each([
    ['nothing is found', null],
    ['a file is found', countingSource(long)],
  ])('after too long a lookup adds nothing, when %s', async (_what, found) => {
    let find = (_: typeof found) => {}
    const { options, errors } = observe()
    const late = new Promise<typeof found>((resolve) => (find = resolve))
    const listener = nodeListener(() => late, options)
    let done: Promise<void> = Promise.resolve()
    const url = await listen((incoming, outgoing) => {
      done = listener(incoming, outgoing)
      outgoing.writeHead(504, { 'content-length': 4 })
      outgoing.end('late')
    })
    const response = await fetch(url)
    expect([response.status, await response.text()]).toEqual([504, 'late'])
    find(found)
    await done
    expect({ closes: found?.closes ?? 1, errors }).toEqual({ closes: 1, errors: [] })
  })

  const broken = new Error('EIO: i/o error')
  it.each<[string, (bytes: Uint8Array) => Uint8Array, object, isWrapped?: boolean]>([
    [
      'that gives bytes',
      (bytes) => bytes,
      { served: [{ status: 200, sent: 0, aborted: true }], errors: [], closes: 1 },
    ],
    [
      'that gives bytes, behind a middleware that replaces `write`,',
      (bytes) => bytes,
      { served: [{ status: 200, sent: 0, aborted: true }], errors: [], closes: 1 },
      true,
    ],
    [
      'that fails',
      () => {
        throw broken
      },
      { served: [{ status: 503, sent: 0, aborted: false }], errors: [broken], closes: 1 },
    ],
  ])('after too long a read %s adds nothing', async (_how, give, expected, isWrapped = false) => {
    let go = () => {}
    const waiting = new Promise<void>((resolve) => (go = resolve))
    const source = countingSource(long, { read: (bytes) => waiting.then(() => give(bytes)) })
    const { options, served, errors } = observe()
    const listener = nodeListener(() => source, options)
    let done: Promise<void> = Promise.resolve()
    const url = await listen((incoming, outgoing) => {
      if (isWrapped) outgoing.write = outgoing.write.bind(outgoing)
      done = listener(incoming, outgoing)
      setImmediate(() => {
        outgoing.writeHead(504, { 'content-length': 4 })
        outgoing.write('la')
        go()
        setImmediate(() => outgoing.end('te'))
      })
    })
    const response = await fetch(url)
    expect([response.status, await response.text()]).toEqual([504, 'late'])
    await done
    expect({ served, errors, closes: source.closes }).toEqual(expected)
  })
})

async function listen(listener: RequestListener, options: ServerOptions = {}): Promise<string> {
  const server = createServer(options, listener).listen(0, '127.0.0.1')
  opened.push({ close: () => server.close().closeAllConnections() })
  await new Promise((resolve) => server.once('listening', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
