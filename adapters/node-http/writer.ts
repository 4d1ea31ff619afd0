import type { Answer } from '../../src/answer.ts'
import { breakOff, type Outgoing } from './messages.ts'

/** Writes an answer with a body to a response, and counts what has left. */
export class Writer {
  /** Whether the head was written. */
  hasBegun = false
  /** How many bytes of the body have left. */
  sent = 0
  readonly #outgoing: Outgoing
  readonly #answered: Answer
  #stopWaiting: () => void = () => {}

  constructor(outgoing: Outgoing, answered: Answer) {
    this.#outgoing = outgoing
    this.#answered = answered
  }

  /** Makes sure that the head is written; false if the host has answered instead. */
  begin(): boolean {
    if (!this.hasBegun && !this.#outgoing.headersSent) {
      writeHead(this.#outgoing, this.#answered)
      this.hasBegun = true
    }
    return this.hasBegun
  }

  /** Writes a chunk; true once it has left, and nothing reads its memory any more. */
  write(chunk: Uint8Array, isLast: boolean): Promise<boolean> {
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
  whileWanted(read: Promise<Uint8Array | null>): Promise<Uint8Array | null> {
    return new Promise((resolve, reject) => {
      this.#stopWaiting = () => resolve(null)
      read.then(resolve, reject)
    })
  }

  /** Waits no longer, neither for a read nor for a chunk to leave: the client is gone. */
  giveUp(): void {
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
  const fields = { ...headers }
  // The fields that a middleware has set, as CORS does, still depend on what its Vary says.
  const others = fields.vary && outgoing.getHeader('vary')
  if (others) fields.vary = [others, fields.vary].flat().join(', ')
  outgoing.writeHead(status, fields)
}
