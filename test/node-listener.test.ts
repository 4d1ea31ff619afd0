import { once } from 'node:events'
import { closeSync, ftruncateSync, openSync, utimesSync, writeFileSync, writeSync } from 'node:fs'
import { createServer, IncomingMessage, type RequestListener, ServerResponse } from 'node:http'
import http2 from 'node:http2'
import { type AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { createAdaptorServer, type HttpBindings, type ServerType } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { Hono } from 'hono'
import { afterEach, describe, expect, it } from 'vitest'
import { memory } from '../adapters/local/shared.ts'
import { nodeDirectory, nodeListener } from '../adapters/node.ts'
import type { Incoming, Outgoing } from '../adapters/node-http/messages.ts'
import type { Answer } from '../src/answer.ts'
import type { FileLookup } from '../src/lookup.ts'
import type { ServeOptions } from '../src/respond.ts'
import { fileHandler } from '../src/serve.ts'
import type { FileSource } from '../src/source.ts'
import { fetchOnce } from './support/client.ts'
import { countingSource, type Deviation, someBytes, streamOf } from './support/counting-source.ts'
import { collectGarbage } from './support/garbage.ts'
import { canCountHandles, openHandles } from './support/handles.ts'
import { parseMultipart } from './support/multipart.ts'
import { observe } from './support/observe.ts'
import { RawClient } from './support/raw-client.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { expectNoUnhandledRejections } from './support/unhandled.ts'
import { settle, until } from './support/wait.ts'

expectNoUnhandledRejections()

const MIB = 1024 * 1024
const directory = temporaryDirectory()
const small = someBytes(1000)
const one = someBytes(6 * MIB + 5, 1)
const two = someBytes(6 * MIB + 5, 2)
/** What is left of it after the largest buffer fits into the smallest. */
const edge = someBytes(512 * 1024 + 5)
/** More than the kernel holds for a client that does not read. */
const long = someBytes(24 * MIB, 3)
for (const [name, bytes] of Object.entries({ small, one, two, edge, empty: '' })) {
  const path = join(directory, `${name}.bin`)
  writeFileSync(path, bytes)
  // Old enough for its validators to be strong.
  utimesSync(path, 1_700_000_000, 1_700_000_000)
}
const lookup = nodeDirectory(directory, { keepOpen: 0 })

const opened: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of opened.splice(0)) each.close()
  if (canCountHandles) await until(() => openHandles(directory) === 0)
})

/** A lookup that finds nothing, and gives up with its client. */
function heedingLookup() {
  const signals: AbortSignal[] = []
  const looking: FileLookup = ({ signal }) =>
    new Promise((_, reject) => {
      if (signal === undefined) return
      signals.push(signal)
      signal.addEventListener('abort', () => reject(signal.reason))
    })
  return { looking, signals }
}

