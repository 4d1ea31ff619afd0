import type { Socket } from 'node:net'
import { connectTo } from './connection.ts'
import { UnansweredError } from './unanswered.ts'
import { type Patience, Wire } from './wire.ts'

/** How long a connection may stay open after the answer, in ms: what comes then is too much. */
const LINGER = 250

/** More of header fields is not an answer but an attack, in bytes. */
const MAX_FIELDS = 64 * 1024

/** A header field. */
export type Field = readonly [name: string, value: string]

/** A request, as it is written. */
export interface Ask {
  readonly method: 'GET' | 'HEAD' | 'OPTIONS'
  readonly url: URL
  readonly fields: readonly Field[]
}

export interface Terms {
  readonly patience: Patience
  /** Asks a server whose certificate is not to be trusted, too. */
  readonly insecure: boolean
  readonly signal: AbortSignal | undefined
  /** How many bytes of the body are read before the connection is cut. */
  readonly most: (head: Head) => number
  /** Whether to wait for bytes after the end of the answer. */
  readonly lingers: boolean
}

/** The fields of an answer, in lower case; one that came several times is joined by commas. */
export type Fields = ReadonlyMap<string, string>

export interface Head {
  readonly status: number
  readonly reason: string
  readonly fields: Fields
}

/** How the end of a body is told (RFC 9112 §6.3). */
export type Framing = 'length' | 'chunked' | 'close' | 'none'

/** A request and what came of it, as it was on the wire. */
export interface Exchange extends Head {
  readonly ask: Ask
  readonly framing: Framing
  /** Content-Length, if that is what it says; of the answer to a HEAD too. */
  readonly length: number | null
  /** What came of the body, without chunked's framing. */
  readonly body: Buffer
  /**
   * `complete`: all that was announced; `cut`: we hung up; `short`: the server did, before the
   * end; `stalled`: nothing came any more.
   */
  readonly end: 'complete' | 'cut' | 'short' | 'stalled'
  /** Bytes after the end of the answer. */
  readonly surplus: number
  /** From the request to the first byte of the answer, in ms. */
  readonly wait: number
  /** All bytes that were read. */
  readonly received: number
}

/**
 * Asks on a connection of its own, and reads the answer as it is on the wire.
 *
 * @throws UnansweredError, as a rejection, when there is no answer, or none in HTTP/1.1
 */
export async function exchange(ask: Ask, terms: Terms): Promise<Exchange> {
  const socket = await connectTo(ask.url, terms)
  const stop = () => socket.destroy()
  terms.signal?.addEventListener('abort', stop)
  try {
    return await converse(socket, ask, terms)
  } catch (error) {
    terms.signal?.throwIfAborted()
    if (error instanceof UnansweredError) throw error
    const message = `the connection broke off: ${error instanceof Error ? error.message : error}`
    throw new UnansweredError('connection', message, { cause: error })
  } finally {
    terms.signal?.removeEventListener('abort', stop)
    socket.destroy()
  }
}

async function converse(socket: Socket, ask: Ask, terms: Terms): Promise<Exchange> {
  const wire = new Wire(socket, terms.patience)
  socket.write(toText(ask), 'latin1')
  const begun = performance.now()
  const hasAnswer = await wire.peek()
  const wait = performance.now() - begun
  if (!hasAnswer) {
    throw new UnansweredError('connection', 'it closed the connection without an answer')
  }
  const head = await readHead(wire)
  const framing = framingOf(ask, head)
  const length = lengthOf(head.fields)
  const body = new Body(terms.most(head))
  // What has come tells more than that no more came.
  const end = await readBody(wire, framing, length ?? 0, body).catch((error): Exchange['end'] => {
    terms.signal?.throwIfAborted()
    return error instanceof UnansweredError && error.obstacle === 'timeout' ? 'stalled' : 'short'
  })
  const surplus = end === 'complete' ? await countSurplus(wire, terms.lingers) : 0
  const bytes = body.bytes()
  return {
    ask,
    ...head,
    framing,
    length,
    body: bytes,
    end,
    surplus,
    wait,
    received: wire.received,
  }
}

