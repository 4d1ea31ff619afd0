import { expectWholeNumber } from './errors.ts'
import { type BodyReader, readBody } from './reader.ts'

/**
 * The chunks of a reader as a stream, each read when it is pulled.
 *
 * @param conclude called once the source is closed, with what went wrong, or undefined
 * @param abandon called instead if the stream is garbage collected first. It must not refer to the
 * stream, which could then never be collected
 */
export function streamBody(
  reader: BodyReader,
  conclude?: (error: unknown) => void,
  abandon: () => void = () => void reader.close(),
): ReadableStream<Uint8Array> {
  const source: UnderlyingDefaultSource<Uint8Array> & { expectedLength: number } = {
    // workerd keeps Content-Length only for streams that declare their length.
    expectedLength: reader.length,
    async pull(controller) {
      const chunk = await reader.next().catch(fail)
      if (chunk !== null) controller.enqueue(chunk)
      if (reader.sent < reader.length) return
      controller.close()
      end()
    },
    async cancel() {
      end()
      await reader.close()
    },
  }
  const stream = new ReadableStream(source, { highWaterMark: 0 })
  dropped?.register(stream, abandon, reader)
  return stream

  function end(): void {
    dropped?.unregister(reader)
    void reader.closed.then(conclude)
  }

  function fail(error: unknown): never {
    end()
    throw error
  }
}

/**
 * A response may be dropped unread: its source is closed once its body is garbage collected. Not in
 * workerd, where all that a request opened ends with it, and touching it later is an error.
 */
const isWorkerd = globalThis.navigator?.userAgent === 'Cloudflare-Workers'
const Registry = isWorkerd ? undefined : globalThis.FinalizationRegistry
const dropped = Registry && new Registry<() => void>((abandon) => abandon())

/**
 * A stream of exactly `length` bytes, or one that fails: for a source whose streams can't be
 * trusted, such as those of another HTTP server.
 *
 * @throws RangeError at once unless `length` is a whole number
 * @throws LengthMismatchError, through the stream, if the given one ends early or a chunk of it
 * runs past the end
 *
 * @example
 * body: async (start, end) => exactly(await openRange(start, end), end - start)
 */
export function exactly(
  stream: ReadableStream<Uint8Array>,
  length: number,
): ReadableStream<Uint8Array> {
  expectWholeNumber('length', length, 0)
  // Once it is being read, the reader cancels it.
  const close = () => (stream.locked ? undefined : stream.cancel())
  const source = { size: length, read: () => stream, close }
  return streamBody(readBody(source, length === 0 ? [] : [{ start: 0, end: length }]))
}
