import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { cached } from '../adapters/cache.ts'
import { httpOrigin, httpTree } from '../adapters/http.ts'
import { nodeDirectory, nodeListener } from '../adapters/node.ts'
import { fileHandler } from '../src/index.ts'
import { describeSource } from './contract.ts'
import { cachedFiles } from './support/cached-files.ts'
import { fetchOnce, open, toRequest } from './support/client.ts'
import { someBytes } from './support/counting-source.ts'
import { serving, startOrigin } from './support/faulty-origin.ts'
import { putFile } from './support/local-files.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { until } from './support/wait.ts'

const BLOCK = 64 * 1024
const BLOCKS = 12
const film = someBytes((BLOCKS - 1) * BLOCK + 7)

const directory = temporaryDirectory()
const name = basename(putFile(directory, film))
const files = nodeListener(nodeDirectory(directory), { onError: () => {} })
/** Method and Range of what came to the far server, and how many answers are under way there. */
const asked: string[] = []
let underWay = 0
/** What each answer of the far server waits for. */
let gate = Promise.resolve()
const far = createServer(async (incoming, outgoing) => {
  asked.push(`${incoming.method} ${incoming.headers.range ?? ''}`.trim())
  underWay++
  outgoing.once('close', () => underWay--)
  if (incoming.method === 'GET') await gate
  void files(incoming, outgoing)
})
let lookup: ReturnType<typeof cached>
let near: Server

beforeAll(() => listen(far))
beforeEach(async () => {
  asked.length = 0
  gate = Promise.resolve()
  lookup = cached(httpOrigin(`http://127.0.0.1:${portOf(far)}/`), { blockSize: BLOCK })
  near = createServer(nodeListener(lookup, { onError: () => {} }))
  await listen(near)
  return () => close(near)
})
afterAll(() => close(far))

const EACH_BLOCK_ONCE = Array.from({ length: BLOCKS }, (_, i) => {
  const end = Math.min((i + 1) * BLOCK, film.length)
  return `GET bytes=${i * BLOCK}-${end - 1}`
})

describe('another server behind a cache', () => {
  it('100 viewers of one film cost it each block once, and a later one no byte', async () => {
    const watch = async () => {
      const { status, body } = await fetchOnce(portOf(near), [`GET /${name} HTTP/1.1`])
      return status === 200 && Buffer.compare(body, film) === 0
    }
    const viewers = await Promise.all(Array.from({ length: 100 }, watch))
    expect(viewers.every(Boolean)).toBe(true)
    expect(asked.filter((line) => line !== 'HEAD').sort()).toEqual([...EACH_BLOCK_ONCE].sort())
    expect(lookup.stats.bytes).toBe(film.length)
    asked.length = 0
    expect([await watch(), asked]).toEqual([true, ['HEAD']])
  })

  it('100 viewers who hang up leave nothing under way there', async () => {
    let release = () => {}
    gate = new Promise((resolve) => {
      release = resolve
    })
    const hangUps = Array.from({ length: 100 }, async (_, i) => {
      const connection = await open(portOf(near))
      const range = `Range: bytes=${(i % BLOCKS) * BLOCK}-`
      connection.send(toRequest([`GET /${name} HTTP/1.1`, range]))
      return connection
    })
    const connections = await Promise.all(hangUps)
    await until(() => underWay === BLOCKS)
    for (const connection of connections) connection.reset()
    await until(() => underWay === 0)
    release()
    expect(lookup.stats).toMatchObject({ misses: 0, failures: BLOCKS, bytes: 0 })
  })

  it('a viewer who hangs up takes nothing from another', async () => {
    let release = () => {}
    gate = new Promise((resolve) => {
      release = resolve
    })
    const [first, second] = await Promise.all([open(portOf(near)), open(portOf(near))])
    for (const connection of [first, second]) {
      connection.send(toRequest([`GET /${name} HTTP/1.1`, 'Range: bytes=5-9']))
    }
    await until(() => lookup.stats.shared === 1)
    first.reset()
    await once(first.socket, 'close')
    release()
    const { status, body } = await second.read()
    second.reset()
    expect([status, Buffer.compare(body, film.subarray(5, 10))]).toEqual([206, 0])
    expect(asked.filter((line) => line !== 'HEAD').length).toBe(1)
  })
})

it('what another server says by HEAD to be empty is read past the cache', async () => {
  const origin = await startOrigin()
  onTestFinished(() => origin.stop())
  const file = serving({ bytes: film, etag: '"v1"' })
  origin.behave((incoming, outgoing) => {
    if (incoming.method !== 'HEAD') return file(incoming, outgoing)
    return outgoing.writeHead(200, { etag: '"v1"', 'content-length': '0' }).end()
  })
  for (const revalidate of [0, 60_000]) {
    const handler = fileHandler(cached(httpOrigin(origin.url), { revalidate }))
    const ask = async (method: string) => {
      const response = await handler(new Request('http://localhost/f', { method }))
      return [response.status, Buffer.compare(await response.bytes(), film)]
    }
    expect([await ask('HEAD'), await ask('GET')]).toEqual([
      [200, -1],
      [200, 0],
    ])
  }
  expect(origin.asked).toEqual([
    'HEAD /f',
    'HEAD /f',
    'GET /f bytes=0-',
    'HEAD /f',
    'GET /f bytes=0-',
  ])
})

