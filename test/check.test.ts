import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttp2Server, createSecureServer } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { ADVICE } from '../adapters/check/advice.ts'
import { readHead } from '../adapters/check/head.ts'
import { Wire } from '../adapters/check/wire.ts'
import { type CheckOptions, check, type Report } from '../adapters/check.ts'
import { certificate } from './check/certificate.ts'
import { FAULTS, toSeveral } from './check/faults.ts'
import { type Fault, type ModelFile, type ModelServer, startModel } from './check/model-server.ts'

const MIB = 1024 * 1024

/** The boxes of an MP4, as far as they are looked at. */
function boxes(...list: [type: string, length: number][]): Buffer {
  const bytes = list.map(([type, length]) => {
    const box = Buffer.alloc(length)
    box.writeUInt32BE(length, 0)
    box.write(type, 4, 'latin1')
    return box
  })
  return Buffer.concat(bytes)
}

const HEAD = boxes(['ftyp', 32], ['free', 8], ['moov', 64])
/** One that is read by its parts, and one that is read whole. */
const LARGE: ModelFile = { size: 64 * MIB + 12_345, head: HEAD }
const SMALL: ModelFile = { size: 300_123, head: HEAD }

const OPTIONS = { origin: 'https://app.example' }

/** What is information only. */
const TOLD = ['tag-forms', 'several-ranges']

/** Until the end: faults are looked for at the same time, and some make a check wait. */
const running: { close(): unknown }[] = []

afterAll(async () => {
  await Promise.all(running.map((server) => server.close()))
})

async function startServer(file: ModelFile, fault?: Fault): Promise<ModelServer> {
  const server = await startModel(file, fault)
  running.push(server)
  return server
}

