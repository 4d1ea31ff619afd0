import { pipeline } from 'node:stream/promises'
import { type Answer, UNAVAILABLE } from '../../src/answer.ts'
import { expectOptions, forGetAndHead, prepare, type ServeOptions } from '../../src/prepare.ts'
import { type BodyReader, readBody } from '../../src/reader.ts'
import { watch } from '../../src/served.ts'
import type { FileLookup, FileSource } from '../../src/source.ts'
import { forgetBuffer, releaseBuffer, takeBuffer } from '../local/buffers.ts'
import {
  breakOff,
  type Incoming,
  isWrapped,
  type Outgoing,
  toRequest,
  waitForTurn,
} from './messages.ts'
import { Writer, writeEmpty } from './writer.ts'

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
    if (outgoing.socket === null && !outgoing.headersSent) await waitForTurn(outgoing)
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
  const writer = new Writer(outgoing, answered)
  const hangUp = () => {
    writer.giveUp()
    void reader.close().then((error) => conclude(answered, writer.sent, error))
  }
  outgoing.once('close', hangUp)
  // Node closes an HTTP/2 stream that was reset without an error only once its request was read.
  if (outgoing.stream) incoming.resume()
  if (incoming.aborted || outgoing.destroyed) hangUp()
  try {
    const isPiped = isWrapped(outgoing)
    // Otherwise the first read would only come after the head: a multipart body begins with bytes
    // that are not from the source.
    if (isPiped || answered.pieces.length > 1) await reader.readAhead()
    if (!isPiped) await writeAll(reader, writer)
    else if (writer.begin()) await pipeline(chunksOf(reader, writer), outgoing)
    conclude(answered, writer.sent, await reader.close())
  } catch (thrown) {
    await reader.close()
    if (writer.hasBegun) breakOff(outgoing)
    else writeEmpty(outgoing, UNAVAILABLE)
    conclude(writer.hasBegun ? answered : UNAVAILABLE, writer.sent, thrown)
  }
}

/** Writes a body through buffers that are used again once they have left, while it is wanted. */
async function writeAll(reader: BodyReader, writer: Writer): Promise<void> {
  let hasLeft = true
  while (hasLeft && reader.sent < reader.length) {
    hasLeft = false
    const buffer = takeBuffer(reader.length - reader.sent)
    try {
      const chunk = await writer.whileWanted(reader.next(buffer))
      if (chunk === null || !writer.begin()) return
      hasLeft = await writer.write(chunk, reader.sent === reader.length)
    } finally {
      if (hasLeft) releaseBuffer(buffer)
      else forgetBuffer(buffer)
    }
  }
}

/** The chunks of a body, for a response that does not tell when one has left. */
async function* chunksOf(reader: BodyReader, writer: Writer): AsyncGenerator<Uint8Array> {
  for (let chunk = await reader.next(); chunk !== null; chunk = await reader.next()) {
    yield chunk
    writer.sent += chunk.length
  }
}