describe('a file of another server that has no ranges', () => {
  const bytes = film.subarray(0, 3 * BLOCK)
  /** What a cache answers, and what its server is asked. */
  async function start(bytes: Uint8Array, fields: Record<string, string>, revalidate: number) {
    const origin = await startOrigin()
    onTestFinished(() => origin.stop())
    const headers = { etag: '"v1"', 'content-length': `${bytes.length}`, ...fields }
    origin.behave(serving({ bytes }, () => ({ status: 200, headers, bytes })))
    const lookup = cached(httpOrigin(origin.url), { blockSize: BLOCK, revalidate })
    const handler = fileHandler(lookup, { onError: () => {} })
    const ask = async () => {
      const response = await handler(new Request('http://localhost/f'))
      const body = await response.bytes().catch(() => null)
      return [response.status, body && Buffer.compare(body, bytes)]
    }
    return { ask, origin }
  }

  it.each([0, 60_000])('is passed through, if it says so; revalidate: %d', async (revalidate) => {
    const { ask, origin } = await start(bytes, { 'accept-ranges': 'none' }, revalidate)
    expect([await ask(), await ask()]).toEqual(Array(2).fill([200, 0]))
    const [first, second] = [['HEAD /f', 'GET /f bytes=0-'], ['GET /f bytes=0-']]
    expect(origin.asked).toEqual([...first, ...(revalidate === 0 ? first : second)])
  })

  it('is kept all the same if it is of one block', async () => {
    const small = bytes.subarray(0, BLOCK)
    const { ask, origin } = await start(small, { 'accept-ranges': 'none' }, 0)
    expect([await ask(), await ask()]).toEqual(Array(2).fill([200, 0]))
    expect(origin.asked).toEqual(['HEAD /f', `GET /f bytes=0-${BLOCK - 1}`, 'HEAD /f'])
  })

  it.each([
    0, 60_000,
  ])('is passed through once that was seen; revalidate: %d', async (revalidate) => {
    const { ask, origin } = await start(bytes, {}, revalidate)
    expect(await ask()).toEqual([200, null])
    origin.asked.length = 0
    expect([await ask(), await ask()]).toEqual(Array(2).fill([200, 0]))
    // Blocks that the first reads ahead may come late. Who tries again begins with the first block.
    const begun = origin.asked.filter((line) => !/bytes=[1-9]/.test(line))
    expect(begun).toEqual(['GET /f bytes=0-', 'GET /f bytes=0-'])
  })

  it('is told from one that refuses a block once', async () => {
    const origin = await startOrigin()
    onTestFinished(() => origin.stop())
    let refused = false
    const file = serving({ bytes, etag: '"v1"' })
    origin.behave((incoming, outgoing) => {
      if (refused || incoming.method === 'HEAD') return file(incoming, outgoing)
      refused = true
      outgoing.writeHead(403).end()
    })
    const lookup = cached(httpOrigin(origin.url), { blockSize: BLOCK })
    const handler = fileHandler(lookup, { onError: () => {} })
    const statusOf = async () => {
      const response = await handler(new Request('http://localhost/f'))
      await response.arrayBuffer()
      return response.status
    }
    expect([await statusOf(), await statusOf(), await statusOf()]).toEqual([503, 200, 200])
    expect(origin.asked.filter((asked) => asked.startsWith('GET')).length).toBe(4)
  })

  it('is passed through by a tree, too, which tells failures by throwing', async () => {
    const origin = await startOrigin()
    onTestFinished(() => origin.stop())
    const headers = { etag: '"v1"', 'content-length': `${bytes.length}` }
    origin.behave(serving({ bytes }, () => ({ status: 200, headers, bytes })))
    const tree = httpTree(origin.url)
    const lookup = cached(
      async (request) => {
        const found = await tree.open('f', request)
        return found === 'directory' ? null : found
      },
      { blockSize: BLOCK },
    )
    const handler = fileHandler(lookup, { onError: () => {} })
    const ask = async () => {
      const response = await handler(new Request('http://localhost/f'))
      return response.bytes().then(
        ({ length }) => length,
        () => null,
      )
    }
    expect([await ask(), await ask()]).toEqual([null, bytes.length])
  })
})

describe('a cache in front of byteserve/http', () => {
  const files = (request: Parameters<ReturnType<typeof httpOrigin>>[0]) =>
    httpOrigin(`http://127.0.0.1:${portOf(far)}/`)(request)
  // The far server shares open files for a moment longer than a test may wait for.
  const { openHandles: _, ...platform } = cachedFiles(directory, files)
  describeSource('cached', platform)
})

async function listen(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
}

function close(server: Server): void {
  server.closeAllConnections()
  server.close()
}

function portOf(server: Server): number {
  // What `address` gives once the server listens on a port.
  return (server.address() as AddressInfo).port
}
