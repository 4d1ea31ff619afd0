import type { Ask } from './exchange.ts'
import { type Head, lengthOf, readFields } from './head.ts'
import type { Wire } from './wire.ts'

/** How long a connection may stay open after the answer, in ms: what comes then is too much. */
const LINGER = 250

/** How the end of a body is told (RFC 9112 §6.3). */
export type Framing = 'length' | 'chunked' | 'close' | 'none'

export function framingOf({ method }: Ask, { status, fields }: Head): Framing {
  if (method === 'HEAD' || status === 204 || status === 304) return 'none'
  if (fields.has('transfer-encoding')) return 'chunked'
  return lengthOf(fields) === null ? 'close' : 'length'
}

/** The body so far, up to the most that is wanted. */
export class Body {
  readonly #chunks: Buffer[] = []
  #left: number

  constructor(max: number) {
    this.#left = max
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

/** Reads a body, up to what is wanted; how it ended. */
export async function readBody(
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

/** How many bytes come after the end of an answer. */
export async function countSurplus(wire: Wire, lingers: boolean): Promise<number> {
  if (wire.unread.length > 0 || !lingers) return wire.unread.length
  // Who keeps the connection open, or breaks it, has sent nothing more.
  await wire.peekWithin(LINGER)
  return wire.unread.length
}
