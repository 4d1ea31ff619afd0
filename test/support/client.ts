import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { PATIENCE } from './wait.ts'

/** The head of a response as it came over the wire. */
export interface Head {
  readonly status: number
  /** Names as they were sent, in the order that they were sent, repeated ones and all. */
  readonly fields: readonly (readonly [name: string, value: string])[]
}

export interface Reply extends Head {
  readonly body: Buffer
}

/** What a connection did where bytes were due. */
export type Failure = 'FIN' | 'RST' | 'nothing more'

export type Take = (chunk: Buffer) => void | Promise<void>

/** A response that did not come, or not whole. */
export class BrokenReplyError extends Error {
  override readonly name = 'BrokenReplyError'
  readonly failure: Failure
  /** Bytes of the body that came. */
  readonly received: number

  constructor(expected: string, received: number, failure: Failure) {
    super(`Expected ${expected}, got ${received} bytes, then ${failure}`)
    this.failure = failure
    this.received = received
  }
}

/** A connection that sends what it is told and reads only when it is asked to. */
export interface Connection {
  /** Sends text as it is, one byte for each character. */
  send(text: string): void
  /**
   * Reads one response: its head, then exactly as many bytes as its framing says (RFC 9112 §6.3).
   *
   * @param method of its request, since the answer to a HEAD has no body
   * @param take is given each chunk of the body, which is then not kept; nothing more is read
   * before it is done with it
   * @throws BrokenReplyError when the connection ends or falls silent before
   */
  read(method?: string, take?: Take): Promise<Reply>
  /** Reads the head of a response, and nothing of its body. */
  readHead(): Promise<Head>
  /**
   * The next bytes, as many as asked for, or fewer when the connection ends before.
   *
   * @throws BrokenReplyError when it falls silent before
   */
  take(length: number): Promise<Buffer>
  /** What came that no response accounts for, after the peer had a turn to send it. */
  surplus(): Buffer
  /** How the peer ends the connection; what it still sends is dropped. */
  ended(): Promise<Failure>
  /** Hangs up at once, by RST. */
  reset(): void
  readonly socket: Socket
}

const HEAD_END = Buffer.from('\r\n\r\n')
const LINE_END = Buffer.from('\r\n')

/** @param patience how many ms of silence are the end of it: longer than any answer takes */
export async function open(port: number, patience: number = PATIENCE): Promise<Connection> {
  const connection = begin(port, patience)
  await once(connection.socket, 'connect')
  return connection
}

/** The same at once: what is sent waits until the connection is there. */
export function begin(port: number, patience: number = PATIENCE): Connection {
  return overSocket(connect({ host: '127.0.0.1', port, noDelay: true }), patience)
}

/** One request on a connection of its own. */
export async function fetchOnce(
  port: number,
  lines: readonly string[],
  take?: Take,
  patience?: number,
): Promise<Reply> {
  const connection = await open(port, patience)
  try {
    connection.send(toRequest(lines))
    return await connection.read(lines[0]?.split(' ')[0], take)
  } finally {
    connection.reset()
  }
}

/** A request of these lines and, unless they name one, a Host. */
export function toRequest(lines: readonly string[]): string {
  const hasHost = lines.some((line) => /^host:/i.test(line) || line.endsWith('HTTP/1.0'))
  return [...lines, ...(hasHost ? [] : ['Host: localhost']), '', ''].join('\r\n')
}

