import { once } from 'node:events'
import { truncateSync, writeFileSync } from 'node:fs'
import { type ClientRequest, get, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import process from 'node:process'
import { buffer } from 'node:stream/consumers'
import { createAdaptorServer } from '@hono/node-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Memory } from '../adapters/local/memory.ts'
import { recyclingStream } from '../adapters/local/recycling-stream.ts'
import { nodeDirectory, nodeFile } from '../adapters/node.ts'
import { fileHandler, serveFile } from '../src/index.ts'
import { someBytes } from './support/counting-source.ts'
import { untilCollected } from './support/garbage.ts'
import { canCountHandles, openHandles } from './support/handles.ts'
import { readerOf } from './support/reader.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { settle, until } from './support/wait.ts'

const KIB = 1024
const MIB = 1024 * KIB
const directory = temporaryDirectory()
const path = join(directory, 'film.bin')
const film = someBytes(20 * MIB + 77, 5)
writeFileSync(path, film)
const options = { native: true, keepOpen: 0 }

/** A stream of a coding, as TypeScript lets it be used. */
function transform(coding: CompressionStream | DecompressionStream) {
  return coding as ReadableWritablePair<Uint8Array, Uint8Array>
}

/** As one for HTTP/1.1: it has a Host. */
function request(range?: string): Request {
  const headers = { host: 'localhost', ...(range === undefined ? {} : { range }) }
  return new Request('http://localhost/film.bin', { headers })
}

const handler = fileHandler(nodeDirectory(directory, options))

describe.each([
  ['as it is', handler, {}],
  [
    'made anew by a middleware',
    async (request: Request) => {
      const response = await handler(request)
      return new Response(response.body, response)
    },
    {},
  ],
  ["where the runtime's Response stays", handler, { overrideGlobalObjects: false }],
])('native on Node, behind @hono/node-server, %s', (_how, fetch, settings) => {
  let server: Server
  let port = 0
  beforeAll(async () => {
    server = createAdaptorServer({ fetch, ...settings }) as Server
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  })
  afterAll(() => server.close())

  function ask(range?: string): ClientRequest {
    const headers = range === undefined ? {} : { range }
    return get({ port, host: '127.0.0.1', path: '/film.bin', headers, agent: false })
  }

  it('sends exact bytes to many clients at once, those included that pause', async () => {
    const clients = Array.from({ length: 24 }, async (_, i) => {
      const start = i * 300_001
      const [answer] = (await once(ask(`bytes=${start}-`), 'response')) as [IncomingMessage]
      let at = start
      let isSame = true
      for await (const chunk of answer) {
        isSame &&= chunk.equals(film.subarray(at, at + chunk.length))
        at += chunk.length
        // A third of them let others use the memory meanwhile.
        if (i % 3 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      expect({ at, isSame }).toEqual({ at: film.length, isSame: true })
    })
    await Promise.all(clients)
  })

  it.each([
    ['short', 100, 200],
    ['as long as is sent at once', 7, 7 + 128 * KIB],
    ['a little longer', 7, 8 + 128 * KIB],
    ['of two chunks', 1, 1 + MIB],
  ])('sends a range that is %s', async (_, start, end) => {
    const [answer] = (await once(ask(`bytes=${start}-${end - 1}`), 'response')) as [IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of answer) chunks.push(chunk)
    expect(Buffer.concat(chunks).equals(film.subarray(start, end))).toBe(true)
  })

  it.runIf(canCountHandles)('closes the file when clients hang up', async () => {
    const clients = Array.from({ length: 10 }, async () => {
      const asked = ask().on('error', () => {})
      const [answer] = (await once(asked, 'response')) as [IncomingMessage]
      await once(answer, 'readable')
      answer.on('error', () => {}).destroy()
    })
    await Promise.all(clients)
    await until(() => openHandles(directory) === 0)
  })
})

describe('a native body on Node', () => {
  const serve = async (range?: string) => serveFile(request(range), await nodeFile(path, options))

  it('leaves an earlier chunk empty, not with other bytes', async () => {
    const reader = readerOf(await serve())
    const first = await reader.read()
    expect(first.value?.length).toBe(512 * KIB)
    expect(Buffer.compare(first.value ?? film, film.subarray(0, 512 * KIB))).toBe(0)
    await reader.read()
    expect(first.value?.length).toBe(0)
    await reader.cancel()
  })

  it('is an error for who keeps its chunks; on Node 22, zeros', async () => {
    const kept = (await serve()).arrayBuffer()
    if (!process.version.startsWith('v22.')) return await expect(kept).rejects.toThrow(TypeError)
    const last = Buffer.from((await kept).slice(-512 * KIB))
    expect(last.equals(Buffer.alloc(512 * KIB))).toBe(true)
  })

  it.each<[string, (body: ReadableStream<Uint8Array>) => ReadableStream<Uint8Array>]>([
    [
      'compressed',
      (body) => {
        const compressed = body.pipeThrough(transform(new CompressionStream('gzip')))
        return compressed.pipeThrough(transform(new DecompressionStream('gzip')))
      },
    ],
    ['given to two', (body) => body.tee()[1]],
    ['cloned', (body) => new Response(body).clone().body ?? body],
    [
      'piped',
      (body) => {
        const { readable, writable } = new TransformStream({}, { highWaterMark: 100 })
        void body.pipeTo(writable)
        return readable
      },
    ],
  ])('is right where it is %s', async (_how, change) => {
    const { body } = await serve(`bytes=0-${3 * MIB - 1}`)
    const received = body && (await buffer(change(body)))
    expect(received?.equals(film.subarray(0, 3 * MIB))).toBe(true)
  })

  it('may be kept where it is short', async () => {
    const response = await serve('bytes=5-131076')
    expect(
      Buffer.compare(Buffer.from(await response.arrayBuffer()), film.subarray(5, 131077)),
    ).toBe(0)
  })

  it('fails where the file was cut meanwhile', async () => {
    const cut = join(directory, 'cut.bin')
    writeFileSync(cut, film)
    const reader = readerOf(await serveFile(request(), await nodeFile(cut, options)))
    await reader.read()
    truncateSync(cut, MIB)
    const rest = async () => {
      while (!(await reader.read()).done);
    }
    await expect(rest()).rejects.toThrow('changed while it was being served')
    if (canCountHandles) expect(openHandles(directory)).toBe(0)
  })

  it('that is cancelled before its first chunk takes no memory', async () => {
    for (let i = 0; i < 40; i++) {
      const reader = readerOf(await serve())
      const reading = reader.read().catch(() => {})
      await reader.cancel()
      await reading
    }
    await settle()
    const reader = readerOf(await serve())
    expect((await reader.read()).value?.length).toBe(512 * KIB)
    await reader.cancel()
  })

  it('whose first read fails is a 503', async () => {
    const cut = join(directory, 'early.bin')
    writeFileSync(cut, film)
    const file = await nodeFile(cut, options)
    truncateSync(cut, 10)
    const response = await serveFile(request(), file, { onError() {} })
    expect([response.status, await response.text()]).toEqual([503, ''])
    if (canCountHandles) await until(() => openHandles(directory) === 0)
  })

  it('whose first read fails takes no memory', async () => {
    const memory = new Memory()
    const read = () => Promise.reject(new Error('EIO'))
    for (let i = 0; i < 32; i++) {
      await expect(recyclingStream({ size: MIB, read }, memory, 0, MIB)).rejects.toThrow('EIO')
    }
    expect(memory.takeBuffer(MIB).length).toBe(512 * KIB)
  })

  it.runIf(canCountHandles)('closes its file when it is dropped unread, or halfway', async () => {
    const drop = async (chunks: number) => {
      const reader = readerOf(await serve())
      for (let i = 0; i < chunks; i++) await reader.read()
    }
    for (const chunks of [0, 1, 3]) await drop(chunks)
    await untilCollected(() => openHandles(directory) === 0)
  })
})