/** Where a server listens that is made here. */
async function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  running.push({
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A server that answers each connection's first bytes with these. */
function answering(bytes: string | Buffer): Promise<string> {
  return listen(createServer((socket) => socket.once('data', () => socket.end(bytes))))
}

function idsOf({ rows }: Report, outcome: Report['rows'][number]['outcome']): string[] {
  return rows.filter((row) => row.outcome === outcome).map(({ id }) => id)
}

function rowOf({ rows }: Report, id: string): Report['rows'][number] | undefined {
  return rows.find((row) => row.id === id)
}

/** What keeps a URL from being checked. */
async function obstacleOf(url: string, options?: CheckOptions): Promise<unknown> {
  return check(url, options).then(String, ({ obstacle, message }) => [obstacle, message])
}

const UNTRUE = 'parts that are not what their Content-Range says'

describe('check', () => {
  it('finds nothing wrong with a server that does everything right', async () => {
    const server = await startServer(LARGE)
    const report = await check(new URL('/moved', server.url), OPTIONS)
    expect(idsOf(report, 'fail')).toEqual([])
    expect(idsOf(report, 'unknown')).toEqual([])
    expect(idsOf(report, 'info')).toEqual(['several-ranges'])
    expect(report.verdicts).toEqual({
      plays: 'pass',
      resumes: 'pass',
      caches: 'pass',
      cors: 'pass',
    })
    expect(report.passed).toBe(true)
  })

  it.concurrent.each(FAULTS)('%s: finds %s, and nothing else', async (row, _what, fault) => {
    for (const file of [LARGE, SMALL]) {
      const server = await startServer(file, fault)
      const report = await check(new URL('/moved', server.url), OPTIONS)
      expect(idsOf(report, 'fail'), String(report)).toEqual([row])
      const unasked = report.rows.filter(({ found }) => found.startsWith('not asked'))
      expect(TOLD).toEqual(expect.arrayContaining(unasked.map(({ id }) => id)))
      expect(report.passed).toBe(false)
    }
  })

  it('takes options that are undefined for such as are not given', async () => {
    const none = { headers: undefined, origin: undefined, insecure: undefined, timeout: undefined }
    const server = await startServer(SMALL)
    const report = await check(server.url, { ...none, signal: undefined, onProgress: undefined })
    expect(report.verdicts.cors).toBe(null)
  })

  it('finds offsets of 31 or 32 bits', async () => {
    const file: ModelFile = { size: 5 * 1024 * MIB, head: HEAD }
    expect(idsOf(await check((await startServer(file)).url), 'fail')).toEqual([])
    for (const wrap of [2 ** 31, 2 ** 32]) {
      const server = await startServer(file, (plan) => {
        const length = plan.end - plan.start
        plan.start %= wrap
        plan.end = plan.start + length
      })
      const report = await check(server.url)
      expect(idsOf(report, 'fail')).toEqual(['bytes'])
      expect(rowOf(report, 'bytes')?.found).toMatch(/^bytes=\d+-\d+ is the beginning of the file$/)
    }
  })

  it('finds an MP4 whose index is at its end', async () => {
    const server = await startServer({ ...LARGE, head: boxes(['ftyp', 32], ['mdat', 64]) })
    const report = await check(server.url)
    expect(idsOf(report, 'fail')).toEqual(['index-first'])
    expect(rowOf(report, 'index-first')?.found).toBe('the film begins at byte 32, before its index')
  })

  it.each([
    ['avif', 'image/avif'],
    ['heic', 'image/heic'],
    ['mif1', 'image/heif'],
    ['crx ', 'image/x-canon-cr3'],
  ])('a picture of brand %s is no film', async (brand, type) => {
    const head = boxes(['ftyp', 32], ['mdat', 64])
    head.write(brand, 8, 'latin1')
    const server = await startServer({ ...SMALL, head }, ({ fields }) => {
      fields['content-type'] = type
    })
    const report = await check(server.url.replace('film.mp4', 'photo'))
    expect(idsOf(report, 'fail')).toEqual([])
    expect(rowOf(report, 'index-first')?.found).toBe('this is no MP4')
  })

  it('follows the boxes of an MP4 over what it has not read', async () => {
    const size = 3 * MIB
    const far = Buffer.alloc(size)
    boxes(['ftyp', 32], ['free', 2 * MIB], ['moov', 64]).copy(far)
    const report = await check((await startServer({ size, head: far })).url)
    expect(rowOf(report, 'index-first')).toMatchObject({
      outcome: 'pass',
      found: `the index begins at byte ${32 + 2 * MIB}`,
    })
  })

  it('finds a redirect from https to http', async () => {
    const { url: target } = await startServer(SMALL)
    const server = createHttpsServer(certificate(), (_, response) => {
      response.writeHead(302, { location: target }).end()
    })
    const report = await check(`https://${await listen(server)}/`, { insecure: true })
    expect(idsOf(report, 'fail')).toEqual(['redirects'])
    expect(rowOf(report, 'redirects')?.found).toBe(`from https to Location: ${target}`)
  })

  it.each([
    ['UTF-8', '/f\xc3\xaflm.mp4', '/f%c3%aflm.mp4'],
    ['Latin-1', '/f\xeflm.mp4', '/f%eflm.mp4'],
  ])('follows a Location in %s as browsers do', async (_coding, location, path) => {
    const { url } = await startServer(SMALL, (plan, asked) => {
      if (asked.path !== path) plan.status = 404
    })
    const head = `HTTP/1.1 302 Found\r\nLocation: ${new URL(url).origin}${location}\r\n\r\n`
    const moved = await answering(Buffer.from(head, 'latin1'))
    expect((await check(`http://${moved}/`)).finalUrl).toBe(new URL(path, url).href)
  })

  it('asks HEAD of the URL that was given: a signed one may be for GET only', async () => {
    const signed = await startServer(SMALL, (plan, { method, path }) => {
      if (path !== `/film.mp4?for=${method}`) Object.assign(plan, { status: 403, start: plan.end })
    })
    const server = createHttpServer(({ method }, response) => {
      const name = method === 'HEAD' ? 'HEAD' : 'GET'
      response.writeHead(302, { location: `${signed.url}?for=${name}` }).end()
    })
    const report = await check(`http://${await listen(server)}/`)
    expect(idsOf(report, 'fail')).toEqual([])
  })

  it('asks for permission as a browser does: without the fields that it asks for', async () => {
    const headers = { authorization: 'Bearer s3cret-token', 'user-agent': 'x' }
    const allowed = [
      ['Range, If-Range', 'authorization not allowed'],
      // A wildcard is none for Authorization (Fetch, CORS-preflight fetch).
      ['*', 'authorization not allowed'],
      ['*, Authorization', 'Access-Control-Allow-Headers: *, Authorization'],
    ]
    for (const [fields = '', found] of allowed) {
      const server = await startServer(SMALL, (plan, asked) => {
        if (asked.method === 'OPTIONS') plan.fields['access-control-allow-headers'] = fields
        else if (asked.header('authorization') === undefined) plan.status = 401
      })
      const report = await check(server.url, { ...OPTIONS, headers })
      expect(rowOf(report, 'cors-preflight')?.found).toBe(found)
    }
    const guarded = await startServer(SMALL, (plan, asked) => {
      if (asked.header('authorization') === undefined) plan.status = 401
    })
    const report = await check(guarded.url, { ...OPTIONS, headers })
    expect(idsOf(report, 'fail')).toEqual(['cors-preflight'])
    expect(rowOf(report, 'cors-preflight')?.found).toBe('401 Unauthorized to OPTIONS')
  })

  it('knows that a cookie needs the origin by its name', async () => {
    const headers = { cookie: 'c00kie' }
    const wild = await check((await startServer(SMALL)).url, { ...OPTIONS, headers })
    expect(idsOf(wild, 'fail')).toEqual(['cors-expose', 'cors-preflight'])
    const named = await startServer(SMALL, ({ fields }) => {
      fields['access-control-allow-origin'] = OPTIONS.origin
    })
    const unsaid = await check(named.url, { ...OPTIONS, headers })
    expect(rowOf(unsaid, 'cors-expose')?.found).toBe('no Access-Control-Allow-Credentials on 200')
    const server = await startServer(SMALL, ({ fields }) => {
      fields['access-control-allow-origin'] = OPTIONS.origin
      fields['access-control-allow-credentials'] = 'true'
    })
    expect(idsOf(await check(server.url, { ...OPTIONS, headers }), 'fail')).toEqual([])
  })

  it('lets a server allow one origin, whoever asks', async () => {
    const server = await startServer(SMALL, ({ fields }) => {
      fields['access-control-allow-origin'] = OPTIONS.origin
      fields.vary = 'Accept-Encoding'
    })
    expect(idsOf(await check(server.url, OPTIONS), 'fail')).toEqual([])
  })

  it.each([
    ['no-store', 'no-store', []],
    ['private, no-store', 'private, no-store', []],
    ['no-store', 'no-cache', ['cors-expose']],
    ['private', 'private', ['cors-expose']],
  ])('of an origin that is echoed with %s, and without Origin %s, finds %j', async (named, unnamed, failed) => {
    const server = await startServer(SMALL, ({ status, fields }, asked) => {
      if (status === 204) return
      const origin = asked.header('origin')
      fields.vary = 'Accept-Encoding'
      fields['cache-control'] = origin === undefined ? unnamed : named
      fields['access-control-allow-origin'] = origin ?? 'https://other.example'
    })
    expect(idsOf(await check(server.url, OPTIONS), 'fail')).toEqual(failed)
  })

  it('knows whose page a browser says it is after a redirect', async () => {
    const origins = new Set<string | undefined>()
    const named = await startServer(SMALL, ({ fields }, asked) => {
      origins.add(asked.header('origin'))
      fields['access-control-allow-origin'] = OPTIONS.origin
    })
    const server = await startServer(SMALL, (plan, { path }) => {
      if (path === '/moved') plan.fields.location = named.url
    })
    const moved = new URL('/moved', server.url)
    // A third origin is not told it.
    const third = await check(moved, OPTIONS)
    expect(idsOf(third, 'fail')).toEqual(['cors-expose', 'cors-preflight'])
    expect([...origins]).toEqual(['null'])
    expect(rowOf(third, 'cors-preflight')?.curl).toContain(`-X OPTIONS -H 'Origin: null'`)
    // A page's own origin needs no permission.
    const own = await check(server.url, { origin: new URL(server.url).origin })
    expect(own.verdicts.cors).toBe('pass')
  })

  it.each([
    ['multipart: 0-1, 4-5', toSeveral()],
    ['multipart: 0-1, 4-5', toSeveral((text) => text, '"B"')],
    ['multipart: 4-5', toSeveral((text) => text.slice(text.indexOf('--B', 3)))],
    [
      'one part: 0-5',
      toSeveral((_text, fields) => {
        fields['content-type'] = 'video/mp4'
        fields['content-range'] = `bytes 0-5/${SMALL.size}`
        return HEAD.toString('latin1', 0, 6)
      }),
    ],
    ['no parts between lines of --B', toSeveral((text) => text.replaceAll('--B', '--C'))],
    ['no parts between lines of --B', toSeveral((text) => text.replace('--B--', ''))],
    [UNTRUE, toSeveral((text) => text.replace('4-5', '4-6'))],
    [UNTRUE, toSeveral((text) => text.replace('ft', 'tf'))],
    [UNTRUE, toSeveral((text) => text.replace(/(4-5.\d+)/, '$10'))],
    [UNTRUE, toSeveral((text) => text.replaceAll('Content-Range', 'Range'))],
    [
      UNTRUE,
      toSeveral((text, fields) => {
        const [range = ''] = /bytes 0-1.\d+/.exec(text) ?? []
        Object.assign(fields, { 'content-type': 'video/mp4', 'content-range': range })
        return '\0\0ft'
      }),
    ],
    [
      expect.stringMatching(/^\d+ bytes came of \d+$/),
      toSeveral((text, fields) => {
        fields['content-length'] = String(text.length + 1)
        return text
      }),
    ],
  ])('tells of several ranges: %s', async (found, answer) => {
    const report = await check((await startServer(SMALL, answer)).url)
    expect(rowOf(report, 'several-ranges')).toMatchObject({ outcome: 'info', found })
    expect(report.verdicts.plays).toBe('pass')
  })

  it('tells of an error page, but does not call it wrong', async () => {
    const server = await startServer(SMALL, (plan) => {
      if (plan.status !== 416) return
      plan.text = '<h1>416</h1>'
      plan.fields['content-length'] = String(plan.text.length)
    })
    const report = await check(server.url)
    expect([report.passed, rowOf(report, 'past-end')?.outcome]).toEqual([true, 'info'])
  })

  it('does not take a text for a film by its name', async () => {
    const server = await startServer({ ...SMALL, head: Buffer.alloc(0) }, ({ fields }) => {
      fields['content-type'] = 'text/plain'
    })
    for (const [name, failed] of [
      ['main.ts', []],
      ['list.m3u', []],
      ['film.mkv', ['type']],
    ]) {
      const report = await check(server.url.replace('film.mp4', `${name}`))
      expect([name, idsOf(report, 'fail')]).toEqual([name, failed])
    }
  })

  it.each<[found: string, isIgnored: (tags: string) => boolean]>([
    ['304 for each', () => false],
    ['200 OK for If-None-Match: "byteserve-check", W/"model-1"', (tags) => tags.includes('W/')],
    ['200 OK for If-None-Match: *', (tags) => tags === '*'],
  ])('tells of other forms of a tag: %s', async (found, isIgnored) => {
    const server = await startServer(SMALL, (plan, asked) => {
      if (!isIgnored(asked.header('if-none-match') ?? '')) return
      Object.assign(plan, { status: 200, text: 'all of it' })
      plan.fields['content-length'] = '9'
    })
    const report = await check(server.url)
    const outcome = found.startsWith('304') ? 'pass' : 'info'
    expect(rowOf(report, 'tag-forms')).toMatchObject({ outcome, found })
    expect(report.passed).toBe(true)
  })

  it('tells of an Accept-Ranges that PDF.js does not know, and does not call it wrong', async () => {
    const server = await startServer(SMALL, ({ fields }) => {
      fields['accept-ranges'] = 'bytes, bytes'
    })
    const report = await check(server.url)
    expect(rowOf(report, 'accept-ranges')).toMatchObject({
      outcome: 'info',
      found: 'Accept-Ranges: bytes, bytes on GET: PDF.js asks for no ranges',
    })
    expect(report.passed).toBe(true)
  })

  it('each fault that can be found has been planted, and has its advice', async () => {
    const report = await check((await startServer(SMALL)).url, OPTIONS)
    const planted = new Set([...FAULTS.map(([row]) => row), 'index-first'])
    const all = report.rows.map(({ id }) => id).filter((id) => !TOLD.includes(id))
    expect([...planted].sort()).toEqual([...all].sort())
    expect(Object.keys(ADVICE).sort()).toEqual([...all].sort())
  })

  it('asks one request after the other, at most 40, and says what it did not ask', async () => {
    // Each of its boxes has to be asked for, and before the file there are five redirects.
    const head = Buffer.alloc(8 * MIB)
    boxes(['ftyp', 70_000], ...Array(30).fill(['free', 70_000])).copy(head)
    const server = await startServer({ size: 64 * MIB, head }, (plan, { path }) => {
      const hop = Number(/^\/hop(\d)$/.exec(path)?.[1] ?? 0)
      if (hop === 0) return
      plan.fields.location = hop === 1 ? '/film.mp4' : `/hop${hop - 1}`
      plan.fields['content-length'] = '0'
      Object.assign(plan, { status: 302, end: plan.start })
    })
    const report = await check(new URL('/hop5', server.url), OPTIONS)
    expect([report.requests, server.log.length, server.atOnce()]).toEqual([40, 40, 1])
    expect(report.bytes).toBeLessThanOrEqual(4 * MIB)
    expect(rowOf(report, 'cors-preflight')).toMatchObject({
      outcome: 'unknown',
      found: 'not asked: that would be more than 40 requests',
    })
    expect(report.verdicts.cors).toBe('unknown')
  })

  it('receives at most 4 MiB, from a server that sends more than it was asked for', async () => {
    const server = await startServer(LARGE, (plan) => {
      if (plan.status !== 206) return
      plan.end = Math.min(LARGE.size, plan.start + 2 * MIB)
      plan.fields['content-length'] = String(plan.end - plan.start)
    })
    const report = await check(server.url)
    expect(report.bytes).toBeLessThanOrEqual(4 * MIB + 64 * 1024)
    expect(rowOf(report, 'content-range')?.outcome).toBe('fail')
  })

  it("knows little about what can't be asked, and does not call it right", async () => {
    const server = await startServer(SMALL, (plan) => {
      if (plan.status !== 206 && plan.status !== 416) return
      plan.status = 200
      plan.start = 0
      plan.end = SMALL.size
      plan.fields['content-length'] = String(SMALL.size)
    })
    const report = await check(server.url)
    expect(idsOf(report, 'fail')).toEqual(['first-bytes', 'open-range'])
    expect(idsOf(report, 'unknown')).toEqual([
      'content-range',
      'bytes',
      'suffix',
      'clamped',
      'accept-ranges',
      'late-speed',
      'rest',
      'past-end',
      'if-range-current',
      'if-range-stale',
      'if-range-weak',
      'part-fields',
      'slices',
    ])
    expect(report.verdicts).toEqual({
      plays: 'fail',
      resumes: 'unknown',
      caches: 'pass',
      cors: null,
    })
  })

  it('does not call a server wrong that has had enough', async () => {
    let count = 0
    const server = await startServer(SMALL, (plan) => {
      if (++count > 3) Object.assign(plan, { status: 429, start: 0, end: 0, fields: {} })
    })
    const report = await check(server.url)
    expect(idsOf(report, 'fail')).toEqual([])
    expect(report.passed).toBe(false)
    expect(rowOf(report, 'head')).toMatchObject({
      outcome: 'unknown',
      found: 'the server is busy: 429 Too Many Requests',
    })
  })

  it('says what timed out, and asks no more after three times', async () => {
    const asked: string[] = []
    const server = createHttpServer((request, response) => {
      asked.push(String(request.headers.range ?? request.method))
      if (request.headers.range !== undefined || request.method === 'HEAD') return
      const fields = {
        'content-type': 'text/plain',
        'accept-ranges': 'bytes',
        'content-length': '3',
      }
      response.writeHead(200, fields).end('abc')
    })
    const url = `http://${await listen(server)}/`
    const report = await check(url, { timeout: 1000 })
    expect(rowOf(report, 'first-bytes')).toMatchObject({
      outcome: 'unknown',
      found: 'no answer within 1 s',
    })
    expect(rowOf(report, 'if-match')?.found).toBe('not asked: the last 3 answers never came')
    expect(asked).toEqual(['GET', 'bytes=0-1', 'bytes=0-', 'HEAD'])
    expect(report.verdicts.plays).toBe('unknown')
    expect(report.passed).toBe(false)
  })

  it('does not call right what has no answer, nor lets it hide what has', async () => {
    const model = await startServer(SMALL)
    const server = createServer((socket) => {
      const upstream = connect(Number(new URL(model.url).port), '127.0.0.1')
      for (const end of [socket, upstream]) end.on('error', () => {})
      socket.once('data', (bytes) => {
        if (bytes.toString('latin1').startsWith('HEAD')) socket.destroy()
        else upstream.end(bytes).pipe(socket)
      })
    })
    const report = await check(`http://${await listen(server)}/film.mp4`)
    expect(rowOf(report, 'head')).toMatchObject({
      outcome: 'unknown',
      found: 'it closed the connection without an answer',
    })
    expect(rowOf(report, 'if-range-current')?.outcome).toBe('pass')
    expect(report.verdicts).toMatchObject({ plays: 'unknown', caches: 'pass' })
  })

  it('tells a body that stops from one that ends', async () => {
    const server = createHttpServer((_, response) => {
      response.writeHead(200, { 'content-length': '300' }).write('abc')
    })
    const report = await check(`http://${await listen(server)}/`, { timeout: 1000 })
    expect(rowOf(report, 'content-length')).toMatchObject({
      outcome: 'fail',
      found: '3 bytes came of 300, and then no more',
    })
  })

  it('waits for a body that stalls no more than three times', async () => {
    const asked: string[] = []
    const server = createHttpServer(({ headers: { range } }, response) => {
      asked.push(range ?? 'all')
      const part = { 'content-length': '2', 'content-range': 'bytes 0-1/300' }
      response.writeHead(range ? 206 : 200, range ? part : { 'content-length': '300' })
      response.flushHeaders()
    })
    const report = await check(`http://${await listen(server)}/`, { timeout: 300 })
    expect(asked).toEqual(['all', 'bytes=0-1', 'bytes=0-'])
    expect(rowOf(report, 'content-length')).toMatchObject({
      outcome: 'fail',
      found: '0 bytes came of 300, and then no more',
    })
  })

  it('finds a chunked body that breaks off', async () => {
    const model = await startServer({ ...SMALL, size: 3000 }, ({ fields, status }) => {
      if (status === 200) delete fields['content-length']
    })
    const server = createServer((socket) => {
      const upstream = connect(Number(new URL(model.url).port), '127.0.0.1')
      for (const end of [socket, upstream]) end.on('error', () => {})
      socket.on('close', () => upstream.destroy())
      socket.once('data', (bytes) => upstream.write(bytes))
      upstream.on('data', (bytes) => {
        const end = bytes.indexOf('0\r\n\r\n', -5)
        socket.write(end === -1 ? bytes : bytes.subarray(0, end))
      })
      upstream.on('end', () => socket.end())
    })
    const report = await check(`http://${await listen(server)}/film.mp4`)
    expect(idsOf(report, 'fail')).toEqual(['content-length', 'known-length'])
    expect(rowOf(report, 'content-length')?.found).toBe('the end of the chunked body did not come')
  })

  it('reads a head whose first bytes come alone', async () => {
    const answer = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc')
    for (let length = 1; length < 20; length++) {
      const packets = Readable.from([answer.subarray(0, length), answer.subarray(length)])
      const wire = new Wire(packets, { silence: 1000, total: 1000 })
      await wire.peek()
      expect([length, (await readHead(wire)).status]).toEqual([length, 200])
    }
  })

  it('stops when it is told to', async () => {
    const control = new AbortController()
    const server = createHttpServer(() => control.abort(new Error('enough')))
    const url = `http://${await listen(server)}/`
    await expect(check(url, { signal: control.signal })).rejects.toThrow('enough')
    await expect(check(url, { signal: control.signal })).rejects.toThrow('enough')
  })

  it('tells progress before each request', async () => {
    const server = await startServer(SMALL)
    const told: [number, string | null][] = []
    await check(server.url, { onProgress: ({ requests, title }) => told.push([requests, title]) })
    expect(told.length).toBe(server.log.length)
    expect(told.slice(0, 2)).toEqual([
      [1, null],
      [2, 'bytes=0-1 is answered with 206'],
    ])
  })

  it('lets a server say that nothing is encoded', async () => {
    const server = await startServer(SMALL, ({ fields }) => {
      fields['content-encoding'] = 'identity'
    })
    expect(idsOf(await check(server.url), 'fail')).toEqual([])
  })

  it('finds nothing wrong with HTTP/1.0, nor with a date for a version', async () => {
    const model = await startServer(SMALL, ({ fields }) => {
      delete fields.etag
    })
    const server = createServer((socket) => {
      const upstream = connect(Number(new URL(model.url).port), '127.0.0.1')
      for (const end of [socket, upstream]) end.on('error', () => {})
      socket.pipe(upstream).once('data', (bytes) => {
        socket.write(bytes.toString('latin1').replace('HTTP/1.1', 'HTTP/1.0'), 'latin1')
        upstream.pipe(socket)
      })
    })
    const report = await check(`http://${await listen(server)}/film.mp4`)
    expect(idsOf(report, 'fail')).toEqual([])
    expect(report.passed).toBe(true)
  })

  it('finds nothing wrong with a file that was written just now', async () => {
    const modified = new Date().toUTCString()
    const server = await startServer(SMALL, ({ fields }) => {
      fields['last-modified'] = modified
    })
    expect(idsOf(await check(server.url), 'fail')).toEqual([])
  })

  it('tells of a date of the future next to a tag, and does not call it wrong', async () => {
    const modified = 'Fri, 01 Jan 2066 00:00:00 GMT'
    const server = await startServer(SMALL, ({ fields }) => {
      fields['last-modified'] = modified
    })
    const report = await check(server.url)
    const found = `ETag: "model-1"; Last-Modified: ${modified}, which is later than Date`
    expect(rowOf(report, 'validator')).toMatchObject({ outcome: 'pass', found })
    expect(report.passed).toBe(true)
  })

  it('finds nothing wrong with a chunked file of a few bytes but that it is chunked', async () => {
    for (const size of [1, 2, 3]) {
      const file = { size, head: Buffer.alloc(0) }
      const server = await startServer(file, ({ status, fields }) => {
        fields['content-type'] = 'application/zip'
        if (status === 200) delete fields['content-length']
      })
      const report = await check(server.url.replace('.mp4', '.zip'))
      expect([size, idsOf(report, 'fail')]).toEqual([size, ['known-length']])
    }
  })

  it('finds nothing wrong with a file of a few bytes', async () => {
    for (const size of [1, 2, 3, 10]) {
      const server = await startServer({ size, head: Buffer.alloc(0) }, ({ fields }) => {
        fields['content-type'] = 'application/zip'
      })
      const report = await check(server.url.replace('.mp4', '.zip'))
      expect([size, idsOf(report, 'fail')]).toEqual([size, []])
      expect(String(report)).toContain(size === 1 ? '1 byte\n' : `${size} bytes\n`)
    }
  })
})

describe('the report', () => {
  it('gives each failure its consequence, a fix for the server that it is, and a curl line', async () => {
    const server = await startServer(SMALL, (plan) => {
      plan.fields.server = 'nginx/1.22.1'
      delete plan.fields['cache-control']
    })
    const report = await check(server.url)
    expect(report.rows.filter(({ outcome }) => outcome === 'fail')).toEqual([
      {
        id: 'cache-control',
        aim: 'caches',
        title: 'Cache-Control says how long the file may be kept',
        outcome: 'fail',
        found: 'no Cache-Control',
        consequence:
          'Browsers guess: for a tenth of its age they show the old file without asking.',
        fix: '(nginx) add_header Cache-Control no-cache always;',
        curl: `curl -sS -D - -o /dev/null -m 5 ${server.url}`,
      },
    ])
    expect(JSON.parse(JSON.stringify(report))).toMatchObject({
      url: server.url,
      finalUrl: server.url,
      server: 'nginx/1.22.1',
      size: SMALL.size,
      passed: false,
      verdicts: { plays: 'pass', resumes: 'pass', caches: 'fail', cors: null },
    })
    expect(String(report)).toBe(`${server.url}
300123 bytes, served by nginx/1.22.1

Plays and seeks ✓ · Resumes ✓ · Cacheable ✗

✗ Cache-Control says how long the file may be kept (cache-control)
  Found: no Cache-Control
  Browsers guess: for a tenth of its age they show the old file without asking.
  Fix: (nginx) add_header Cache-Control no-cache always;
  curl -sS -D - -o /dev/null -m 5 ${server.url}

? late-speed: not known, the file is too small to tell

${report.requests} requests, ${(report.bytes / MIB).toFixed(1)} MiB received
`)
  })

  it.each<[server: string, id: string, fix: RegExp, fault: Fault]>([
    [
      'nginx',
      'not-modified',
      /^\(nginx\) etag on;/,
      (plan, asked) => {
        if (asked.header('if-none-match') !== undefined)
          Object.assign(plan, { status: 200, text: '' })
      },
    ],
    [
      'Apache/2.4.71 (Unix)',
      'not-modified',
      /Header merge Vary/,
      ({ status, fields }) => {
        if (status === 304) delete fields.vary
      },
    ],
    [
      'Apache',
      'encoding',
      /RemoveEncoding/,
      ({ status, fields }) => {
        if (status === 200) fields['content-encoding'] = 'gzip'
      },
    ],
    [
      'Apache',
      'encoding',
      /RequestHeader edit/,
      ({ status, fields }, asked) => {
        if (status !== 200 || asked.header('accept-encoding') !== 'gzip, br') return
        Object.assign(fields, { 'content-encoding': 'gzip', etag: '"model-1-gzip"' })
      },
    ],
    [
      'Apache-Coyote/1.1',
      'cache-control',
      /^Send Cache-Control/,
      ({ fields }) => {
        delete fields['cache-control']
      },
    ],
  ])('has the remedy of %s for what is wrong of %s: %o', async (name, id, fix, fault) => {
    const server = await startServer(SMALL, (plan, asked) => {
      plan.fields.server = name
      return fault(plan, asked)
    })
    const report = await check(server.url)
    expect(idsOf(report, 'fail')).toEqual([id])
    expect(rowOf(report, id)?.fix).toMatch(fix)
  })

  it.each([
    ['private, no-store', 'so that no cache keeps it'],
    ['max-age=60, private', 'so that only browsers keep it'],
  ])('says who keeps a file with %s, and does not call it wrong', async (value, told) => {
    const server = await startServer(SMALL, ({ fields }) => {
      fields['cache-control'] = value
    })
    const report = await check(server.url)
    const found = `Cache-Control: ${value}, ${told}`
    expect(rowOf(report, 'cache-control')).toMatchObject({ outcome: 'pass', found })
    expect(report.passed).toBe(true)
  })

  const quotes = `/it's;$(touch x)&{a}[1]/film.mp4`
  it('asks whether a page was meant', async () => {
    const page = 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\n<p>'
    const url = `http://${await answering(page)}/`
    expect(String(await check(url))).toContain('a page of HTML: is it the file that was meant?\n')
  })

  it('has curl lines that a shell runs as they are, and that show the failure', async () => {
    const server = await startServer(SMALL, (plan, asked) => {
      if (asked.path.includes('it') && asked.header('if-match')) plan.status = 206
    })
    const report = await check(new URL(quotes, server.url))
    const { curl } = rowOf(report, 'if-match') ?? {}
    expect(curl).toContain('If-Match: "byteserve-check"')
    const before = server.log.length
    const { stdout } = await promisify(execFile)('sh', ['-c', curl ?? ''])
    expect(stdout).toMatch(/^HTTP\/1\.1 206 /)
    expect(server.log.slice(before)).toEqual([
      `GET ${new URL(quotes, server.url).pathname} bytes=2-9`,
    ])
  })

  it('names no secret: of a header field, of the URL, or sent back by the server', async () => {
    const server = await startServer(SMALL, (plan, asked) => {
      if (asked.header('authorization') !== 'Bearer s3cret-token') plan.status = 401
      delete plan.fields['cache-control']
      plan.fields['content-type'] = `${asked.header('authorization')}`
    })
    const headers = { Authorization: 'Bearer s3cret-token', 'X-Key': 'k3y-of-mine' }
    const report = await check(server.url, { headers })
    expect(idsOf(report, 'fail')).toEqual(['type', 'cache-control'])
    expect(rowOf(report, 'cache-control')?.curl).toContain(
      "-H 'Authorization: YOUR AUTHORIZATION' -H 'X-Key: YOUR X-KEY'",
    )
    const written = JSON.stringify(report) + String(report)
    expect(written).not.toMatch(/s3cret-token|k3y-of-mine/)
    const withUser = new URL(server.url)
    Object.assign(withUser, { username: 'me', password: 'pass-w0rd' })
    expect(await obstacleOf(withUser.href)).toEqual(['answer', expect.stringContaining('401')])
  })

  it.each([
    ['an object', { 'X-Key': 'k3y-of-mine' }],
    ['a list', [['X-Key', 'k3y-of-mine'] as const]],
    ['a Headers', new Headers({ 'X-Key': 'k3y-of-mine' })],
    ['a Map', new Map([['X-Key', 'k3y-of-mine']])],
  ])('sends header fields of %s', async (_what, headers) => {
    const server = await startServer(SMALL, (plan, asked) => {
      if (asked.header('x-key') !== 'k3y-of-mine') plan.status = 401
    })
    expect((await check(server.url, { headers })).passed).toBe(true)
  })

  it('does not send secrets where a redirect leads', async () => {
    const other = await startServer(SMALL, (plan, asked) => {
      if (asked.header('authorization') !== undefined) plan.status = 403
    })
    const server = await startServer(SMALL, (plan, { path }) => {
      if (path === '/moved') plan.fields.location = `${other.url}?signature=abcdef`
    })
    const headers = { authorization: 'Bearer s3cret-token' }
    const report = await check(new URL('/moved', server.url), { headers })
    expect(report.passed).toBe(true)
    expect(report.finalUrl).toBe(other.url)
    expect(JSON.stringify(report)).not.toContain('signature')
  })

  it('shows control characters of a server by their names', async () => {
    const nasty = '"\x9b31m\x1b[2J\u00ad"'
    const server = await startServer(SMALL, (plan) => {
      plan.fields.server = 'x\x9b31m'
      plan.fields.etag = nasty.replaceAll('\x1b', '')
      plan.fields['content-type'] = 'text/plain; \x85'
    })
    const report = await check(server.url)
    const all = JSON.stringify(report) + String(report)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
    expect(all).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad]/)
    expect(all).toContain('\\u{9b}')
  })
})