function overSocket(socket: Socket, patience: number): Connection {
  let failure: Failure | null = null
  socket.on('end', () => {
    failure ??= 'FIN'
  })
  socket.on('error', () => {
    failure ??= 'RST'
  })
  socket.on('close', () => {
    failure ??= 'RST'
  })

  /** What came, at least a byte, or how it ended. */
  async function nextChunk(): Promise<Buffer | Failure> {
    const deadline = Date.now() + patience
    for (;;) {
      const chunk: Buffer | null = socket.read()
      if (chunk !== null) return chunk
      if (failure !== null) return failure
      if (!(await somethingHappens(socket, deadline - Date.now()))) return 'nothing more'
    }
  }

  async function readUntil(mark: Buffer, what: string): Promise<string> {
    let bytes = Buffer.alloc(0)
    for (;;) {
      const chunk = await nextChunk()
      if (!Buffer.isBuffer(chunk)) throw new BrokenReplyError(what, bytes.length, chunk)
      bytes = Buffer.concat([bytes, chunk])
      const at = bytes.indexOf(mark)
      if (at === -1) continue
      putBack(bytes.subarray(at + mark.length))
      return bytes.toString('latin1', 0, at)
    }
  }

  function putBack(bytes: Buffer): void {
    if (bytes.length > 0) socket.unshift(bytes)
  }

  async function readBytes(
    length: number,
    take: Take,
    fail: (received: number, failure: Failure) => never,
  ): Promise<void> {
    let received = 0
    while (received < length) {
      const chunk = await nextChunk()
      if (!Buffer.isBuffer(chunk)) fail(received, chunk)
      const due = chunk.subarray(0, length - received)
      putBack(chunk.subarray(due.length))
      received += due.length
      await take(due)
    }
  }

  async function readChunked(take: Take): Promise<void> {
    const what = 'the end of a chunked body'
    let received = 0
    const fail = (got: number, how: Failure): never => {
      throw new BrokenReplyError(what, received + got, how)
    }
    for (;;) {
      const size = await readUntil(LINE_END, what).catch((error: unknown) => {
        throw error instanceof BrokenReplyError
          ? new BrokenReplyError(what, received, error.failure)
          : error
      })
      const length = Number.parseInt(size, 16)
      if (!/^[\da-f]+$/i.test(size)) throw new Error(`Expected the size of a chunk, got '${size}'`)
      await readBytes(length, take, fail)
      received += length
      const end = await readUntil(LINE_END, what)
      if (end !== '') throw new Error(`Expected the end of a chunk, got '${end}'`)
      if (length === 0) return
    }
  }

  /** A body that neither has a length nor is chunked goes on to the end of the connection. */
  async function readToEnd(take: Take): Promise<void> {
    for (let received = 0; ; ) {
      const chunk = await nextChunk()
      if (chunk === 'FIN') return
      if (!Buffer.isBuffer(chunk)) throw new BrokenReplyError('a body to its end', received, chunk)
      received += chunk.length
      await take(chunk)
    }
  }

  async function take(length: number): Promise<Buffer> {
    const taken: Buffer[] = []
    for (let left = length; left > 0; ) {
      const chunk = await nextChunk()
      if (chunk === 'nothing more') {
        throw new BrokenReplyError(`${length} bytes, or an end`, length - left, chunk)
      }
      if (!Buffer.isBuffer(chunk)) break
      const due = chunk.subarray(0, left)
      putBack(chunk.subarray(due.length))
      taken.push(due)
      left -= due.length
    }
    return Buffer.concat(taken)
  }

  async function readHead(): Promise<Head> {
    const head = await readUntil(HEAD_END, 'the head of a response')
    const [statusLine = '', ...lines] = head.split('\r\n')
    const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine)?.[1]
    if (status === undefined) throw new Error(`Expected a status line, got '${statusLine}'`)
    return { status: Number(status), fields: lines.map(parseField) }
  }

  async function read(method = 'GET', take?: Take): Promise<Reply> {
    const head = await readHead()
    const kept: Buffer[] = []
    const keep =
      take ??
      ((chunk: Buffer) => {
        kept.push(chunk)
      })
    const values = (name: string) =>
      head.fields.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value)
    const lengths = values('content-length')
    const isBodiless = method === 'HEAD' || head.status === 204 || head.status === 304
    if (isBodiless) return { ...head, body: Buffer.alloc(0) }
    if (values('transfer-encoding').join() === 'chunked') {
      await readChunked(keep)
    } else if (lengths.length === 0) {
      await readToEnd(keep)
    } else {
      const length = Number(lengths[0])
      if (lengths.length > 1 || !Number.isSafeInteger(length)) {
        throw new Error(`Expected one Content-Length, got ${lengths}`)
      }
      await readBytes(length, keep, (received, how) => {
        throw new BrokenReplyError(`a body of ${length} bytes`, received, how)
      })
    }
    return { ...head, body: Buffer.concat(kept) }
  }

  return {
    send(text) {
      socket.write(text, 'latin1')
    },
    read,
    readHead,
    take,
    surplus() {
      return socket.read() ?? Buffer.alloc(0)
    },
    async ended() {
      for (;;) {
        const chunk = await nextChunk()
        if (!Buffer.isBuffer(chunk)) return chunk
      }
    },
    reset() {
      socket.resetAndDestroy()
    },
    socket,
  }
}

/** Waits for bytes or an end; false: none came in this time. */
function somethingHappens(socket: Socket, patience: number): Promise<boolean> {
  const events = ['readable', 'end', 'error', 'close']
  return new Promise((resolve) => {
    const settle = (happened: boolean) => {
      clearTimeout(timer)
      for (const event of events) socket.off(event, happens)
      resolve(happened)
    }
    const happens = () => settle(true)
    const timer = setTimeout(() => settle(false), patience)
    for (const event of events) socket.on(event, happens)
  })
}

function parseField(line: string): [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon), line.slice(colon + 1).trim()]
}
