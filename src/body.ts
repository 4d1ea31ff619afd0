import { expectWholeNumber } from './errors.ts'
import { BodyReader } from './reader.ts'
import { collected, pullStream } from './runtime.ts'
import { HANG_UP } from './served.ts'

/** What a stream reads from, such as a BodyReader. */
export type BodyChunks = Pick<BodyReader, 'length' | 'sent' | 'next' | 'close'>

/**
 * The chunks of a reader as a stream, each read when it is pulled.
 *
 * @param conclude closes the reader; called once at the end, with what went wrong, or undefined
 * @param abandon called instead if the stream is garbage collected first. It must not refer to the
 * stream, which could then never be collected
 * @param maxChunk in bytes
 */
export function streamBody(
  reader: BodyChunks,
  conclude: (error?: unknown) => void = () => reader.close(),
  abandon: () => void = conclude,
  maxChunk?: number,
): ReadableStream<Uint8Array> {
  const source: UnderlyingDefaultSource<Uint8Array> = {
    async pull(controller) {
      const chunk = await reader.next(undefined, maxChunk).catch(fail)
      if (chunk) controller.enqueue(chunk)
      if (reader.sent === reader.length) {
        controller.close()
        end()
      } else if (!chunk) controller.error(HANG_UP)
    },
    cancel: () => end(),
  }
  const stream = pullStream(source, reader.length)
  collected?.register(stream, abandon, reader)
  return stream

  function end(error?: unknown): void {
    collected?.unregister(reader)
    conclude(error)
  }

  function fail(error: unknown): never {
    end(error)
    throw error
  }
}

/**
 * A stream of exactly `length` bytes, or one that fails: for a source whose streams can't be
 * trusted, such as those of another HTTP server. Of 0 bytes, nothing is read, and the given one is
 * cancelled.
 *
 * @throws RangeError at once unless `length` is a whole number
 * @throws LengthMismatchError, through the stream, if the given one ends early or a chunk of it
 * runs past the end
 *
 * @example
 * ```ts
 * const source: FileSource = {
 *   size,
 *   read: async (start, end) => exactly(await openRange(start, end), end - start),
 * }
 * ```
 */
export function exactly(
  stream: ReadableStream<Uint8Array>,
  length: number,
): ReadableStream<Uint8Array> {
  expectWholeNumber('length', length, 0)
  // Once it is being read, the reader cancels it.
  const close = () => (stream.locked ? undefined : stream.cancel())
  const source = { read: () => stream, close }
  return streamBody(new BodyReader(source, 0, length))
}
