import type { Socket } from 'node:net'
import { begin, type Connection, type Head, toRequest } from './client.ts'

export interface RawHead {
  readonly status: number
  /** By their names in lower case. */
  readonly headers: Record<string, string>
}

export interface RawResponse extends RawHead {
  readonly body: Buffer
}

/** A connection by whose side a test thinks in answers rather than in what is on the wire. */
export class RawClient {
  readonly socket: Socket
  readonly #connection: Connection

  constructor(port: number) {
    this.#connection = begin(port)
    this.socket = this.#connection.socket
  }

  send(...lines: string[]): void {
    this.#connection.send(toRequest(lines))
  }

  get(path: string, ...fields: string[]): void {
    this.send(`GET ${path} HTTP/1.1`, ...fields)
  }

  /** The next bytes, as many as asked for, or fewer when the connection ended. */
  take(length: number): Promise<Buffer> {
    return this.#connection.take(length)
  }

  /** The next response's head. */
  async head(): Promise<RawHead> {
    return byName(await this.#connection.readHead())
  }

  /** The next response whole. */
  async response({ hasBody = true } = {}): Promise<RawResponse> {
    const reply = await this.#connection.read(hasBody ? 'GET' : 'HEAD')
    return { ...byName(reply), body: reply.body }
  }

  /** Everything until the connection ends. */
  rest(): Promise<Buffer> {
    return this.take(Infinity)
  }
}

function byName({ status, fields }: Head): RawHead {
  const entries = fields.map(([name, value]) => [name.toLowerCase(), value])
  return { status, headers: Object.fromEntries(entries) }
}
