import { pipeline } from 'node:stream/promises'
import { type Answer, UNAVAILABLE } from '../src/answer.ts'
import { expectOptions, forGetAndHead, prepare, type ServeOptions } from '../src/prepare.ts'
import { readBody } from '../src/reader.ts'
import { watch } from '../src/served.ts'
import type { FileLookup, FileSource } from '../src/source.ts'
import { forgetBuffer, releaseBuffer, takeBuffer } from './buffers.ts'
import {
  breakOff,
  type Incoming,
  isWrapped,
  type Outgoing,
  toRequest,
  turnOf,
} from './node-http.ts'

/** What a middleware leaves to the next handler: other methods, and files that do not exist. */
const PASSED_ON = [204, 404, 405]

/**
 * A listener for `node:http`, `node:https` and `node:http2` that answers as `fileHandler` does,
 * without a Fetch layer: bytes are read into buffers, which are used again once the bytes have
 * left. As middleware of Express or Connect, it calls `next` if there is no file, and for any
 * method but GET and HEAD. If another middleware has replaced the response's `write` or `end`, as
 * compression does, the body is piped, and no buffer is used again.
 *
 * The promise that it returns is fulfilled when the response is over or passed on, and rejects only
 * with what `next` throws. It stays pending for a pipelined request whose connection breaks before
 * its turn.
 *
 * @throws RangeError or TypeError at once if an option is invalid or `lookup` is not a function
 *
 * @example
 * createServer(nodeListener(nodeDirectory('media'))).listen(8080)
 * app.use('/media', nodeListener(nodeDirectory('media'))) // Express
 */
export function nodeListener(
  lookup: FileLookup,
  options: ServeOptions = {},
): (incoming: Incoming, outgoing: Outgoing, next?: () => void) => Promise<void> {
  expectOptions(options)
  const lookUp = forGetAndHead(lookup)
  return async (incoming, outgoing, next) => {
    if (outgoing.socket === null) await turnOf(outgoing)
    const request = toRequest(incoming)
    const conclude = watch(options).bind(null, request)
    const prepared = await prepare(request, lookUp, options)
    if (next !== undefined && PASSED_ON.includes(prepared.status)) return next()
    if (prepared.source !== null) {
      return writeBody(prepared, prepared.source, incoming, outgoing, conclude)
    }
    const failure = writeEmpty(outgoing, prepared)
    conclude(prepared, 0, prepared.error ?? failure)
  }
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

  /** Sends a chunk through a buffer that is reused once it has left; false if nobody wants it. */
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

  /** Makes sure that the head is sent; false if the host has answered instead. */
  function begin(): boolean {
    if (!hasBegun && !outgoing.headersSent) {
      writeHead(outgoing, answered)
      hasBegun = true
    }
    return hasBegun
  }

  /** Sends a chunk; true once it has left, and nothing reads its buffer any more. */
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

  /** Sends everything through a response that does not tell when a chunk has left. */
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
  // Node closes an HTTP/2 stream that was reset without an error only once its request was read.
  if (outgoing.stream) incoming.resume()
  if (incoming.aborted || outgoing.destroyed) hangUp()
  try {
    if (isWrapped(outgoing)) {
      await pipe(outgoing)
    } else {
      // A multipart body begins with bytes that are not from the source: its first read would only
      // come after the head.
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
 * Writes an answer without a body, unless the host timed out and has answered instead.
 *
 * @returns what went wrong, if Node refuses such a head; the response is then broken off
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
  const fields = { ...headers }
  // The fields that a middleware has set, as CORS does, still depend on what its Vary says.
  const others = fields.vary && outgoing.getHeader('vary')
  if (others) fields.vary = [others, fields.vary].flat().join(', ')
  outgoing.writeHead(status, fields)
}
