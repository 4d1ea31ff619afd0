import type { Socket } from 'node:net'
import { onAbort } from '../../src/runtime.ts'
import { Body, countSurplus, type Framing, framingOf, readBody } from './body.ts'
import { type ConnectionTerms, connectTo } from './connection.ts'
import { type Field, type Head, lengthOf, readHead } from './head.ts'
import { UnansweredError } from './unanswered.ts'
import { Wire } from './wire.ts'

/** A request, as it is written. */
export interface Ask {
  readonly method: 'GET' | 'HEAD' | 'OPTIONS'
  readonly url: URL
  readonly fields: readonly Field[]
}

export interface Terms extends ConnectionTerms {
  /** How many bytes of the body are read before the connection is cut. */
  readonly maxBytes: (head: Head) => number
  /** Whether to wait for bytes after the end of the answer. */
  readonly lingers: boolean
}

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
  /** From the request to the end of what was read of the body, in ms. */
  readonly took: number
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
  const forget = onAbort(terms.signal, () => socket.destroy())
  try {
    return await converse(socket, ask, terms)
  } catch (error) {
    terms.signal?.throwIfAborted()
    if (error instanceof UnansweredError) throw error
    const message = `the connection broke off: ${error instanceof Error ? error.message : error}`
    throw new UnansweredError('connection', message, { cause: error })
  } finally {
    forget()
    socket.destroy()
  }
}

async function converse(socket: Socket, ask: Ask, terms: Terms): Promise<Exchange> {
  const wire = new Wire(socket, terms.patience)
  socket.write(toText(ask), 'latin1')
  const begun = performance.now()
  if (!(await wire.peek())) {
    throw new UnansweredError('connection', 'it closed the connection without an answer')
  }
  const head = await readHead(wire)
  const framing = framingOf(ask, head)
  const length = lengthOf(head.fields)
  const body = new Body(terms.maxBytes(head))
  // What has come tells more than that no more came.
  const end = await readBody(wire, framing, length ?? 0, body).catch((error): Exchange['end'] => {
    terms.signal?.throwIfAborted()
    return error instanceof UnansweredError && error.obstacle === 'timeout' ? 'stalled' : 'short'
  })
  const took = performance.now() - begun
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
    took,
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
