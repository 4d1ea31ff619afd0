import { streamBody } from '../../src/body.ts'
import { LengthMismatchError, reasonOf } from '../../src/errors.ts'
import type { ByteRange } from '../../src/range.ts'
import { BodyReader, isStream } from '../../src/reader.ts'
import type { Chunk, FileSource } from '../../src/source.ts'
import { nth } from './nth.ts'
import { OpenParts } from './open-parts.ts'

/** Sources in a row. */
export interface Sequence {
  /**
   * Where each part starts, and last where the row ends: one more than there are parts, none less
   * than the one before it.
   */
  readonly offsets: ArrayLike<number>
  /**
   * Opens a part: again, if it is read again once others were. The part belongs to the row, which
   * closes it.
   *
   * @param signal aborted once nobody waits for it any more
   */
  readonly open: (index: number, signal: AbortSignal) => FileSource | Promise<FileSource>
}

/** Sources in a row as one, where none has to be opened or closed. */
export function inRow(parts: readonly FileSource[]): Pick<FileSource, 'size' | 'read'> {
  const { size, read } = sourceOf({
    offsets: offsetsOf(parts.map((part) => part.size)),
    open: (index) => nth(parts, index),
  })
  return { size, read }
}

/** The parts of a row as one source. At most one stays open while nobody reads it. */
export function sourceOf({ offsets, open }: Sequence): Pick<FileSource, 'size' | 'read' | 'close'> {
  const parts = new OpenParts(open)
  return { size: nth(offsets, offsets.length - 1), read, close: () => parts.close() }

  async function read(start: number, end: number, into?: Uint8Array): Promise<Chunk> {
    const index = indexAt(offsets, start)
    const first = nth(offsets, index)
    const stop = Math.min(end, nth(offsets, index + 1))
    const part = parts.acquire(index)
    let chunk: Chunk
    try {
      const source = await part.source
      chunk = await source.read(start - first, stop - first, into)
      if (!isStream(chunk) && chunk.length > stop - start) throw surplus(stop - start, chunk.length)
    } catch (thrown) {
      parts.release(part)
      throw reasonOf(thrown)
    }
    if (isStream(chunk)) {
      const held = holding(chunk, stop - start, () => parts.release(part))
      return stop === end ? held : followed(held, splitAt(offsets, start, end))
    }
    parts.release(part)
    return chunk
  }

  /** A stream of several parts, the first of which is open already. */
  function followed(
    stream: ReadableStream<Uint8Array>,
    [first, ...others]: readonly ByteRange[],
  ): ReadableStream<Uint8Array> {
    // Once it is being read, the reader cancels it.
    const close = () => (stream.locked ? undefined : stream.cancel())
    let part = new BodyReader({ read: () => stream, close }, first?.start ?? 0, first?.end ?? 0)
    const all = {
      async read(): Promise<Uint8Array> {
        const range = part.sent === part.length ? others.shift() : undefined
        if (range !== undefined) part = new BodyReader({ read }, range.start, range.end)
        return (await part.next()) ?? new Uint8Array(0)
      },
      close: () => part.close(),
    }
    return streamBody(new BodyReader(all, first?.start ?? 0, others.at(-1)?.end ?? 0))
  }
}

/**
 * The offsets of parts of these sizes.
 *
 * @throws RangeError if they add up to more than a number can hold
 */
export function offsetsOf(sizes: readonly number[]): number[] {
  let end = 0
  const offsets = [0, ...sizes.map((size) => (end += size))]
  if (!Number.isSafeInteger(end)) throw new RangeError(`Expected up to 2^53 bytes, got ${end}`)
  return offsets
}

/** A part's stream, of exactly this length, that tells when it is over. */
function holding(
  stream: ReadableStream<Uint8Array>,
  length: number,
  release: () => void,
): ReadableStream<Uint8Array> {
  const close = async () => {
    release()
    if (!stream.locked) await stream.cancel()
  }
  return streamBody(new BodyReader({ read: () => stream, close }, 0, length))
}

/** The part that holds a byte. */
export function indexAt(offsets: ArrayLike<number>, offset: number): number {
  let low = 0
  // The last part that starts here or before: those before it that start here are empty.
  for (let high = offsets.length - 1; high - low > 1; ) {
    const middle = (low + high) >> 1
    if (nth(offsets, middle) <= offset) low = middle
    else high = middle
  }
  return low
}

/** A range, cut where parts end. */
function splitAt(offsets: ArrayLike<number>, start: number, end: number): ByteRange[] {
  const ranges: ByteRange[] = []
  for (let at = start, index = indexAt(offsets, start); at < end; index++) {
    const stop = Math.min(end, nth(offsets, index + 1))
    if (stop > at) ranges.push({ start: at, end: stop })
    at = stop
  }
  return ranges
}

function surplus(expected: number, given: number): Error {
  return new LengthMismatchError(`Expected up to ${expected} bytes of a part, got ${given}`)
}
