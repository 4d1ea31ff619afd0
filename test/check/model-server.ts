import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { setTimeout } from 'node:timers/promises'

const CHUNK = 64 * 1024

/** An answer before it is sent: what a fault may change. */
export interface Plan {
  status: number
  /** By their names in lower case; no Content-Length means chunked. */
  readonly fields: Record<string, string>
  /** The bytes of the body: [start, end) of the file, or a text. */
  start: number
  end: number
  text: string | null
  /** Written after the end of the answer, which the server is not to know. */
  surplus: string
  /** How long the body waits after the head, in ms. */
  pause: number
  /** Whether the answer is not ended after its body, however much of it is missing. */
  staysOpen?: boolean
}

/** What a request asks for. */
export interface Asked {
  readonly method: string
  readonly path: string
  /** The value of Range, without its unit; null if there is none. */
  readonly range: string | null
  header(name: string): string | undefined
}

/** Changes an answer that is right into one that is wrong. */
export type Fault = (plan: Plan, asked: Asked) => void | Promise<void>

export interface ModelFile {
  readonly size: number
  /** The first bytes; the others follow from their positions. */
  readonly head: Buffer
  /** Which version of the file this is; 1 if it says nothing. */
  readonly version?: number
}

export interface ModelServer {
  readonly url: string
  /** The first line and the Range of each request. */
  readonly log: string[]
  /** The most requests that it had at a time. */
  atOnce(): number
  close(): Promise<void>
}

/** What comes after the head, again and again; of a length that no offset is a multiple of. */
const NOISE = Buffer.from(
  Uint8Array.from({ length: 1_000_003 }, (_, at) => Math.imul(at, 2654435761) >>> 24),
)

const FIELDS = {
  'content-type': 'video/mp4',
  'accept-ranges': 'bytes',
  'cache-control': 'no-cache',
  vary: 'Accept-Encoding, Origin',
  'x-content-type-options': 'nosniff',
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'Content-Range, Accept-Ranges, ETag, Content-Length',
}

/**
 * A file server that does everything right, written by hand from RFC 9110 and independent of what
 * it tests, and can be made to do one thing wrong. `/moved` is redirected to the file, too.
 */
export async function startModel(file: ModelFile, fault: Fault = () => {}): Promise<ModelServer> {
  const log: string[] = []
  let [running, most] = [0, 0]
  const server = createServer(async (request, response) => {
    most = Math.max(most, ++running)
    response.on('close', () => running--)
    log.push(`${request.method} ${request.url} ${request.headers.range ?? ''}`.trim())
    const asked = toAsked(request)
    const plan = decide(file, asked)
    await fault(plan, asked)
    await send(file, plan, asked, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/film.mp4`,
    log,
    atOnce: () => most,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The bytes [start, end) of a file. */
export function bytesOf(file: ModelFile, start: number, end: number): Buffer {
  return Buffer.concat([...piecesOf(file, start, end)])
}

/** The same, without a copy: most of what is sent to who hangs up is never read. */
function* piecesOf({ head }: ModelFile, start: number, end: number): Generator<Buffer> {
  if (start < Math.min(head.length, end)) yield head.subarray(start, end)
  for (let at = Math.max(start, head.length); at < end; ) {
    const from = at % NOISE.length
    const piece = NOISE.subarray(from, from + Math.min(CHUNK, end - at))
    yield piece
    at += piece.length
  }
}

function toAsked({ method = '', url = '', headers }: IncomingMessage): Asked {
  return {
    method,
    path: url,
    range: headers.range?.replace('bytes=', '') ?? null,
    header: (name) => String(headers[name] ?? '') || undefined,
  }
}

function decide(file: ModelFile, asked: Asked): Plan {
  const size = asked.path === '/other' ? file.size - 1 : file.size
  const empty = (status: number, fields: Record<string, string>): Plan => {
    return {
      status,
      fields: { ...fields, 'content-length': '0' },
      start: 0,
      end: 0,
      text: null,
      surplus: '',
      pause: 0,
    }
  }
  if (asked.method === 'OPTIONS') {
    return empty(204, {
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, HEAD',
      'access-control-allow-headers': 'Range, If-Range',
    })
  }
  if (asked.path === '/moved') {
    return empty(302, { location: '/film.mp4', 'access-control-allow-origin': '*' })
  }
  const { version = 1 } = file
  const etag = `"model-${version}"`
  const modified = `Sun, 01 Nov 2026 08:49:${36 + version} GMT`
  const told = { ...FIELDS, etag, 'last-modified': modified }
  const match = asked.header('if-match')
  if (match !== undefined && match !== etag) return empty(412, {})
  const tag = asked.header('if-none-match')
  const since = Date.parse(asked.header('if-modified-since') ?? '')
  const hasIt = tag === undefined ? since >= Date.parse(modified) : names(tag, etag)
  if (hasIt) {
    const { 'content-type': _, ...fields } = told
    return { ...empty(304, {}), fields }
  }
  const whole = { status: 200, start: 0, end: size, text: null, surplus: '', pause: 0 }
  const condition = asked.header('if-range')
  const isStale = condition !== undefined && condition !== etag && condition !== modified
  if (asked.range === null || asked.method === 'HEAD' || isStale) {
    return { ...whole, fields: { ...told, 'content-length': String(size) } }
  }
  const [, first = '', last = ''] = /^(\d*)-(\d*)$/.exec(asked.range) ?? []
  if (first === '' && last === '') {
    return { ...whole, fields: { ...told, 'content-length': String(size) } }
  }
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1)
  if (start >= size) return empty(416, { 'content-range': `bytes */${size}` })
  const part = {
    'content-range': `bytes ${start}-${end - 1}/${size}`,
    'content-length': String(end - start),
  }
  return { ...whole, status: 206, fields: { ...told, ...part }, start, end }
}

/** Whether If-None-Match names a tag, compared weakly (RFC 9110 §13.1.2). */
function names(tags: string, etag: string): boolean {
  return tags === '*' || tags.split(', ').some((tag) => tag.replace(/^W\//, '') === etag)
}

async function send(
  file: ModelFile,
  plan: Plan,
  { method }: Asked,
  response: ServerResponse,
): Promise<void> {
  response.writeHead(plan.status, plan.fields)
  response.flushHeaders()
  if (plan.pause > 0) await setTimeout(plan.pause)
  // Who hangs up is done.
  await pipeline(bodyOf(file, plan, method), response, { end: false }).catch(() => {})
  if (plan.surplus !== '') response.socket?.write(plan.surplus)
  if (!plan.staysOpen) response.end()
}

function* bodyOf(file: ModelFile, { status, start, end, text }: Plan, method: string) {
  if (method === 'HEAD' || status === 304) return
  if (text !== null) yield text
  yield* piecesOf(file, start, end)
}