it('five redirects with a MiB each take nothing from the file', async () => {
  const text = 'x'.repeat(1024 * 1024)
  const server = await startServer(SMALL, (plan, { path }) => {
    const left = Number(path.slice(1))
    if (!(left > 0)) return
    const location = left === 1 ? '/film.mp4' : `/${left - 1}`
    const fields = { location, 'content-length': `${text.length}` }
    Object.assign(plan, { status: 302, text, fields })
  })
  const { finalUrl } = await check(new URL('/5', server.url))
  expect(finalUrl).toBe(server.url)
})

describe("what can't be checked", () => {
  it.each([
    [
      'a file that is not there',
      'HTTP/1.1 404 Not Found\r\n\r\n',
      'answer',
      /expected 200 .* got 404/,
    ],
    ['a redirect to nowhere', 'HTTP/1.1 302 Found\r\n\r\n', 'answer', /got 302/],
    [
      'a redirect to what is no web',
      'HTTP/1.1 302 Found\r\nLocation: ftp://x/y?key=secret\r\n\r\n',
      'answer',
      /got 302 Found, which leads to ftp:\/\/x\/y$/,
    ],
    [
      'a file for some',
      'HTTP/1.1 401 Unauthorized\r\n\r\n',
      'answer',
      /got 401 Unauthorized; it wants a header field Authorization/,
    ],
    [
      'a part that was not asked for',
      'HTTP/1.1 206 Partial Content\r\n\r\n',
      'answer',
      /got 206 Partial Content; without a Range it has to be a 200$/,
    ],
    ['an empty file', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 'answer', /is empty/],
    [
      'a loop',
      'HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n',
      'answer',
      /got 302 Found after 5 redirects/,
    ],
    ['no answer', '', 'connection', /closed the connection without an answer/],
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n', 'protocol', /does not speak HTTP/],
    ['TLS', Buffer.from([0x15, 3, 1, 0, 2, 2, 0x46]), 'protocol', /it speaks TLS/],
    ['half a head', 'HTTP/1.1 200 OK\r\nContent-', 'connection', /broke off/],
    ['an endless line', `HTTP/1.1 200 ${'x'.repeat(70_000)}`, 'protocol', /longer than 64 KiB/],
    [
      'endless fields',
      `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(20_000)}`,
      'protocol',
      /header fields/,
    ],
  ])('%s', async (_what, bytes, obstacle, message) => {
    const url = `http://${await answering(bytes)}/`
    expect(await obstacleOf(url)).toEqual([obstacle, expect.stringMatching(message)])
  })

  it('an answer that drips, without end', async () => {
    const server = createServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n')
      const drip = setInterval(() => socket.write('a: b\r\n'), 20)
      socket.on('error', () => {}).on('close', () => clearInterval(drip))
    })
    expect(await obstacleOf(`http://${await listen(server)}/`, { timeout: 1000 })).toEqual([
      'timeout',
      'no end of its answer within 6 s',
    ])
  })

  it('a host that is not there, and a port where nothing listens', async () => {
    expect(await obstacleOf('http://nope.invalid/')).toEqual(['name', "can't resolve nope.invalid"])
    const nothing = 'nothing listens on 127.0.0.1, port 1'
    expect(await obstacleOf('http://127.0.0.1:1/')).toEqual(['connection', nothing])
  })

  it('a server that answers nobody without a Range', async () => {
    const server = await startServer(SMALL, (plan, asked) => {
      if (asked.range === null) Object.assign(plan, { status: 400, end: 0, fields: {} })
    })
    expect(await obstacleOf(server.url)).toEqual([
      'answer',
      'expected 200 for /film.mp4, got 400 Bad Request; the file comes only for a request with a Range',
    ])
  })

  it('a server of HTTP/2 only', async () => {
    const plain = createHttp2Server()
    const url = `http://${await listen(plain)}/`
    expect(await obstacleOf(url)).toEqual([
      'protocol',
      expect.stringMatching(/speaks HTTP\/2 only/),
    ])
    const secure = createSecureServer(certificate())
    const secureUrl = `https://${await listen(secure)}/`
    expect(await obstacleOf(secureUrl, { insecure: true })).toEqual([
      'protocol',
      expect.stringMatching(/speaks HTTP\/2 only/),
    ])
  })

  it('a certificate that is not to be trusted, unless it may be', async () => {
    const server = createHttpsServer(certificate(), (_, response) => response.end('abc'))
    const url = `https://${await listen(server)}/film.bin`
    expect(await obstacleOf(url)).toEqual([
      'certificate',
      'its certificate is not to be trusted: self-signed certificate',
    ])
    const report = await check(url, { insecure: true })
    expect(rowOf(report, 'first-bytes')).toMatchObject({
      outcome: 'fail',
      curl: `curl -sS -k -D - -o /dev/null -m 5 -H 'Range: bytes=0-1' ${url}`,
    })
  })

  it.each([
    ['ftp://x/', {}, "Expected a URL of http or https, got 'ftp://x/'"],
    ['film.mp4', {}, "Expected a URL of http or https, got 'film.mp4'"],
    ['http://x/', { headers: { 'a b': 'c' } }, "Expected a header field, got one named 'a b'"],
    ['http://x/', { headers: { a: 'b\r\nc: d' } }, "Expected a header field, got one named 'a'"],
    ['http://x/', { headers: { Range: 'bytes=0-1' } }, 'Range is for the check to send'],
    ['http://x/', { timeout: Infinity }, 'Expected a timeout of up to 600000 ms, got Infinity'],
    ['http://x/', { origin: 'app' }, "Expected an origin as https://app.example, got 'app'"],
  ])('%s with %o', async (url, options, message) => {
    await expect(check(url, options)).rejects.toThrow(new TypeError(message))
  })
})
