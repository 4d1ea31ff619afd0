import type { Answer } from '../../src/answer.ts'
import type { BodyReader } from '../../src/reader.ts'
import type { Progress } from '../../src/served.ts'
import { isForAnswer, restriction } from '../site/lifetime.ts'
import { asWritten, breakOff, type NodeFields, type Outgoing } from './messages.ts'
import { SessionMemory } from './session.ts'

/** Writes an answer with a body to a response, and counts what has left. */
export class Writer implements Progress {
  /** How many bytes of the body have left. */
  sent = 0
  readonly #outgoing: Outgoing
  readonly #answer: Answer
  readonly #body: Progress
  /** Of HTTP/2; a stream that was reset no longer knows its session. */
  readonly #session: SessionMemory | null
  #isGone = false
  #stopWaiting: () => void = () => {}

  /** @param body what was read of it, which may be more than has left */
  constructor(outgoing: Outgoing, answer: Answer, body: Progress) {
    this.#outgoing = outgoing
    this.#answer = answer
    this.#body = body
    const session = outgoing.stream?.session
    this.#session = session ? SessionMemory.of(session) : null
  }

  get length(): number {
    return this.#body.length
  }

  get closed(): Promise<unknown> | undefined {
    return this.#body.closed
  }

  /** Writes the head; false if the host has answered instead. */
  writeHead(): boolean {
    if (this.#outgoing.headersSent) return false
    sendHead(this.#outgoing, this.#answer)
    return true
  }

  /** Writes a chunk; true once it has left, and nothing reads its memory any more. */
  write(chunk: Uint8Array, isLast: boolean): Promise<boolean> {
    return this.#session === null
      ? this.#writeAtOnce(chunk, isLast)
      : this.#writeInSlices(this.#session, chunk, isLast)
  }

  /**
   * The chunks of a body, for a response that does not tell when one has left: it has taken a chunk
   * once it asks for the next.
   */
  async *chunksOf(reader: BodyReader): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = await this.whileWanted(reader.next(undefined, this.#session?.sliceLength()))
      if (chunk === null) return
      this.#session?.hold(chunk.length)
      let hasLeft = false
      try {
        yield chunk
        hasLeft = true
      } finally {
        if (hasLeft) this.#session?.release(chunk.length)
        else this.#session?.replaceIfWorn()
      }
      this.sent += chunk.length
    }
  }

  /** At least one: an empty chunk may end a response. */
  async #writeInSlices(
    session: SessionMemory,
    chunk: Uint8Array,
    isLast: boolean,
  ): Promise<boolean> {
    let at = 0
    do {
      if (this.#isGone) return false
      const slice = chunk.subarray(at, at + session.sliceLength())
      at += slice.length
      session.hold(slice.length)
      const hasLeft = await this.#writeAtOnce(slice, isLast && at === chunk.length)
      if (!hasLeft) {
        session.replaceIfWorn()
        return false
      }
      session.release(slice.length)
    } while (at < chunk.length)
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

  /** The result of a read; null if the client goes first, since a read may never end. */
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
    sendHead(outgoing, answered)
    outgoing.end()
    return undefined
  } catch (error) {
    breakOff(outgoing, true)
    return error
  }
}

function sendHead(outgoing: Outgoing, { status, headers }: Answer): void {
  const fields: NodeFields = { ...headers }
  // The fields that a middleware has set, as CORS does, still depend on what its Vary says.
  const others = headers.vary && outgoing.getHeader('vary')
  if (others) fields.vary = [others, headers.vary].flat().join(', ')
  const before = outgoing.getHeader('cache-control')
  const own = headers['cache-control']
  const restricted = restriction(own, before ? String(before) : undefined)
  if (restricted) fields['cache-control'] = restricted
  for (const name of outgoing.getHeaderNames?.() ?? []) {
    const value = String(outgoing.getHeader(name))
    if (!isForAnswer(status, name, value, own)) outgoing.removeHeader?.(name)
  }
  // Set-Cookie is added to that of a middleware, not put in its place.
  const cookies = headers['set-cookie'] && outgoing.getHeader('set-cookie')
  if (cookies) fields['set-cookie'] = [cookies, headers['set-cookie']].flat().map(String)
  outgoing.writeHead(status, outgoing.stream ? fields : asWritten(fields))
}
