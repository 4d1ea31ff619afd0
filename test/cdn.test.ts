import { readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { nodeDirectory, nodeListener } from '../adapters/node.ts'
import { BrokenReplyError, fetchOnce, open, toRequest } from './support/client.ts'
import { someBytes } from './support/counting-source.ts'
import { areInstalled } from './support/installed.ts'
import { type CacheServer, startNginx, startVarnish } from './support/proxies.ts'
import { temporaryDirectory } from './support/temporary.ts'

const guide = readFileSync(new URL('../docs/cdn.md', import.meta.url), 'utf8')
const SLICE = 1024 * 1024
const SLICES = 4
const size = (SLICES - 1) * SLICE + 7
const film = someBytes(size)
const other = someBytes(size, 2)

const media = temporaryDirectory()
const headers = { 'cache-control': 'public, max-age=3600' }
const files = nodeListener(nodeDirectory(media, { headers }), { onError: () => {} })
const untagged = nodeListener(() => ({ size, headers, read: (a, b) => now.subarray(a, b) }))
/** What `untagged` gives. */
let now = film
/** Method and Range of each request that came to the origin, in order. */
const asked: string[] = []
/** The film's name. */
let name = ''
/** What happens before the origin answers its second request. */
let beforeSecond = () => {}
const server = createServer((incoming, outgoing) => {
  asked.push(`${incoming.method} ${incoming.headers.range ?? ''}`.trim())
  if (asked.length === 2) beforeSecond()
  void (incoming.url === '/untagged' ? untagged : files)(incoming, outgoing)
})
let origin: string

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = String((server.address() as AddressInfo).port)
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  // Nobody has it yet.
  name = `${crypto.randomUUID()}.mp4`
  put(film, 86_400)
  asked.length = 0
  beforeSecond = () => {}
})

/** The configuration that the guide shows in a language, for this origin. */
function shown(language: string): string {
  const [, block = ''] = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(guide) ?? []
  return block.replace('8080', origin)
}

const hasNginx = areInstalled('nginx')
const CACHES: [kind: string, isInstalled: boolean, start: () => Promise<CacheServer>][] = [
  ['nginx', hasNginx, () => startNginx(temporaryDirectory(), shown('nginx'))],
  ['Varnish', areInstalled('varnishd'), () => startVarnish(temporaryDirectory(), shown('vcl'))],
]

