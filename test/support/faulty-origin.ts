import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** A file as a correct server has it. */
export interface Representation {
  readonly bytes: Uint8Array
  readonly etag?: string | undefined
  readonly fields?: Readonly<Record<string, string>> | undefined
}

/** What an origin does with a request. */
export type Behaviour = (incoming: IncomingMessage, outgoing: ServerResponse) => unknown

/** A server whose faults are planted, and that tells what it was asked. */
export interface Origin {
  /** With a slash at its end. */
  readonly url: string
  /** Method, target and Range of each request. */
  readonly asked: string[]
  /**
   * The connections that are open, and on which something was asked: in place of one that it breaks
   * off, Node's fetch opens another, and keeps that for 4 s, whether it asks anything or not.
   */
  readonly connections: ReadonlySet<Socket>
  /** What is done from now on. */
  behave(behaviour: Behaviour): void
  stop(): void
}

export async function startOrigin(): Promise<Origin> {
  const asked: string[] = []
  const connections = new Set<Socket>()
  let behaviour: Behaviour = (_, outgoing) => outgoing.writeHead(404).end()
  const server = createServer((incoming, outgoing) => {
    const { method, url, headers } = incoming
    asked.push([method, url, headers.range].filter((each) => each !== undefined).join(' '))
    if (!incoming.socket.destroyed) connections.add(incoming.socket)
    behaviour(incoming, outgoing)
  })
  server.on('connection', (socket) => socket.on('close', () => connections.delete(socket)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    // What `address` gives once the server listens on a port.
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    connections,
    behave(next) {
      asked.length = 0
      behaviour = next
    },
    stop() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** A part of a file, or all of it, as its head and its bytes say it. */
export interface Part {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Uint8Array
}

/** What a correct server answers. */
export function answerTo(
  { method, headers }: IncomingMessage,
  { bytes, etag, fields = {} }: Representation,
): Part {
  const size = bytes.length
  const known = { ...fields, ...(etag === undefined ? {} : { etag }) }
  const ifMatch = headers['if-match']
  if (ifMatch !== undefined && ifMatch !== etag) {
    return { status: 412, headers: { 'content-length': '0' }, bytes: new Uint8Array(0) }
  }
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '') ?? []
  if (first === undefined || method === 'HEAD') {
    return { status: 200, headers: { ...known, 'content-length': `${size}` }, bytes }
  }
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1)
  if (start >= size) {
    return { status: 416, headers: { 'content-length': '0' }, bytes: new Uint8Array(0) }
  }
  return {
    status: 206,
    headers: {
      ...known,
      'content-length': `${end - start}`,
      'content-range': `bytes ${start}-${end - 1}/${size}`,
    },
    bytes: bytes.subarray(start, end),
  }
}

/** A server of a file; what a fault makes of an answer is sent in its place. */
export function serving(file: Representation, fault = (part: Part): Part => part): Behaviour {
  return (incoming, outgoing) => {
    const { status, headers, bytes } = fault(answerTo(incoming, file))
    outgoing.writeHead(status, headers).end(incoming.method === 'HEAD' ? undefined : bytes)
  }
}

/** A server that ends each connection after so many bytes of a body. */
export function cuttingAfter(most: number, file: Representation): Behaviour {
  return (incoming, outgoing) => {
    const { status, headers, bytes } = answerTo(incoming, file)
    outgoing.writeHead(status, headers)
    if (bytes.length <= most) return outgoing.end(bytes)
    outgoing.write(bytes.subarray(0, most), () => outgoing.destroy())
  }
}
