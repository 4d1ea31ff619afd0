import { connect, type Socket } from 'node:net'

export interface RawResponse {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: Buffer
}

/** A client that shows what is on the wire, and reads no more than it is told to. */
export class RawClient {
  readonly socket: Socket
  #received: Buffer[] = []
  #length = 0
  #isEnded = false
  #wake = () => {}

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.pause()
    this.socket.on('data', (chunk) => {
      this.#received.push(chunk)
      this.#length += chunk.length
      // Nothing is read ahead of what is asked for, as a player that has enough does.
      this.socket.pause()
      this.#wake()
    })
    const end = () => {
      this.#isEnded = true
      this.#wake()
    }
    this.socket.on('end', end).on('close', end).on('error', end)
  }

  send(...lines: string[]): void {
    this.socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  }

  get(path: string, ...fields: string[]): void {
    this.send(`GET ${path} HTTP/1.1`, 'Host: localhost', ...fields)
  }

  /** The next bytes, as many as asked for, or fewer when the connection ended. */
  async take(length: number): Promise<Buffer> {
    while (this.#length < length && !this.#isEnded) await this.#more()
    const all = Buffer.concat(this.#received)
    const rest = all.subarray(length)
    this.#received = [rest]
    this.#length = rest.length
    return all.subarray(0, length)
  }

  /** The next response's head. */
  async head(): Promise<Omit<RawResponse, 'body'>> {
    for (;;) {
      const all = Buffer.concat(this.#received)
      this.#received = [all]
      const end = all.indexOf('\r\n\r\n')
      if (end >= 0) {
        const [statusLine = '', ...lines] = (await this.take(end + 4))
          .toString('latin1')
          .split('\r\n')
        const fields = lines
          .filter((line) => line !== '')
          .map((line) => {
            const colon = line.indexOf(': ')
            return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)]
          })
        return { status: Number(statusLine.split(' ')[1]), headers: Object.fromEntries(fields) }
      }
      if (this.#isEnded) throw new Error(`Expected a response, got ${JSON.stringify(String(all))}`)
      await this.#more()
    }
  }

  /** The next response whole, by its Content-Length. */
  async response({ hasBody = true } = {}): Promise<RawResponse> {
    const head = await this.head()
    const length = hasBody ? Number(head.headers['content-length'] ?? 0) : 0
    return { ...head, body: await this.take(length) }
  }

  /** Everything until the connection ends. */
  async rest(): Promise<Buffer> {
    return this.take(Infinity)
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
      this.socket.resume()
    })
  }
}