describe.each(CACHES)('through %s', (kind, isInstalled, start) => {
  let proxy: CacheServer
  beforeAll(async () => {
    if (isInstalled) proxy = await start()
  })
  afterAll(() => proxy?.stop())
  const test = it.runIf(isInstalled)

  test.each([
    ['0-0', 0, 1],
    ['-7', size - 7, size],
    ['1048570-1048585', 1048570, 1048586],
    ['2097152-', 2 * SLICE, size],
    ['0-', 0, size],
  ])('bytes=%s is right, cold and warm', async (range, start, end) => {
    for (const _ of ['cold', 'warm']) {
      const { status, fields, body } = await get(proxy.port, `Range: bytes=${range}`)
      expect({
        status,
        range: field(fields, 'content-range'),
        etag: field(fields, 'etag')?.startsWith('"'),
        same: Buffer.compare(body, film.subarray(start, end)) === 0,
      }).toEqual({
        status: 206,
        range: `bytes ${start}-${end - 1}/${size}`,
        etag: true,
        same: true,
      })
    }
  })

  test('the whole, a range beyond the end, and conditions are right', async () => {
    const whole = await get(proxy.port)
    expect([whole.status, Buffer.compare(whole.body, film)]).toEqual([200, 0])
    const etag = field(whole.fields, 'etag') ?? ''
    const statuses: number[] = []
    for (const lines of [
      [`If-None-Match: ${etag}`],
      ['If-Range: "other"', 'Range: bytes=0-9'],
      [`If-Range: ${etag}`, 'Range: bytes=0-9'],
      [`Range: bytes=${size}-`],
    ]) {
      statuses.push((await get(proxy.port, ...lines)).status)
    }
    expect(statuses).toEqual([304, 200, 206, 416])
  })

  test('a file that is uploaded this instant arrives whole, under the tag that it keeps', async () => {
    writeFileSync(join(media, name), other)
    const first = await get(proxy.port)
    const again = await fetchOnce(Number(origin), [`GET /${name} HTTP/1.1`])
    const tags = [first, again].map(({ fields }) => field(fields, 'etag'))
    expect([first.status, Buffer.compare(first.body, other)]).toEqual([200, 0])
    expect(tags).toEqual([tags[1], tags[0]])
    expect(tags[0]).toMatch(/^"/)
  })

  // What docs/cdn.md reckons with.
  // No more than all of them have in the 5 s after which nginx lets those who wait for a block ask, too.
  test('16 viewers at once, and 16 later ones, cost one request for each block', async () => {
    const viewers = () => Promise.all(Array.from({ length: 16 }, () => get(proxy.port)))
    const bodies = [...(await viewers()), ...(await viewers())].map(({ body }) => body)
    expect(bodies.every((body) => Buffer.compare(body, film) === 0)).toBe(true)
    const slices = Array.from({ length: SLICES }, (_, i) => {
      return `GET bytes=${i * SLICE}-${(i + 1) * SLICE - 1}`
    })
    expect(asked).toEqual(kind === 'nginx' ? slices : ['GET'])
  })

  test('a file that is replaced under way is never mixed', async () => {
    // nginx asks for the second block when the first is on its way; Varnish asks once for all.
    beforeSecond = () => put(other, 3600)
    const connection = await open(proxy.port)
    connection.send(toRequest([`GET /${name} HTTP/1.1`]))
    const chunks: Buffer[] = []
    const become = await connection
      .read('GET', (chunk) => {
        if (chunks.length === 0 && kind === 'Varnish') put(other, 3600)
        chunks.push(chunk)
      })
      .then(() => 'whole', ignoreBreak)
    connection.reset()
    const received = Buffer.concat(chunks)
    const same = Buffer.compare(received, film.subarray(0, received.length)) === 0
    expect({ become, same }).toEqual({ become: kind === 'nginx' ? null : 'whole', same: true })
    // What was kept of the old version is not continued with the new one.
    const next = await get(proxy.port).then(({ body }) => body, ignoreBreak)
    const which = [film, other].findIndex((file) => next && Buffer.compare(next, file) === 0)
    expect(which).toBe(kind === 'nginx' ? -1 : 0)
  })
})

describe.runIf(hasNginx)('through nginx, without entity tags', () => {
  it('two versions are joined: this is what tags are for', async () => {
    const proxy = await startNginx(temporaryDirectory(), shown('nginx'))
    onTestFinished(proxy.stop)
    beforeSecond = () => {
      now = other
    }
    const { body } = await fetchOnce(proxy.port, ['GET /untagged HTTP/1.1'])
    const mix = Buffer.concat([film.subarray(0, SLICE), other.subarray(SLICE)])
    expect(Buffer.compare(body, mix)).toBe(0)
  })
})

/** What becomes of a response that was cut off. */
function ignoreBreak(error: unknown): null {
  if (error instanceof BrokenReplyError) return null
  throw error
}

function put(bytes: Uint8Array, age: number): void {
  const path = join(media, 'next')
  writeFileSync(path, bytes)
  const modified = Math.floor(Date.now() / 1000) - age
  utimesSync(path, modified, modified)
  renameSync(path, join(media, name))
}

function get(port: number, ...lines: string[]) {
  return fetchOnce(port, [`GET /${name} HTTP/1.1`, ...lines])
}

function field(fields: readonly (readonly [string, string])[], name: string): string | undefined {
  return fields.find(([key]) => key.toLowerCase() === name)?.[1]
}
