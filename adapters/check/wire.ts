import { within } from '../store/within.ts'
import { UnansweredError } from './unanswered.ts'

/** No line of a head is longer, in bytes. */
const MAX_LINE = 64 * 1024

const EMPTY = Buffer.alloc(0)
const LF = 0x0a

/** How long is waited on a connection, in ms. */
export interface Patience {
  /** For the next bytes. */
  readonly silence: number
  /** For everything, from the beginning. */
  readonly total: number
}

/** What comes over a connection, read only as asked for: when reading stops, the sender stops. */
export class Wire {
  /** How many bytes were read so far. */
  received = 0
  readonly #chunks: AsyncIterator<Buffer>
  readonly #patience: Patience
  readonly #begun = performance.now()
  #unread: Buffer = EMPTY

  constructor(chunks: AsyncIterable<Buffer>, patience: Patience) {
    this.#chunks = chunks[Symbol.asyncIterator]()
    this.#patience = patience
  }

  /** What was received and not read: without waiting. */
  get unread(): Buffer {
    return this.#unread
  }

  /** The next bytes, at least one and at most `max`; null at the end. */
  async read(max: number): Promise<Buffer | null> {
    if (this.#unread.length === 0) {
      const chunk = await this.#receive()
      if (chunk === null) return null
      this.#unread = chunk
    }
    const bytes = this.#unread.subarray(0, max)
    this.#unread = this.#unread.subarray(bytes.length)
    return bytes
  }

  /** The next line, as Latin-1, without its end; null at the end of the connection. */
  async readLine(): Promise<string | null> {
    for (;;) {
      const end = this.#unread.indexOf(LF)
      if (end !== -1) {
        const line = this.#unread.toString('latin1', 0, end)
        this.#unread = this.#unread.subarray(end + 1)
        return line.replace(/\r$/, '')
      }
      if (this.#unread.length > MAX_LINE) {
        throw new UnansweredError('protocol', 'a line of its answer is longer than 64 KiB')
      }
      const chunk = await this.#receive()
      if (chunk === null) return null
      this.#unread = Buffer.concat([this.#unread, chunk])
    }
  }

  /** Waits until there is something to read, and leaves it; false at the end. */
  async peek(): Promise<boolean> {
    const first = await this.read(Infinity)
    if (first === null) return false
    this.#unread = first
    return true
  }

  /** Waits for more to read, but no longer than `ms`, and not for a connection that breaks. */
  async peekWithin(ms: number): Promise<void> {
    await within(ms, this.peek(), () => {}).catch(() => {})
  }

  async #receive(): Promise<Buffer | null> {
    const { silence, total } = this.#patience
    const left = Math.max(0, this.#begun + total - performance.now())
    const next = this.#chunks.next()
    // Some are never silent, and never done.
    const { value, done } =
      left < silence
        ? await answerWithin(left, next, `no end of its answer within ${seconds(total)} s`)
        : await answerWithin(silence, next)
    if (done) return null
    this.received += value.length
    return value
  }
}

/**
 * What is promised, if it comes in time.
 *
 * @param ms how long is waited
 * @throws UnansweredError, as a rejection, with the message, when it does not
 */
export async function answerWithin<T extends object | boolean>(
  ms: number,
  promised: Promise<T>,
  message = `no answer within ${seconds(ms)} s`,
): Promise<T> {
  const came = await within(ms, promised, () => {})
  if (came === null) throw new UnansweredError('timeout', message)
  return came
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10
}