function toText({ method, url, fields }: Ask): string {
  const lines = [
    `${method} ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    ...fields.map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ]
  return `${lines.join('\r\n')}\r\n\r\n`
}

async function readHead(wire: Wire): Promise<Head> {
  for (;;) {
    const isHttp = /^(?:HTTP\/1\.[01] |H?T?T?P?\/?1?$)/.test(wire.unread.toString('latin1', 0, 9))
    if (!isHttp) throw new UnansweredError('protocol', nameProtocol(wire.unread))
    const line = (await wire.readLine()) ?? ''
    const match = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(line)
    if (match === null) throw new UnansweredError('protocol', 'its answer is not HTTP/1.1')
    const fields = await readFields(wire)
    const status = Number(match[1])
    // 100 and 103 announce the answer (RFC 9110 §15.2).
    if (status >= 200) return { status, reason: match[2] ?? '', fields }
    if (!(await wire.peek())) {
      throw new UnansweredError('connection', `it closed the connection after a ${status}`)
    }
  }
}

async function readFields(wire: Wire): Promise<Fields> {
  const fields = new Map<string, string>()
  for (let left = MAX_FIELDS; left > 0; ) {
    const line = await wire.readLine()
    if (line === null) throw new UnansweredError('connection', 'it broke off in its header fields')
    if (line === '') return fields
    left -= line.length
    const colon = line.indexOf(':')
    if (colon < 1) continue
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')
    const before = fields.get(name)
    fields.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  throw new UnansweredError('protocol', 'its header fields are longer than 64 KiB')
}

function framingOf({ method }: Ask, { status, fields }: Head): Framing {
  if (method === 'HEAD' || status === 204 || status === 304) return 'none'
  if (fields.has('transfer-encoding')) return 'chunked'
  return lengthOf(fields) === null ? 'close' : 'length'
}

function lengthOf(fields: Fields): number | null {
  const value = fields.get('content-length')
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : null
}

/** The body so far, up to the most that is wanted. */
class Body {
  readonly #chunks: Buffer[] = []
  #left: number

  constructor(most: number) {
    this.#left = most
  }

  get isFull(): boolean {
    return this.#left === 0
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  /** Reads `length` bytes; false when the connection ended before. Stops when it is full. */
  async take(wire: Wire, length: number): Promise<boolean> {
    for (let left = length; left > 0 && !this.isFull; ) {
      const chunk = await wire.read(Math.min(left, this.#left))
      if (chunk === null) return false
      this.#chunks.push(chunk)
      this.#left -= chunk.length
      left -= chunk.length
    }
    return true
  }
}

async function readBody(
  wire: Wire,
  framing: Framing,
  length: number,
  body: Body,
): Promise<'complete' | 'cut' | 'short'> {
  if (framing === 'none') return 'complete'
  if (framing === 'chunked') return readChunks(wire, body)
  if (framing === 'close') return (await body.take(wire, Infinity)) ? 'cut' : 'complete'
  if (!(await body.take(wire, length))) return 'short'
  return body.bytes().length === length ? 'complete' : 'cut'
}

async function readChunks(wire: Wire, body: Body): Promise<'complete' | 'cut' | 'short'> {
  for (;;) {
    const size = /^([\da-f]{1,12})[ \t]*(?:;|$)/i.exec((await wire.readLine()) ?? '')?.[1]
    if (size === undefined) return 'short'
    const length = Number.parseInt(size, 16)
    if (length === 0) break
    if (!(await body.take(wire, length))) return 'short'
    if (body.isFull) return 'cut'
    await wire.readLine()
  }
  // Trailer fields (RFC 9112 §7.1.2), and the empty line.
  await readFields(wire)
  return 'complete'
}

async function countSurplus(wire: Wire, lingers: boolean): Promise<number> {
  if (wire.unread.length > 0 || !lingers) return wire.unread.length
  // Who keeps the connection open, or breaks it, has sent nothing more.
  await wire.peekWithin(LINGER)
  return wire.unread.length
}

/** Says what it is that does not speak HTTP/1.1, as far as its first bytes tell. */
function nameProtocol(bytes: Buffer): string {
  const isFrame = bytes.length >= 9 && (bytes[3] === 0x04 || bytes[3] === 0x07)
  // SETTINGS or GOAWAY of stream 0 (RFC 9113 §4.1, §6.5, §6.8): how HTTP/2 begins.
  if (isFrame && bytes.readUInt32BE(5) === 0) {
    return 'it speaks HTTP/2 only; this asks in HTTP/1.1, as media players and download tools do'
  }
  // A TLS alert (RFC 8446 §5.1).
  if (bytes[0] === 0x15 && bytes[1] === 0x03) return 'it speaks TLS: its URL begins with https:'
  return 'what answers does not speak HTTP'
}
