import { pipeline } from 'node:stream/promises'
import { type Answer, UNAVAILABLE } from '../src/answer.ts'
import { readBody } from '../src/body.ts'
import { expectLimits } from '../src/decide.ts'
import { onlyReads, prepare, type ServeOptions } from '../src/prepare.ts'
import { watch } from '../src/served.ts'
import type { FileLookup, FileSource, RequestLike } from '../src/source.ts'
import { forgetBuffer, releaseBuffer, takeBuffer } from './buffers.ts'

/** What the requests of `node:http` and `node:http2` have in common, as Node documents it. */
export interface Incoming {
  /** In upper case. */
  readonly method?: string | undefined
  /** The request target: a path and query, or in a request to a proxy a whole URL. */
  readonly url?: string | undefined
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[]
  /** Whether the client hung up before the request was read. */
  readonly aborted: boolean
}

/** What their responses have in common, and the stream that only one of HTTP/2 has. */
export interface Outgoing {
  /** Whether somebody began to answer. */
  readonly headersSent: boolean
  /** Null for a response of HTTP/1.1 that waits behind another of its connection. */
  readonly socket?: object | null | undefined
  /** Whether the connection is gone. */
  readonly destroyed?: boolean
  /** HTTP/2: the stream, which can be reset alone. */
  readonly stream?: { close(code: number): void }
  /** Sends the head. */
  writeHead(status: number, headers: Record<string, string>): unknown
  /** Sends a chunk; `callback` is told when it left, or why it did not. */
  write(chunk: Uint8Array, callback: (error?: Error | null) => void): unknown
  /** Ends the response. */
  end(): unknown
  /** Ends the response with a last chunk. */
  end(chunk: Uint8Array, callback: (error?: Error | null) => void): unknown
  /** `close`: the response is over, or its client gone. `socket`: its turn has come. */
  once(event: 'close' | 'socket', listener: () => void): unknown
  /** Breaks the connection. */
  destroy(): unknown
}

/** INTERNAL_ERROR (RFC 9113 §7). */
const HTTP2_INTERNAL_ERROR = 2

/** What a middleware leaves to the next one: other methods, and files that are not there. */
const PASSED_ON = [204, 404, 405]

/**
 * A listener for `node:http`, `node:https` and `node:http2` that answers as `fileHandler` does, with
 * no Fetch layer between: bytes are read into buffers that are used again once they left. As
 * middleware of Express or Connect, it leaves what it has no file for to the next one; behind one
 * that writes in the response's place, as those do that compress, it reads as a stream instead.
 *
 * What it returns is fulfilled when the response is over, or left to the next middleware; it rejects
 * only with what `next` throws. For a request that waits behind another when their connection breaks,
 * it stays pending.
 *
 * @throws RangeError or TypeError at once when an option makes no sense, or `lookup` is no function
 *
 * @example
 * createServer(nodeListener(nodeDirectory('media'))).listen(8080)
 * app.use('/media', nodeListener(nodeDirectory('media'))) // Express
 */
export function nodeListener(
  lookup: FileLookup,
  options: ServeOptions = {},
): (incoming: Incoming, outgoing: Outgoing, next?: () => void) => Promise<void> {
  expectLimits(options)
  const reads = onlyReads(lookup)
  return async (incoming, outgoing, next) => {
    if (outgoing.socket === null) await turnOf(outgoing)
    const request = toRequest(incoming)
    const conclude = watch(options).bind(null, request)
    const prepared = await prepare(request, reads, options)
    if (next !== undefined && PASSED_ON.includes(prepared.status)) return next()
    if (prepared.source !== null) {
      return writeBody(prepared, prepared.source, incoming, outgoing, conclude)
    }
    const failure = writeEmpty(outgoing, prepared)
    conclude(prepared, 0, prepared.error ?? failure)
  }
}

/**
 * A client may send thousands of requests at once and read nothing. Those that wait behind another
 * of their connection are given no file and no buffer; when it breaks, nothing is left to do.
 */
function turnOf(outgoing: Outgoing): Promise<void> {
  return new Promise((resolve) => outgoing.once('socket', resolve))
}

