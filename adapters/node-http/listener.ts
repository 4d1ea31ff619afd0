import type { Answer } from '../../src/answer.ts'
import type { FileLookup } from '../../src/lookup.ts'
import { type BodyReader, NOTHING } from '../../src/reader.ts'
import { type Begin, respondTo, type ServeOptions } from '../../src/respond.ts'
import { ResponseWatch, type Watch } from '../../src/served.ts'
import type { RequestLike } from '../../src/source.ts'
import { memory } from '../local/shared.ts'
import {
  breakOff,
  type Incoming,
  isPipelined,
  type Outgoing,
  onceOver,
  waitForTurn,
  writingOf,
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
 * method but GET and HEAD; with `cors`, it answers the preflight for a file. A `private` or
 * `no-store` of a middleware's Cache-Control stays, and no error gets another lifetime that one has
 * set for files. Where the response's `write` or `end` are not Node's own, as with compression, or its
 * connection is no socket, no buffer is used again.
 *
 * The lookup and the observers also get `incoming` and `outgoing`, of whichever types they name:
 * say `incoming: IncomingMessage` for Node's, or Express's Request.
 *
 * The promise that it returns is fulfilled when the response is over or passed on, and rejects only
 * with what `next` throws. It stays pending as long as the lookup does, and for a pipelined request
 * whose connection breaks before its turn.
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
  options?: ServeOptions<readonly [incoming: I, outgoing: O]>,
): (incoming: I, outgoing: O, next?: () => void) => Promise<void>
/** For a lookup whose types name `incoming` alone. */
export function nodeListener<I extends Incoming = Incoming, O extends Outgoing = Outgoing>(
  lookup: FileLookup<readonly [incoming: I]>,
  options?: ServeOptions<readonly [incoming: I, outgoing: O]>,
): (incoming: I, outgoing: O, next?: () => void) => Promise<void>
export function nodeListener<I extends Incoming, O extends Outgoing>(
  lookup: FileLookup<readonly [incoming: I, outgoing: O]>,
  options: ServeOptions<readonly [incoming: I, outgoing: O]> = {},
): (incoming: I, outgoing: O, next?: () => void) => Promise<void> {
  const responder = respondTo<readonly [incoming: I, outgoing: O]>(lookup, options)
  return async (incoming, outgoing, next) => {
    if (isPipelined(outgoing)) await waitForTurn(outgoing)
    const request = new NodeRequest(incoming, outgoing)
    const context = [incoming, outgoing] as const
    const watch = new ResponseWatch<readonly [I, O]>(options, () => context)
    const begin: Begin<Finish> = (answer, reader) => {
      if (reader.length > 0) {
        return startTransfer({ request, answer, incoming, outgoing, watch, reader })
      }
      watch.begin(request, answer, reader)
      watch.end(request, answer, reader, writeEmpty(outgoing, answer))
      return FINISHED
    }
    const call = { request, context, begin }
    const finish = await (next ? responder.match(call) : responder.answer(call))
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
async function startTransfer(transfer: Transfer): Promise<Finish> {
  const { request, answer, incoming, outgoing, watch, reader } = transfer
  const writer = new Writer(outgoing, answer, reader)
  const hangUp = () => {
    writer.giveUp()
    reader.close()
    watch.end(request, answer, writer)
  }
  onceOver(incoming, outgoing, hangUp)
  const reusesBuffers = writingOf(outgoing) === 'node' && reader.length < Infinity
  // A multipart body begins with bytes that are not from the source: what was read stays pending.
  const isOnePiece = answer.pieces.length === 1
  const buffer = reusesBuffers && isOnePiece ? memory.takeBuffer(reader.length) : undefined
  let isHeadWritten = false
  try {
    const isRead = (await writer.whileWanted(reader.readAhead(buffer))) !== null
    isHeadWritten = isRead && writer.writeHead()
  } finally {
    if (buffer !== undefined && !isHeadWritten) memory.forgetBuffer(buffer)
  }
  if (!isHeadWritten) {
    hangUp()
    return FINISHED
  }
  // A middleware may replace `write` when the head is written, too.
  const isWrapped = writingOf(outgoing) === 'wrapped'
  if (isWrapped && buffer !== undefined) memory.forgetBuffer(buffer)
  watch.begin(request, answer, writer)
  return async () => {
    try {
      if (isWrapped) await pipe(transfer, writer)
      else await writeAll(reader, writer, reusesBuffers, buffer)
      // A failed write may be told before the response closes: from Node 22.9 on, it is.
      reader.close()
      watch.end(request, answer, writer)
    } catch (thrown) {
      fail(transfer, writer, thrown)
    }
  }
}

/** Breaks a response off whose body can't be read to its end; only the first call counts. */
function fail(transfer: Transfer, writer: Writer, thrown: unknown): void {
  const { request, answer, outgoing, watch, reader } = transfer
  reader.close()
  breakOff(outgoing, answer.headers['content-length'] !== undefined)
  watch.end(request, answer, writer, thrown)
}

/**
 * Writes a body, chunk by chunk, while it is wanted.
 *
 * @param reusesBuffers whether it is read into buffers that are used again once they have left
 * @param first one that holds what was read already, if any does
 */
async function writeAll(
  reader: BodyReader,
  writer: Writer,
  reusesBuffers: boolean,
  first: Uint8Array | undefined,
): Promise<void> {
  let buffer = first
  let hasLeft = false
  do {
    if (reusesBuffers) buffer ??= memory.takeBuffer(reader.length - reader.sent)
    hasLeft = false
    try {
      // A body of unknown length ends with an empty chunk.
      const chunk = (await writer.whileWanted(reader.next(buffer))) ?? NOTHING
      hasLeft = await writer.write(chunk, reader.sent === reader.length)
    } finally {
      if (buffer !== undefined && hasLeft) memory.releaseBuffer(buffer)
      else if (buffer !== undefined) memory.forgetBuffer(buffer)
      buffer = undefined
    }
  } while (hasLeft && reader.sent < reader.length)
}

/** Writes a body to a response that a middleware has wrapped. */
async function pipe({ outgoing, reader }: Transfer, writer: Writer): Promise<void> {
  const stream = outgoing as Outgoing & NodeJS.WritableStream
  let wake = () => {}
  let isOver = false
  let failure: unknown
  const end = (error?: unknown) => {
    isOver = true
    failure ??= error
    wake()
  }
  stream.on('drain', () => wake()).on('error', end)
  for (const event of ['finish', 'close']) stream.on(event, () => end())
  const nextEvent = () => new Promise<void>((resolve) => (wake = resolve))
  for await (const chunk of writer.chunksOf(reader)) {
    const event = nextEvent()
    // A middleware's `write` may give nothing back at all.
    if (stream.write(chunk) === false && !isOver) await event
    if (isOver) break
  }
  stream.end()
  while (!isOver) await nextEvent()
  if (failure !== undefined) throw failure
}
