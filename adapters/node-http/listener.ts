import { pipeline } from 'node:stream/promises'
import type { Answer } from '../../src/answer.ts'
import type { FileLookup } from '../../src/lookup.ts'
import type { BodyReader } from '../../src/reader.ts'
import { type Begin, respondTo, type ServeOptions } from '../../src/respond.ts'
import { ResponseWatch, type Watch } from '../../src/served.ts'
import type { RequestLike } from '../../src/source.ts'
import { memory } from '../local/shared.ts'
import {
  breakOff,
  type Incoming,
  isWrapped,
  type Outgoing,
  onceOver,
  waitForTurn,
} from './messages.ts'
import { NodeRequest } from './request.ts'
import { Writer, writeEmpty } from './writer.ts'

/** Writes what is left of a body; never rejects. */
type Finish = () => Promise<void>

const FINISHED: Finish = async () => {}

/**
 * A listener for `node:http`, `node:https` and `node:http2` that answers as `fileHandler` does,
 * without a Fetch layer: bytes are read into buffers, which are used again once the bytes have
 * left. As middleware of Express or Connect, it calls `next` if there is no file, and for any
 * method but GET and HEAD. If another middleware has replaced the response's `write` or `end`, as
 * compression does, the body is piped, and no buffer is used again.
 *
 * The lookup and the observers also get `incoming` and `outgoing`.
 *
 * The promise that it returns is fulfilled when the response is over or passed on, and rejects only
 * with what `next` throws. It stays pending for a pipelined request whose connection breaks before
 * its turn.
 *
 * @throws RangeError or TypeError at once if an option is invalid or `lookup` is not a function
 *
 * @example
 * ```ts
 * createServer(nodeListener(nodeDirectory('media'))).listen(8080)
 * express().use('/media', nodeListener(nodeDirectory('media')))
 * ```
 */
export function nodeListener<I extends Incoming = Incoming, O extends Outgoing = Outgoing>(
  lookup: FileLookup<readonly [incoming: I, outgoing: O]>,
  options: ServeOptions<readonly [incoming: I, outgoing: O]> = {},
): (incoming: I, outgoing: O, next?: () => void) => Promise<void> {
  const responder = respondTo<readonly [incoming: I, outgoing: O]>(lookup, options)
  return async (incoming, outgoing, next) => {
    if (outgoing.socket === null && !outgoing.headersSent) await waitForTurn(outgoing)
    const request = new NodeRequest(incoming, outgoing)
    const context = [incoming, outgoing] as const
    const watch = new ResponseWatch<readonly [I, O]>(options, () => context)
    const begin: Begin<Finish> = (answer, body, error) => {
      const { reader } = body
      if (reader.length > 0) {
        return beginBody({ request, answer, incoming, outgoing, watch, reader })
      }
      watch.begin(request, answer, reader)
      const failure = writeEmpty(outgoing, answer)
      watch.end(request, answer, reader, error ?? failure)
      return FINISHED
    }
    const exchange = { request, context, begin }
    const finish = await (next ? responder.match(exchange) : responder.answer(exchange))
    return finish ? finish() : next?.()
  }
}

/** An answer with a body, on its way to a client. */
interface Transfer {
  readonly request: RequestLike
  readonly answer: Answer
  readonly incoming: Incoming
  readonly outgoing: Outgoing
  readonly watch: Watch
  readonly reader: BodyReader
}

/** Makes the first read, and then writes the head. */
async function beginBody(transfer: Transfer): Promise<Finish> {
  const { request, answer, incoming, outgoing, watch, reader } = transfer
  const writer = new Writer(outgoing, answer, reader)
  const hangUp = () => {
    writer.giveUp()
    reader.close()
    watch.end(request, answer, writer)
  }
  onceOver(incoming, outgoing, hangUp)
  const isPiped = isWrapped(outgoing) || reader.length === Infinity
  // A multipart body begins with bytes that are not from the source: what was read stays at hand.
  const buffer = isPiped || answer.pieces.length > 1 ? null : memory.takeBuffer(reader.length)
  let first: Uint8Array | null = null
  let isWanted = false
  try {
    if (buffer === null) isWanted = (await writer.whileWanted(reader.readAhead())) !== null
    else {
      first = await writer.whileWanted(reader.next(buffer))
      isWanted = first !== null
    }
    isWanted &&= writer.begin()
  } finally {
    if (buffer !== null && !isWanted) memory.forgetBuffer(buffer)
  }
  if (!isWanted) {
    hangUp()
    return FINISHED
  }
  watch.begin(request, answer, writer)
  const fail = (thrown: unknown) => {
    reader.close()
    breakOff(outgoing)
    watch.end(request, answer, writer, thrown)
  }
  return async () => {
    try {
      if (!isPiped) await writeAll(reader, writer, buffer, first)
      else
        await pipeline(chunksOf(reader, writer, fail), outgoing as Outgoing & NodeJS.WritableStream)
      watch.end(request, answer, writer)
    } catch (thrown) {
      fail(thrown)
    }
  }
}

/**
 * Writes a body through buffers that are used again once they have left, while it is wanted.
 *
 * @param given the chunk that was read already, and the buffer it is in; null if there is none
 */
async function writeAll(
  reader: BodyReader,
  writer: Writer,
  givenBuffer: Uint8Array | null,
  given: Uint8Array | null,
): Promise<void> {
  let buffer = givenBuffer
  let chunk = given
  let hasLeft = true
  while (hasLeft && (chunk !== null || reader.sent < reader.length)) {
    hasLeft = false
    buffer ??= memory.takeBuffer(reader.length - reader.sent)
    try {
      chunk ??= await writer.whileWanted(reader.next(buffer))
      if (chunk === null) return
      hasLeft = await writer.write(chunk, reader.sent === reader.length)
    } finally {
      if (hasLeft) memory.releaseBuffer(buffer)
      else memory.forgetBuffer(buffer)
      buffer = null
      chunk = null
    }
  }
}

/**
 * The chunks of a body, for a response that does not tell when one has left.
 *
 * @param fail told of a failure before `pipeline` is, which closes the response as a hang-up would
 */
async function* chunksOf(
  reader: BodyReader,
  writer: Writer,
  fail: (thrown: unknown) => void,
): AsyncGenerator<Uint8Array> {
  const next = () =>
    reader.next().catch((thrown: unknown) => {
      fail(thrown)
      throw thrown
    })
  for (let chunk = await next(); chunk !== null; chunk = await next()) {
    yield chunk
    writer.sent += chunk.length
  }
}
