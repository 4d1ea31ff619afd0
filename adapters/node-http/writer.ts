import type { Answer } from '../../src/answer.ts'
import type { Progress } from '../../src/served.ts'
import { breakOff, type Outgoing } from './messages.ts'
import { noteLeft, noteLost, noteWritten, type Session, sliceLength } from './session.ts'

/** Writes an answer with a body to a response, and counts what has left. */
export class Writer implements Progress {
  /** How many bytes of the body have left. */
  sent = 0
  readonly #outgoing: Outgoing
  readonly #answer: Answer
  readonly #body: Progress
  /** That of HTTP/2; a stream that was reset no longer knows it. */
  readonly #session: Session | undefined
  #isGone = false
  #stopWaiting: () => void = () => {}

  /** @param body what was read of it, which may be more than has left */
  constructor(outgoing: Outgoing, answer: Answer, body: Progress) {
    this.#outgoing = outgoing
    this.#answer = answer
    this.#body = body
    this.#session = outgoing.stream?.session
  }

  get length(): number {
    return this.#body.length
  }

  get closed(): Promise<unknown> | undefined {
    return this.#body.closed
  }

  /** Writes the head; false if the host has answered instead. */
  begin(): boolean {
    if (this.#outgoing.headersSent) return false
    writeHead(this.#outgoing, this.#answer)
    return true
  }

  /** Writes a chunk; true once it has left, and nothing reads its memory any more. */
  write(chunk: Uint8Array, isLast: boolean): Promise<boolean> {
    return this.#session === undefined
      ? this.#writeAtOnce(chunk, isLast)
      : this.#writeInSlices(this.#session, chunk, isLast)
  }

  async #writeInSlices(session: Session, chunk: Uint8Array, isLast: boolean): Promise<boolean> {
    for (let at = 0; at < chunk.length; ) {
      const slice = chunk.subarray(at, at + sliceLength(session))
      at += slice.length
      noteWritten(session, slice.length)
      const hasLeft = await this.#writeAtOnce(slice, isLast && at === chunk.length)
      if (!hasLeft) {
        noteLost(session)
        return false
      }
      noteLeft(session, slice.length)
    }
    return true
  }

  #writeAtOnce(chunk: Uint8Array, isLast: boolean): Promise<boolean> {
    if (this.#isGone) return Promise.resolve(false)
    return new Promise((resolve) => {
      const settle = (error?: Error | null) => {
        if (!error) this.sent += chunk.length
        resolve(!error)
      }
      this.#stopWaiting = () => resolve(false)
      if (isLast) this.#outgoing.end(chunk, settle)
      else this.#outgoing.write(chunk, settle)
    })
  }

  /** What a read gives; null if the client is gone first, for the read may never end. */
  whileWanted<T>(read: Promise<T>): Promise<T | null> {
    if (this.#isGone) return Promise.resolve(null)
    return new Promise((resolve, reject) => {
      this.#stopWaiting = () => resolve(null)
      read.then(resolve, reject)
    })
  }

  /** Waits no longer, neither for a read nor for a chunk to leave: the client is gone. */
  giveUp(): void {
    this.#isGone = true
    this.#stopWaiting()
  }
}

/**
 * Writes an answer without a body, unless the host timed out and has answered instead.
 *
 * @returns what went wrong, if Node refuses such a head; the response is then broken off
 */
export function writeEmpty(outgoing: Outgoing, answered: Answer): unknown {
  if (outgoing.headersSent) return undefined
  try {
    writeHead(outgoing, answered)
    outgoing.end()
    return undefined
  } catch (error) {
    breakOff(outgoing)
    return error
  }
}

function writeHead(outgoing: Outgoing, { status, headers }: Answer): void {
  const fields: Record<string, string | string[]> = { ...headers }
  // The fields that a middleware has set, as CORS does, still depend on what its Vary says.
  const others = headers.vary && outgoing.getHeader('vary')
  if (others) fields.vary = [others, headers.vary].flat().join(', ')
  // Nor does the cookie of a file take that of a session away.
  const cookies = headers['set-cookie'] && outgoing.getHeader('set-cookie')
  if (cookies) fields['set-cookie'] = [cookies, headers['set-cookie']].flat().map(String)
  outgoing.writeHead(status, fields)
}