async function writeBody(
  answered: Answer,
  source: FileSource,
  incoming: Incoming,
  outgoing: Outgoing,
  conclude: (answered: Answer, sent: number, error?: unknown) => void,
): Promise<void> {
  const reader = readBody(source, answered.pieces)
  let hasBegun = false
  let sent = 0
  let stopWaiting = () => {}

  function hangUp(): void {
    stopWaiting()
    void reader.close().then((error) => conclude(answered, sent, error))
  }

  /** Sends a chunk through a buffer that is used again once it left; false when nobody wants it. */
  async function sendNext(): Promise<boolean> {
    const buffer = takeBuffer(reader.length - reader.sent)
    let hasLeft = false
    try {
      const chunk = await reader.next(buffer)
      if (chunk !== null && begin()) hasLeft = await flush(chunk)
      return hasLeft
    } finally {
      if (hasLeft) releaseBuffer(buffer)
      else forgetBuffer(buffer)
    }
  }

  /** Sees that the head is sent; false when the host answered meanwhile. */
  function begin(): boolean {
    if (!hasBegun && !outgoing.headersSent) {
      writeHead(outgoing, answered)
      hasBegun = true
    }
    return hasBegun
  }

  /** Whether the chunk left, so that nothing reads its buffer any more. */
  function flush(chunk: Uint8Array): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (error?: Error | null) => {
        if (!error) sent += chunk.length
        resolve(!error)
      }
      stopWaiting = () => resolve(false)
      if (reader.sent === reader.length) outgoing.end(chunk, settle)
      else outgoing.write(chunk, settle)
    })
  }

  /** Sends all at the pace of a response that does not tell when a chunk left. */
  async function pipe(wrapped: NodeJS.WritableStream): Promise<void> {
    await reader.readAhead()
    if (begin()) await pipeline(chunks, wrapped)
  }

  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let chunk = await reader.next(); chunk !== null; chunk = await reader.next()) {
      yield chunk
      sent += chunk.length
    }
  }

  outgoing.once('close', hangUp)
  if (incoming.aborted || outgoing.destroyed) hangUp()
  try {
    if (isWrapped(outgoing)) {
      await pipe(outgoing)
    } else {
      // What comes first of a multipart body is not from the source.
      if (answered.pieces.length > 1) await reader.readAhead()
      let isWanted = true
      while (isWanted && reader.sent < reader.length) isWanted = await sendNext()
    }
    conclude(answered, sent, await reader.close())
  } catch (thrown) {
    await reader.close()
    if (hasBegun) {
      breakOff(outgoing)
      conclude(answered, sent, thrown)
    } else {
      writeEmpty(outgoing, UNAVAILABLE)
      conclude(UNAVAILABLE, 0, thrown)
    }
  }
}

/**
 * Whether a middleware writes in the response's place, as those do that compress. None of them
 * tells when a chunk left.
 */
function isWrapped(outgoing: Outgoing): outgoing is Outgoing & NodeJS.WritableStream {
  return Object.hasOwn(outgoing, 'write') || Object.hasOwn(outgoing, 'end')
}

/**
 * Writes an answer without a body, unless the host answered by itself, tired of waiting.
 *
 * @returns what went wrong, where Node takes no such head: the response is broken off then
 */
function writeEmpty(outgoing: Outgoing, answered: Answer): unknown {
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
  outgoing.writeHead(status, { ...headers })
}

/** Ends a response so that its client can't take it for whole. */
function breakOff(outgoing: Outgoing): void {
  if (outgoing.stream) outgoing.stream.close(HTTP2_INTERNAL_ERROR)
  else outgoing.destroy()
}

function toRequest({ method = '', url = '', headers, rawHeaders }: Incoming): RequestLike {
  return {
    method,
    url,
    headers: {
      get(field) {
        const name = field.toLowerCase()
        if (!Object.hasOwn(headers, name)) return null
        // HTTP/2 splits cookies, which are no list: Node joins them by "; " (RFC 9113 §8.2.3).
        if (name === 'cookie') return String(headers[name])
        const values = valuesOf(name, rawHeaders)
        return values.length > 1 ? values.join(', ') : String(headers[name])
      },
    },
  }
}

/** Of some fields that come more than once, Node gives the first alone, and of more in HTTP/2. */
function valuesOf(name: string, rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name)
}
