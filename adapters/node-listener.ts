import { pipeline } from 'node:stream/promises'
import { type Answer, UNAVAILABLE } from '../src/answer.ts'
import { readBody } from '../src/body.ts'
import { expectLimits } from '../src/decide.ts'
import { onlyReads, prepare, type ServeOptions } from '../src/prepare.ts'
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