describe('nodeListener over node:http', () => {
  it.each<[method: string, path: string, fields: string[], status: number]>([
    ['GET', '/small.bin', [], 200],
    ['GET', '/small.bin', ['Range: bytes=5-9'], 206],
    ['GET', '/small.bin', ['Range: bytes=-1'], 206],
    ['GET', '/small.bin', ['Range: bytes=1000-'], 416],
    ['GET', '/small.bin', ['Range: bytes=5-2'], 200],
    ['GET', '/small.bin', ['Range: bytes=5-9', 'If-Range: "b"'], 200],
    ['GET', '/small.bin', ['If-None-Match: *'], 304],
    ['GET', '/small.bin', ['If-Match: "b"'], 412],
    ['GET', '/one.bin', ['Range: bytes=1000-2999999'], 206],
    ['GET', '/empty.bin', ['Range: bytes=0-'], 200],
    ['GET', '/no-such-file', [], 404],
    ['HEAD', '/small.bin', ['Range: bytes=5-9'], 200],
    ['HEAD', '/no-such-file', [], 404],
    ['POST', '/small.bin', [], 405],
    ['OPTIONS', '/small.bin', [], 204],
  ])('writes the same answer as fileHandler: %s %s %j', async (method, path, fields, status) => {
    const client = await clientOf(nodeListener(lookup))
    client.send(`${method} ${path} HTTP/1.1`, 'Host: localhost', ...fields)
    const { body, ...head } = await client.response({ hasBody: method !== 'HEAD' })
    const headers = fields.map((field): [string, string] => {
      const [name = '', value = ''] = field.split(': ')
      return [name, value]
    })
    const answer = await fileHandler(lookup)(
      new Request(`http://localhost${path}`, { method, headers }),
    )
    expect({ status: head.status, headers: fieldsOf(head.headers) }).toEqual({
      status,
      headers: Object.fromEntries(answer.headers),
    })
    expect(answer.status).toBe(status)
    expect(Buffer.compare(body, await answer.bytes())).toBe(0)
  })

  it('writes several ranges of a large file', async () => {
    const client = await clientOf(nodeListener(lookup))
    client.get('/one.bin', 'Range: bytes=-9,0-1999999,3000000-4999999')
    const { status, headers, body } = await client.response()
    const parts = parseMultipart(headers['content-type'] ?? '', body)
    const expected = [one.subarray(-9), one.subarray(0, 2e6), one.subarray(3e6, 5e6)]
    const same = parts.map(({ bytes }, i) => Buffer.compare(bytes, expected[i] ?? small))
    expect({ status, same }).toEqual({ status: 206, same: [0, 0, 0] })
  })

  it('keeps the connection, whatever came before', async () => {
    const client = await clientOf(nodeListener(lookup))
    const asked: [string, string, string[], number][] = [
      ['HEAD', '/one.bin', [], 200],
      ['GET', '/empty.bin', ['Range: bytes=0-'], 200],
      ['GET', '/no-such-file', [], 404],
      ['HEAD', '/no-such-file', [], 404],
      ['POST', '/small.bin', ['Content-Length: 0'], 405],
      ['OPTIONS', '/small.bin', [], 204],
      ['HEAD', '/small.bin', ['Range: bytes=5-9'], 200],
      ['GET', '/small.bin', ['If-None-Match: *'], 304],
      ['GET', '/..%2fsecret', [], 404],
      ['GET', '/one.bin', ['Range: bytes=0-0'], 206],
    ]
    const statuses: number[] = []
    for (const [method, path, fields] of asked) {
      client.send(`${method} ${path} HTTP/1.1`, 'Host: localhost', ...fields)
      const response = await client.response({ hasBody: method !== 'HEAD' })
      statuses.push(response.status)
    }
    expect(statuses).toEqual(asked.map(([, , , status]) => status))
    client.get('/small.bin', 'Connection: close')
    expect((await client.response()).body).toEqual(Buffer.from(small))
    expect(await client.rest()).toEqual(Buffer.alloc(0))
  })

  it('answers requests of one write in their order', async () => {
    const client = await clientOf(nodeListener(lookup))
    const line = (path: string, range: string) =>
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nRange: bytes=${range}\r\n\r\n`
    client.socket.write(
      line('/one.bin', '0-') +
        line('/small.bin', '0-9') +
        line('/two.bin', '7-') +
        line('/no-such-file', '0-') +
        line('/small.bin', '-3'),
    )
    const bodies = [
      one,
      small.subarray(0, 10),
      two.subarray(7),
      small.subarray(0, 0),
      small.subarray(-3),
    ]
    const same: number[] = []
    for (const body of bodies) same.push(Buffer.compare((await client.response()).body, body))
    expect(same).toEqual([0, 0, 0, 0, 0])
  })

  it('gives slow clients their own bytes, however buffers go round', async () => {
    const port = await serve(nodeListener(lookup))
    const files = { '/one.bin': one, '/two.bin': two }
    const clients = Object.keys(files).flatMap((path) => {
      return [0, 1, 2].map(() => ({
        path,
        bytes: files[path as keyof typeof files],
        client: connectTo(port),
      }))
    })
    for (const { client, path } of clients) client.get(path)
    for (const { client } of clients) await client.head()
    const wrong: string[] = []
    // In turns, a little at a time: most of what is written waits for its reader.
    for (let at = 0; at < one.length; at += 300_000) {
      for (const { client, path, bytes } of clients) {
        const end = Math.min(at + 300_000, one.length)
        const taken = await client.take(end - at)
        if (Buffer.compare(taken, bytes.subarray(at, end)) !== 0) wrong.push(`${path} at ${at}`)
      }
    }
    expect(wrong).toEqual([])
  })

  it('tells of bytes that left, and of clients that hang up', async () => {
    const { options, served, errors } = observe()
    const port = await serve(nodeListener(lookup, options))
    const patient = connectTo(port)
    patient.get('/one.bin')
    await patient.response()
    await until(() => served.length === 1)
    const hasty = connectTo(port)
    hasty.get('/one.bin')
    await hasty.take(1000)
    hasty.socket.resetAndDestroy()
    await until(() => served.length === 2)
    const { sent } = served[1] ?? { sent: null }
    expect({ served, errors, isPart: sent !== null && sent < one.length }).toEqual({
      served: [
        { status: 200, sent: one.length, aborted: false },
        { status: 200, sent: expect.any(Number), aborted: true },
      ],
      errors: [],
      isPart: true,
    })
  })

  it.each([
    ['hangs up', (client: RawClient) => client.socket.destroy()],
    ['resets', (client: RawClient) => client.socket.resetAndDestroy()],
  ])('closes what is under way, and opens nothing for what waits behind it, when a client %s', async (_how, leave) => {
    const { options, served } = observe()
    const sources = [0, 1, 2].map(() => countingSource(long))
    let lookups = 0
    const listener = nodeListener(() => sources[lookups++] ?? null, options)
    let requests = 0
    const client = await clientOf((incoming, outgoing) => {
      // As a body parser does: Node tells nothing of such a request any more.
      incoming.resume().once('end', () => void listener(incoming, outgoing))
      requests++
    })
    client.socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(3))
    await client.take(1000)
    await until(() => requests === 3)
    leave(client)
    await until(() => served.length === 1)
    expect(served.map(({ aborted }) => aborted)).toEqual([true])
    expect(sources.map(({ reads, closes }) => [reads.length > 0, closes])).toEqual([
      [true, 1],
      [false, 0],
      [false, 0],
    ])
  })

  it.each([
    ['', false],
    // As a body parser does: such a request is never told that it was aborted.
    [', after its request was read to its end', true],
  ])('closes the source when the client is gone before it is found%s', async (_when, isRead) => {
    const late = foundLate(one)
    const client = await clientOf(async (incoming, outgoing) => {
      if (isRead) await once(incoming.resume(), 'end')
      late.listener(incoming, outgoing)
    })
    client.get('/')
    await until(() => late.isSought() && client.socket.readyState === 'open')
    client.socket.resetAndDestroy()
    expect(await late.outcome()).toEqual({
      closes: 1,
      reads: [],
      served: [{ status: 200, sent: 0, aborted: true }],
    })
  })

  it('is done when its client is gone, even if a read never ends', async () => {
    const { options, served } = observe()
    const source = countingSource(long, { read: () => new Promise(() => {}) })
    let done: Promise<void> | null = null
    const client = await clientOf((incoming, outgoing) => {
      done = nodeListener(() => source, options)(incoming, outgoing)
    })
    client.get('/')
    await until(() => source.reads.length === 1)
    client.socket.resetAndDestroy()
    await until(() => done !== null)
    await done
    expect({ closes: source.closes, served }).toEqual({
      closes: 1,
      served: [{ status: 200, sent: 0, aborted: true }],
    })
  })

  it('notices a hang-up after the request was read to its end', async () => {
    const { options, served } = observe()
    const source = countingSource(long)
    const listener = nodeListener(() => source, options)
    // As a body parser does: such a request is never told that it was aborted.
    const client = await clientOf((incoming, outgoing) => {
      incoming.on('end', () => void listener(incoming, outgoing)).resume()
    })
    client.get('/')
    await client.take(1000)
    client.socket.resetAndDestroy()
    await until(() => served.length === 1)
    expect({ closes: source.closes, aborted: served[0]?.aborted }).toEqual({
      closes: 1,
      aborted: true,
    })
  })

  it('tells a lookup that its client hung up, whose failure is none then', async () => {
    const { options, served, errors } = observe()
    const { looking, signals } = heedingLookup()
    const client = await clientOf(nodeListener(looking, options))
    client.get('/')
    await until(() => signals.length === 1)
    expect(signals[0]?.aborted).toBe(false)
    client.socket.resetAndDestroy()
    await until(() => served.length === 1)
    const told = signals[0]?.aborted
    expect({ told, aborted: served[0]?.aborted, errors }).toEqual({
      told: true,
      aborted: true,
      errors: [],
    })
  })

  /** A socket whose client takes nothing: a write lasts until it is settled. */
  class Stalled extends Socket {
    readonly written: Uint8Array[] = []
    #callback: ((error?: Error | null) => void) | null = null
    override _read() {}
    override _writev(
      chunks: { chunk: Uint8Array }[],
      callback: (error?: Error | null) => void,
    ): void {
      this.written.push(...chunks.map(({ chunk }) => chunk))
      this.#callback = callback
    }
    /** Ends the write under way, once there is one, and lets what follows happen. */
    async endWrite(error?: Error) {
      await until(() => this.#callback !== null)
      const callback = this.#callback
      this.#callback = null
      callback?.(error)
      await settle()
    }
  }

  /** Node's own request and response on such a socket. */
  function stalledExchange(url: string) {
    const socket = new Stalled()
    const incoming = new IncomingMessage(socket)
    Object.assign(incoming, { method: 'GET', url })
    const outgoing = new ServerResponse(incoming)
    outgoing.assignSocket(socket)
    return { socket, incoming, outgoing }
  }

  /** A response that has nothing of Node's: its chunks leave at once, and it keeps them. */
  class Mock implements Outgoing {
    readonly headersSent = false
    readonly socket = null
    readonly written: Uint8Array[] = []
    getHeader() {}
    writeHead() {}
    write(chunk: Uint8Array, callback: (error?: Error | null) => void) {
      this.written.push(chunk)
      callback()
    }
    end(chunk?: Uint8Array, callback?: (error?: Error | null) => void) {
      if (chunk !== undefined) this.written.push(chunk)
      callback?.()
    }
    destroy() {}
    once(_event: string, _listener: () => void) {}
  }
  const incoming: Incoming = {
    method: 'GET',
    url: '/one.bin',
    headers: {},
    rawHeaders: [],
    aborted: false,
    resume() {},
  }

  it('counts no bytes as sent that did not leave', async () => {
    class Broken extends Mock {
      #close = () => {}
      override write(_chunk: Uint8Array, callback: (error?: Error | null) => void) {
        this.#close()
        callback(new Error('EPIPE'))
      }
      override once(_event: string, listener: () => void) {
        this.#close = listener
      }
    }
    const { options, served, errors } = observe()
    await nodeListener(lookup, options)(incoming, new Broken())
    await until(() => served.length === 1)
    const expected = { served: [{ status: 200, sent: 0, aborted: true }], errors: [] }
    expect({ served, errors }).toEqual(expected)
  })

  it.each(['GET', 'HEAD'])('is told of a close that fails after a %s', async (method) => {
    const broken = new Error('EIO: close')
    const { options, errors } = observe()
    const source = countingSource(one, { close: () => Promise.reject(broken) })
    await nodeListener(() => source, options)({ ...incoming, method }, new Mock())
    expect({ errors, closes: source.closes }).toEqual({ errors: [broken], closes: 1 })
  })

  it('gives a response of another class chunks that it may keep', async () => {
    const outgoing = new Mock()
    await nodeListener(lookup)(incoming, outgoing)
    await nodeListener(lookup)({ ...incoming, url: '/two.bin' }, new Mock())
    expect(Buffer.concat(outgoing.written).equals(one)).toBe(true)
  })

  it('sends a body of unknown length to a response of another class', async () => {
    const outgoing = new Mock()
    const found = () => ({
      status: 200,
      headers: {},
      pieces: [],
      stream: () => streamOf(one, 70_000),
    })
    await nodeListener(found)(incoming, outgoing)
    expect(Buffer.concat(outgoing.written).equals(one)).toBe(true)
  })

  it('passes on a response that has no socket, and never will', async () => {
    let passed = 0
    await nodeListener(() => null)(incoming, new Mock(), () => passed++)
    expect(passed).toBe(1)
  })

  it.each([
    'is gone',
    'fails to take a chunk',
  ])('does not use a buffer again when a client %s', async (how) => {
    const { socket, incoming, outgoing } = stalledExchange('/edge.bin')
    const { options, served } = observe()
    const done = nodeListener(lookup, options)(incoming, outgoing)
    socket.on('error', () => {})
    const held = () => socket.written.find(({ length }) => length > 1000)?.buffer
    await until(() => socket.written.length > 0)
    while (held() === undefined) await socket.endWrite()
    if (how === 'fails to take a chunk') await socket.endWrite(new Error('EPIPE'))
    socket.destroy()
    await done
    const next = Array.from({ length: 100 }, (_, i) => memory.takeBuffer(i * 10_000))
    for (const buffer of next) memory.forgetBuffer(buffer)
    expect(next.filter(({ buffer }) => buffer === held())).toEqual([])
    expect(served).toEqual([{ status: 200, sent: 0, aborted: true }])
  })

  it('is told the end by a connection that is no socket, and tells of no event', async () => {
    const written: Uint8Array[] = []
    // As a host has it that makes an event of a function of each request.
    const connection = new Writable({
      write(chunk, _encoding, callback) {
        written.push(chunk)
        callback()
      },
    })
    const incoming = new IncomingMessage(connection as unknown as Socket)
    Object.assign(incoming, { method: 'GET', url: '/edge.bin' })
    const outgoing = new ServerResponse(incoming)
    outgoing.assignSocket(connection as unknown as Socket)
    const { options, served } = observe()
    await nodeListener(lookup, options)(incoming, outgoing)
    const text = Buffer.concat(written)
    const body = text.subarray(text.indexOf('\r\n\r\n') + 4)
    expect(served).toEqual([{ status: 200, sent: body.length, aborted: false }])
  })

  it.each([0, 1])('does not use a buffer again that read %i may still fill', async (which) => {
    const filling: (Uint8Array | undefined)[] = []
    const source: FileSource = {
      size: one.length,
      async read(start, end, into) {
        filling.push(into)
        if (filling.length > which) await new Promise(() => {})
        return one.subarray(start, Math.min(end, start + 9))
      },
    }
    const { socket, incoming, outgoing } = stalledExchange('/')
    const done = nodeListener(() => source)(incoming, outgoing)
    await until(() => filling.length > 0)
    while (filling.length <= which) await socket.endWrite()
    socket.destroy()
    await done
    const next = Array.from({ length: 100 }, (_, i) => memory.takeBuffer(i * 10_000))
    for (const buffer of next) memory.forgetBuffer(buffer)
    expect(filling.at(-1)).toBeInstanceOf(Uint8Array)
    expect(next.filter((buffer) => buffer === filling.at(-1))).toEqual([])
  })

  it('uses a buffer again once its bytes have left', async () => {
    const filled: (Uint8Array | undefined)[] = []
    const source: FileSource = {
      size: small.length,
      read(_start, _end, into) {
        filled.push(into)
        return small
      },
    }
    const client = await clientOf(nodeListener(() => source))
    client.get('/')
    expect((await client.response()).body).toEqual(Buffer.from(small))
    const next = memory.takeBuffer(small.length)
    memory.forgetBuffer(next)
    expect(filled).toEqual([next])
  })

  it.each([
    ['OPTIONS', 204],
    ['POST', 405],
  ])('looks nothing up for %s', async (method, expected) => {
    let lookups = 0
    const client = await clientOf(
      nodeListener(() => {
        lookups++
        return null
      }),
    )
    client.send(`${method} / HTTP/1.1`, 'Content-Length: 0')
    const { status } = await client.response()
    expect({ status, lookups }).toEqual({ status: expected, lookups: 0 })
  })

  const never = () => new Promise<void>(() => {})
  it.each<[status: number, method: string, fields: string[], deviation: Deviation]>([
    [200, 'HEAD', [], {}],
    [304, 'GET', ['If-None-Match: *'], {}],
    [412, 'GET', ['If-Match: "b"'], {}],
    [416, 'GET', ['Range: bytes=1000-'], {}],
    [503, 'GET', [], { read: () => Promise.reject(new Error('EIO')) }],
    [206, 'GET', ['Range: bytes=0-9'], {}],
  ])('answers %i to a %s %j, though its source never closes', async (status, method, fields, deviation) => {
    const source = () => countingSource(small, { etag: '"a"', ...deviation, close: never })
    const client = await clientOf(nodeListener(source, { onError: () => {} }))
    client.send(`${method} / HTTP/1.1`, 'Host: localhost', ...fields)
    expect((await client.response({ hasBody: method !== 'HEAD' })).status).toBe(status)
  })

  it('cuts a body that fails midway, though its source never closes', async () => {
    const { options, served } = observe()
    const read = (bytes: Uint8Array, start: number) => {
      if (start > 0) throw new Error('EIO')
      return bytes.subarray(0, 1000)
    }
    const source = () => countingSource(one, { read, close: never })
    const client = await clientOf(nodeListener(source, options))
    client.get('/')
    await expect(client.response()).rejects.toThrow()
    await until(() => served.length > 0)
    expect(served).toEqual([{ status: 200, sent: 1000, aborted: false }])
  })

  it('is told of a close that fails after a hang-up', async () => {
    const broken = new Error('EIO: close')
    const { options, served, errors } = observe()
    const source = countingSource(long, { close: () => Promise.reject(broken) })
    const client = await clientOf(nodeListener(() => source, options))
    client.get('/')
    await client.take(1000)
    client.socket.resetAndDestroy()
    await until(() => served.length === 1)
    expect(errors).toEqual([broken])
  })

  it('closes the source when the client goes while a read is under way', async () => {
    const { options, served, errors } = observe()
    let reads = 0
    const source = countingSource(one, {
      read: (bytes) => (reads++ === 0 ? bytes.subarray(0, 9) : new Promise(() => {})),
    })
    const client = await clientOf(nodeListener(() => source, options))
    client.get('/')
    await client.head()
    await client.take(9)
    await until(() => reads === 2)
    client.socket.resetAndDestroy()
    await until(() => source.closes === 1)
    await until(() => served.length === 1)
    expect(served).toEqual([{ status: 200, sent: 9, aborted: true }])
    expect(errors).toEqual([])
  })

  const broken = new Error('EIO: i/o error')
  const failing = () => countingSource(one, { read: () => Promise.reject(broken) })
  it.each<[string, FileLookup, string[]]>([
    ['a lookup that rejects', () => Promise.reject(broken), []],
    ['a first read that rejects', failing, []],
    ['a first read of a multipart that rejects', failing, ['Range: bytes=0-0,2-9']],
  ])('answers %s with an empty 503, and keeps the connection', async (_what, fails, fields) => {
    const { options, served, errors } = observe()
    let isFirst = true
    const client = await clientOf(
      nodeListener((request) => {
        if (!isFirst) return lookup(request)
        isFirst = false
        return fails(request)
      }, options),
    )
    client.get('/', ...fields)
    const { status, headers, body } = await client.response()
    expect({ status, headers: fieldsOf(headers), body }).toEqual({
      status: 503,
      headers: { 'content-length': '0', 'retry-after': '1' },
      body: Buffer.alloc(0),
    })
    client.get('/small.bin')
    expect((await client.response()).status).toBe(200)
    expect(errors).toEqual([broken])
    expect(served[0]).toEqual({ status: 503, sent: 0, aborted: false })
  })

  it.each([
    ['fails', () => Promise.reject(broken)],
    ['ends early', (bytes: Uint8Array) => bytes.subarray(0, 0)],
  ])('breaks the connection when a source %s midway', async (_how, later) => {
    const { options, served, errors } = observe()
    const source = countingSource(one, {
      read: (bytes, start) => (start === 0 ? bytes.subarray(0, 500_000) : later(bytes)),
    })
    const client = await clientOf(nodeListener(() => source, options))
    client.get('/')
    const { headers } = await client.head()
    const body = await client.rest()
    expect(Number(headers['content-length'])).toBe(one.length)
    expect(body.length).toBeLessThanOrEqual(500_000)
    expect(Buffer.compare(body, one.subarray(0, body.length))).toBe(0)
    await until(() => served.length === 1)
    expect({ closes: source.closes, errors: errors.length, served }).toEqual({
      closes: 1,
      errors: 1,
      served: [{ status: 200, sent: 500_000, aborted: false }],
    })
  })

  it('writes what comes as a stream', async () => {
    const source = countingSource(one, { read: (bytes) => streamOf(bytes, 700_001) })
    const client = await clientOf(nodeListener(() => source))
    client.get('/')
    expect(Buffer.compare((await client.response()).body, one)).toBe(0)
    expect(source.closes).toBe(1)
  })

  it('never asks for a native body', async () => {
    const body = () => {
      throw new Error('Expected no call')
    }
    const client = await clientOf(nodeListener(() => countingSource(small, { native: { body } })))
    client.get('/')
    expect((await client.response()).body).toEqual(Buffer.from(small))
  })

  it('does not die of a media type that no field can hold', async () => {
    const { options } = observe()
    const source = () => countingSource(small, { type: 'text/plain\n\nx' })
    const client = await clientOf(nodeListener(source, options))
    client.get('/')
    expect((await client.response()).status).toBe(503)
    client.send('HEAD / HTTP/1.1', 'Host: localhost')
    expect((await client.response({ hasBody: false })).status).toBe(503)
  })

  it('gives a lookup header fields by any case of their names', async () => {
    const seen: unknown[] = []
    const listener = nodeListener(({ method, url, headers }) => {
      const names = ['Accept-Language', 'accept-language', 'X-None', 'constructor']
      seen.push(method, url, ...names.map((name) => headers.get(name)))
      return null
    })
    const client = await clientOf(listener)
    client.get('/a%20b?c', 'Accept-Language: en')
    await client.response()
    expect(seen).toEqual(['GET', '/a%20b?c', 'en', 'en', null, null])
  })

  it.each<[ServeOptions, range: string, status: number, contentRange: string | undefined]>([
    [{ maxRanges: 1 }, 'bytes=0-0,2-2', 200, undefined],
    [{ maxSlice: 100, sliceFor: 'all' }, 'bytes=0-', 206, 'bytes 0-99/1000'],
  ])('keeps to its limits: %j', async (options, range, status, contentRange) => {
    const client = await clientOf(nodeListener(lookup, options))
    client.get('/small.bin', `Range: ${range}`)
    const response = await client.response()
    expect([response.status, response.headers['content-range']]).toEqual([status, contentRange])
  })

  it('refuses options that make no sense at once', () => {
    expect(() => nodeListener(lookup, { maxRanges: 0 })).toThrow(RangeError)
    expect(() => nodeListener(JSON.parse('null'))).toThrow('Expected a lookup, got null')
  })

  it('sends what a file had when it was opened, while it grows', async () => {
    const path = join(directory, 'growing.bin')
    writeFileSync(path, long)
    const client = await clientOf(nodeListener(lookup))
    client.get('/growing.bin')
    const { headers } = await client.head()
    const taken = await client.take(100_000)
    writeFileSync(path, two, { flag: 'a' })
    const rest = await client.take(long.length - taken.length)
    expect(Number(headers['content-length'])).toBe(long.length)
    expect(Buffer.compare(Buffer.concat([taken, rest]), long)).toBe(0)
  })

  it('breaks the connection when a file is cut short', async () => {
    const { options, errors } = observe()
    const path = join(directory, 'shrinking.bin')
    writeFileSync(path, long)
    const client = await clientOf(nodeListener(lookup, options))
    client.get('/shrinking.bin')
    await client.head()
    const taken = await client.take(100_000)
    writeFileSync(path, '')
    const rest = await client.rest()
    expect(taken.length + rest.length).toBeLessThan(long.length)
    expect(String(errors)).toContain('SourceChangedError')
  })
})

describe('a head that Node does not take', () => {
  it.each(['GET', 'HEAD'])('ends the connection of a %s, and is told', async (method) => {
    const { options, errors } = observe()
    const listener = nodeListener(() => countingSource(small), options)
    const client = await clientOf((incoming, outgoing) => {
      // It stands only before chunks; by this field, every head with Content-Length is refused.
      outgoing.setHeader('trailer', 'x')
      return listener(incoming, outgoing)
    })
    client.send(`${method} / HTTP/1.1`)
    await expect(client.response()).rejects.toThrow(/then (?:FIN|RST)$/)
    expect(errors.map((error) => Reflect.get(Object(error), 'code'))).toEqual([
      'ERR_HTTP_TRAILER_INVALID',
    ])
  })
})

describe('names of fields', () => {
  const headers = {
    'content-md5': 'x',
    'www-authenticate': 'Basic',
    'x-my-own': 'y',
    '-_a--b': 'z',
  }
  const names: string[][] = []
  const listener = nodeListener(nodeDirectory(directory, { headers, keepOpen: 0 }), {
    onBegin: ({ headers }) => names.push(Object.keys(headers)),
    headers: { 'set-cookie': 'a=b' },
  })
  const expected = [
    '-_a--B Accept-Ranges Cache-Control Connection Content-Length Content-MD5 Content-Type Date',
    'ETag Keep-Alive Last-Modified Set-Cookie WWW-Authenticate X-Content-Type-Options X-My-Own',
  ]

  it.each<[where: string, set: Record<string, string>]>([
    ['where no other is set', {}],
    ['where others are', { 'cache-control': 'private', 'Set-cookie': 'c=d', etag: 'none' }],
  ])('are those of the RFCs, for clients that know no other case: %s', async (_where, set) => {
    const port = await listen(
      createServer((incoming, outgoing) => {
        for (const [name, value] of Object.entries(set)) outgoing.setHeader(name, value)
        void listener(incoming, outgoing)
      }),
    )
    const { fields } = await fetchOnce(port, ['GET /small.bin HTTP/1.1', 'Host: a'])
    const sent = new Set(fields.map(([name]) => name))
    expect([...sent].toSorted()).toEqual(expected.join(' ').split(' '))
    // Observers have them in lower case.
    expect(names.pop()?.filter((name) => name !== name.toLowerCase())).toEqual([])
  })
})

describe('nodeListener as middleware', () => {
  const chain = (options?: ServeOptions): RequestListener => {
    const listener = nodeListener(lookup, options)
    return (incoming, outgoing) =>
      void listener(incoming, outgoing, () => {
        outgoing.writeHead(200, { 'Content-Length': 4 })
        outgoing.end(incoming.method === 'HEAD' ? undefined : 'next')
      })
  }
  it.each([
    ['GET', '/no-such-file'],
    ['GET', '/'],
    ['POST', '/small.bin'],
    ['OPTIONS', '/small.bin'],
  ])('leaves to the next what it has no file for: %s %s', async (method, path) => {
    const client = await clientOf(chain())
    client.send(`${method} ${path} HTTP/1.1`, 'Host: localhost', 'Content-Length: 0')
    const { status, body } = await client.response()
    expect({ status, body: String(body) }).toEqual({ status: 200, body: 'next' })
  })

  it('leaves to the next what yields, which is the answer if there is none', async () => {
    const page: Answer = { status: 404, headers: { vary: 'Accept' }, pieces: [], yields: true }
    const listener = nodeListener(() => page)
    const ask = async (handle: RequestListener) => {
      const client = await clientOf(handle)
      client.get('/')
      const { status, headers } = await client.response()
      return [status, headers.vary]
    }
    const last = await ask((incoming, outgoing) => void listener(incoming, outgoing))
    const first = await ask((incoming, outgoing) => {
      void listener(incoming, outgoing, () => outgoing.writeHead(200).end())
    })
    expect([last, first]).toEqual([
      [404, 'Accept'],
      [200, undefined],
    ])
  })

  it('fails as the next one does', async () => {
    const broken = new Error('no such page')
    const failures: unknown[] = []
    const listener = nodeListener(lookup)
    const client = await clientOf(async (incoming, outgoing) => {
      const fail = () => {
        throw broken
      }
      await listener(incoming, outgoing, fail).catch((error) => failures.push(error))
      outgoing.end()
    })
    client.get('/no-such-file')
    await client.response()
    expect(failures).toEqual([broken])
  })

  it('leaves no failure to the next', async () => {
    const { options, errors } = observe()
    const broken = new Error('EIO')
    const listener = nodeListener(() => Promise.reject(broken), options)
    const client = await clientOf((incoming, outgoing) => {
      void listener(incoming, outgoing, () => outgoing.end('next'))
    })
    client.get('/small.bin')
    expect([(await client.response()).status, errors]).toEqual([503, [broken]])
  })

  it.each([
    ['Accept: */*', 200, small],
    ['If-None-Match: *', 304, small.subarray(0, 0)],
    ['If-Match: "b"', 412, small.subarray(0, 0)],
    ['Range: bytes=1000-', 416, small.subarray(0, 0)],
  ])('answers what it has a file for: %s', async (field, status, body) => {
    const client = await clientOf(chain())
    client.get('/small.bin', field)
    const response = await client.response()
    expect([response.status, response.body]).toEqual([status, Buffer.from(body)])
  })
})

describe('a field that comes twice', () => {
  /** Node's HTTP/2 keeps the first line of these in `headers`, as its HTTP/1.1 does of dates. */
  const http2Alike = nodeListener(() => countingSource(small, { etag: '"v1"' }))
  it.each([
    ['if-none-match', '"a"', '"v1"', 304],
    ['if-match', '"a"', '"v1"', 200],
    ['if-range', '"v1"', '"a"', 200],
    ['range', 'bytes=0-0', 'bytes=2-2', 200],
  ])('is a list of both: %s: %s, %s', async (name, first, second, status) => {
    const client = await clientOf((incoming, outgoing) => {
      incoming.headers[name] = first
      return http2Alike(incoming, outgoing)
    })
    const others = name === 'if-range' ? ['range: bytes=0-0'] : []
    client.get('/', ...others, `${name}: ${first}`, `${name}: ${second}`)
    expect((await client.response()).status).toBe(status)
  })

  it('is a list of both, however its name is written', async () => {
    const client = await clientOf((incoming, outgoing) => {
      incoming.headers['if-none-match'] = '"a"'
      return http2Alike(incoming, outgoing)
    })
    client.get('/', 'If-None-Match: "a"', 'If-None-Match: "v1"')
    expect((await client.response()).status).toBe(304)
  })

  it('is joined as Fetch joins it, and no value is taken for a name', async () => {
    const seen: unknown[] = []
    const client = await clientOf(
      nodeListener(({ headers }) => {
        seen.push(headers.get('X-Twice'), headers.get('Range'))
        return null
      }),
    )
    client.get('/', 'x-twice: a', 'x-twice: b', 'x: range', 'range: bytes=2-3')
    await client.response()
    expect(seen).toEqual(['a, b', 'bytes=2-3'])
  })

  it('is what a middleware made of it, when it came once', async () => {
    const client = await clientOf((incoming, outgoing) => {
      incoming.headers.range = 'bytes=2-3'
      return http2Alike(incoming, outgoing)
    })
    client.get('/', 'range: bytes=0-0')
    const { headers } = await client.response()
    expect(headers['content-range']).toBe('bytes 2-3/1000')
  })
})

describe('nodeListener over node:http2', () => {
  it('writes answers, several at once', async () => {
    const session = await http2SessionOf(nodeListener(lookup))
    const [whole, part, head, none] = await Promise.all([
      http2Get(session, { ':path': '/one.bin' }),
      http2Get(session, { ':path': '/two.bin', range: 'bytes=5-3000000' }),
      http2Get(session, { ':path': '/one.bin', ':method': 'HEAD' }),
      http2Get(session, { ':path': '/no-such-file' }),
    ])
    expect([whole.status, part.status, head.status, none.status]).toEqual([200, 206, 200, 404])
    expect(Buffer.compare(whole.body, one)).toBe(0)
    expect(Buffer.compare(part.body, two.subarray(5, 3_000_001))).toBe(0)
    expect([head.body.length, none.body.length]).toEqual([0, 0])
  })

  it('breaks the stream, and no other, when a source fails midway', async () => {
    const { options, errors } = observe()
    const read = (bytes: Uint8Array, start: number) => bytes.subarray(0, start === 0 ? 100_000 : 0)
    const listener = nodeListener((request) => {
      return request.url === '/broken' ? countingSource(one, { read }) : lookup(request)
    }, options)
    const session = await http2SessionOf(listener)
    await expect(http2Get(session, { ':path': '/broken' })).rejects.toThrow('INTERNAL_ERROR')
    expect((await http2Get(session, { ':path': '/small.bin' })).body).toEqual(Buffer.from(small))
    expect(errors.length).toBe(1)
  })

  it('tells why a body of unknown length broke off', async () => {
    const { options, served, errors } = observe()
    const failure = new Error('midway')
    let count = 0
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
      if (++count > 2) throw failure
      controller.enqueue(new Uint8Array(1000))
    }
    const stream = () => new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 })
    const answer = { status: 200, headers: {}, pieces: [], stream }
    const session = await http2SessionOf(nodeListener(() => answer, options))
    await expect(http2Get(session, { ':path': '/' })).rejects.toThrow('INTERNAL_ERROR')
    await until(() => served.length > 0)
    expect(errors).toEqual([failure])
    expect(served).toEqual([{ status: 200, sent: 2000, aborted: false }])
  })

  it('tells a lookup that its client reset the stream', async () => {
    const { options, served, errors } = observe()
    const { looking, signals } = heedingLookup()
    const session = await http2SessionOf(nodeListener(looking, options))
    const stream = session.request({ ':path': '/' })
    await until(() => signals.length === 1)
    stream.close(http2.constants.NGHTTP2_NO_ERROR)
    await until(() => served.length === 1)
    const told = signals[0]?.aborted
    expect({ told, aborted: served[0]?.aborted, errors }).toEqual({
      told: true,
      aborted: true,
      errors: [],
    })
  })

  it('says nothing of the connection that a source says', async () => {
    const headers = {
      connection: 'close',
      'keep-alive': 'timeout=5',
      te: 'x',
      upgrade: 'x',
      vary: 'x',
    }
    const session = await http2SessionOf(nodeListener(() => countingSource(small, { headers })))
    const { status, body } = await http2Get(session, { ':path': '/' })
    expect([status, body]).toEqual([200, Buffer.from(small)])
  })

  it('joins the cookies that a client splits', async () => {
    const cookies: (string | null)[] = []
    const listener = nodeListener(({ headers }) => {
      cookies.push(headers.get('Cookie'))
      return null
    })
    const session = await http2SessionOf(listener)
    await http2Get(session, { ':path': '/', cookie: ['a=1', 'b=2'] })
    expect(cookies).toEqual(['a=1; b=2'])
  })

  // Node's own client resets without an error, after which its server closes no stream whose request
  // is unread.
  const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = http2.constants
  const RESETS = [
    ['cancels', NGHTTP2_CANCEL],
    ['is done with', NGHTTP2_NO_ERROR],
  ] as const

  it.each(
    RESETS,
  )('closes the source when a client %s its stream before it is found', async (_how, code) => {
    const late = foundLate(long)
    const session = await http2SessionOf(late.listener)
    const stream = session.request({ ':path': '/' })
    await until(late.isSought)
    stream.close(code)
    expect(await late.outcome()).toEqual({
      closes: 1,
      reads: [],
      served: [{ status: 200, sent: 0, aborted: true }],
    })
  })

  it.each(RESETS)('closes the source when a client %s its stream', async (_how, code) => {
    const { options, served } = observe()
    const source = countingSource(long)
    const session = await http2SessionOf(nodeListener(() => source, options))
    const stream = session.request({ ':path': '/' })
    await new Promise((resolve) => stream.once('data', resolve))
    stream.pause()
    stream.close(code)
    await until(() => served.length === 1)
    expect({ closes: source.closes, aborted: served[0]?.aborted }).toEqual({
      closes: 1,
      aborted: true,
    })
  })
})

describe('nodeListener in a Hono route', () => {
  it('writes past Hono, straight to the connection', async () => {
    const listener = nodeListener(nodeDirectory(directory, { base: '/media/', keepOpen: 0 }))
    const app = new Hono<{ Bindings: HttpBindings }>()
    app.get('/media/*', async (c) => {
      await listener(c.env.incoming, c.env.outgoing)
      return RESPONSE_ALREADY_SENT
    })
    app.get('/', (c) => c.text('home'))
    const server = createAdaptorServer({ fetch: app.fetch })
    const client = connectTo(await listen(server))
    client.get('/media/one.bin', 'Range: bytes=1000000-')
    const { status, headers, body } = await client.response()
    expect([status, headers['content-range']]).toEqual([206, 'bytes 1000000-6291460/6291461'])
    expect(Buffer.compare(body, one.subarray(1_000_000))).toBe(0)
    client.get('/')
    expect((await client.response()).body.toString()).toBe('home')
  })
})

describe('nodeListener under load', () => {
  it('leaves nothing behind after 1000 aborted downloads', { timeout: 120_000 }, async () => {
    const { options, served } = observe()
    const port = await serve(nodeListener(lookup, options))
    const abort = async (count: number) => {
      for (let begun = 0; begun < count; begun += 20) {
        await Promise.all(
          Array.from({ length: 20 }, async (_, i) => {
            const client = connectTo(port)
            client.get(i % 2 === 0 ? '/one.bin' : '/two.bin')
            await client.take(1)
            client.socket.resetAndDestroy()
          }),
        )
      }
    }
    await abort(200)
    await collectGarbage()
    const before = process.memoryUsage.rss()
    await abort(800)
    await until(() => served.length === 1000)
    await collectGarbage()
    if (canCountHandles) await until(() => openHandles(directory) === 0)
    // Those that were given up count no more against who comes next.
    const next = memory.takeBuffer(MIB)
    memory.forgetBuffer(next)
    expect(next.length).toBe(512 * 1024)
    // Each that stayed would hold a buffer of up to 512 KiB: 400 MiB in all.
    expect((process.memoryUsage.rss() - before) / MIB).toBeLessThan(100)
  })

  it('reads beyond 2^32 bytes, in constant memory', { timeout: 120_000 }, async () => {
    const border = 2 ** 32
    const size = 5 * 2 ** 30
    const fd = openSync(join(directory, 'sparse.bin'), 'w')
    ftruncateSync(fd, size)
    writeSync(fd, 'across the border', border - 8)
    writeSync(fd, 'the end', size - 7)
    closeSync(fd)
    const client = await clientOf(nodeListener(lookup))
    const ask = async (range: string) => {
      client.get('/sparse.bin', `Range: bytes=${range}`)
      const { headers, body } = await client.response()
      return [headers['content-range'], body.toString()]
    }
    expect(await ask(`${border - 8}-${border + 8}`)).toEqual([
      'bytes 4294967288-4294967304/5368709120',
      'across the border',
    ])
    expect(await ask('-7')).toEqual(['bytes 5368709113-5368709119/5368709120', 'the end'])
    expect(await ask(`${size - 3}-`)).toEqual(['bytes 5368709117-5368709119/5368709120', 'end'])

    const [start, end] = [border - 48 * MIB, border + 48 * MIB]
    await collectGarbage()
    const before = process.memoryUsage.rss()
    let most = before
    client.get('/sparse.bin', `Range: bytes=${start}-${end - 1}`)
    await client.head()
    const found: string[] = []
    for (let at = start; at < end; at += MIB) {
      const taken = await client.take(MIB)
      if (!taken.equals(NOTHING)) found.push(taken.toString().replaceAll('\0', ''))
      most = Math.max(most, process.memoryUsage.rss())
    }
    expect(found).toEqual(['across t', 'he border'])
    expect((most - before) / MIB).toBeLessThan(64)
  })
})

const NOTHING = Buffer.alloc(MIB)

async function serve(listener: RequestListener): Promise<number> {
  return listen(createServer(listener))
}

async function listen(server: ServerType): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  opened.push(server)
  return (server.address() as AddressInfo).port
}

function connectTo(port: number): RawClient {
  const client = new RawClient(port)
  opened.push({ close: () => client.socket.destroy() })
  return client
}

async function clientOf(listener: RequestListener): Promise<RawClient> {
  return connectTo(await serve(listener))
}

/** What is ours: not the fields of the connection, nor its clock. */
function fieldsOf(headers: Record<string, string>): Record<string, string> {
  const { connection: _, 'keep-alive': _k, date: _d, ...ours } = headers
  return ours
}

/** A file that is found only when its client is gone. */
function foundLate(file: Uint8Array) {
  const { options, served } = observe()
  const source = countingSource(file)
  const lookups: ((source: FileSource) => void)[] = []
  const listen = nodeListener(() => new Promise((find) => lookups.push(find)), options)
  let isClosed = false
  let isReset = () => false
  return {
    listener(incoming: Incoming, outgoing: Outgoing): void {
      outgoing.once('close', () => {
        isClosed = true
      })
      isReset = () => Reflect.get(outgoing.stream ?? {}, 'closed') === true
      void listen(incoming, outgoing)
    },
    isSought: () => lookups.length === 1,
    async outcome() {
      await until(() => isClosed || isReset())
      for (const find of lookups) find(source)
      await until(() => served.length === 1)
      return { closes: source.closes, reads: source.reads, served }
    },
  }
}

async function http2SessionOf(
  listener: Parameters<typeof http2.createServer>[1],
): Promise<http2.ClientHttp2Session> {
  const server = http2.createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const session = http2.connect(`http://127.0.0.1:${port}`)
  opened.push({ close: () => session.destroy() }, server)
  return session
}

function http2Get(
  session: http2.ClientHttp2Session,
  headers: http2.OutgoingHttpHeaders,
): Promise<{ status: unknown; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers)
    const chunks: Buffer[] = []
    let status: unknown
    stream.on('response', (fields) => {
      status = fields[':status']
    })
    stream.on('data', (chunk: Buffer) => void chunks.push(chunk))
    stream.on('error', reject)
    stream.on('end', () => {
      // An error comes behind the end.
      stream.on('close', () => resolve({ status, body: Buffer.concat(chunks) }))
    })
    stream.end()
  })
}
