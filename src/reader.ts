import { expectWholeNumber, LengthMismatchError, reasonOf } from './errors.ts'
import { type ByteRange, isRange, lengthOf, onlyRange, type Piece } from './range.ts'
import type { Chunk, FileSource, NativeRead } from './source.ts'

/** Larger arrays are sent in slices of this many bytes, so that little waits for a slow client. */
const SLICE = 512 * 1024

/**
 * Pieces of up to this many bytes are sent together with those that follow them: a part of a
 * multipart may be a single byte, and each chunk costs a write.
 */
const SHORT = 4 * 1024
const GATHERED = 64 * 1024

const NOTHING = new Uint8Array(0)

/** Reads the body of an answer. */
export interface BodyReader {
  /** How many bytes it gives in all; Infinity while nobody knows. */
  readonly length: number
  /** How many bytes it has given so far. */
  readonly sent: number
  /**
   * Makes the first read, so that a failure comes before the head is sent, and can be a 503.
   *
   * @param into a buffer that the source may fill; what is at hand may then be a part of it
   */
  readAhead(into?: Uint8Array): Promise<void>
  /**
   * The next chunk, never empty; null once everything was given, or after close.
   *
   * @param into a buffer that the source may fill; the chunk may then be a part of it
   * @param most how many bytes of a range it may have; by default as many as `into`, or 512 KiB
   * @throws what the source's read throws, or LengthMismatchError; the source is then closed
   */
  next(into?: Uint8Array, most?: number): Promise<Uint8Array | null>
  /**
   * The whole body as one array: the source's own, if one read gave all of it.
   *
   * @throws as `next` does; LengthMismatchError after close
   */
  whole(): Promise<Uint8Array>
  /**
   * Fulfilled once the source is closed: with what that threw, or undefined; never rejects. It may
   * take for ever, so no client waits for it.
   */
  readonly closed: Promise<unknown>
  /** Closes the source unless it is closed already. */
  close(): void
}

/**
 * Reads an answer's pieces from its source, chunk by chunk: exactly the announced bytes, or an
 * error. Closes the source exactly once: after the last byte, on error, or when told to, even
 * while a read is under way.
 */
export function readBody(source: FileSource, pieces: readonly Piece[]): BodyReader {
  const length = lengthOf(pieces)
  let index = 0
  /** How many bytes of the piece at `index` were given. */
  let offset = 0
  /** Bytes of the next range that were read, but not given yet. */
  let atHand: Uint8Array = NOTHING
  let stream: ReadableStreamDefaultReader<Uint8Array> | null = null
  let isClosed = false
  let settle: (failure: Promise<unknown>) => void
  const closed = new Promise<unknown>((resolve) => {
    settle = resolve
  })
  // `sent` is no getter: V8 would keep its closure, and all that holds, until a full collection.
  const reader = { length, sent: 0, closed, readAhead, next, whole, close }
  if (length === 0) close()
  return reader

  async function readAhead(into?: Uint8Array): Promise<void> {
    const range = pieces.find(isRange)
    if (range !== undefined) await fill(range, into)
  }

  function next(into?: Uint8Array, most = into?.length ?? SLICE): Promise<Uint8Array | null> {
    return isShort(index) && isShort(index + 1)
      ? gather(new Uint8Array(Math.min(most, GATHERED)))
      : take(most, into)
  }

  function isShort(at: number): boolean {
    const piece = pieces[at]
    return piece !== undefined && lengthOf([piece]) <= SHORT
  }

  /** The next pieces, as many as are short and have room. */
  async function gather(room: Uint8Array): Promise<Uint8Array | null> {
    let length = 0
    while (isShort(index) && length + SHORT <= room.length) {
      const piece = pieces[index]
      if (piece !== undefined && isRange(piece)) await fill(piece)
      const chunk = give(SHORT)
      if (chunk === null) return null
      room.set(chunk, length)
      length += chunk.length
    }
    return room.subarray(0, length)
  }

  async function take(most: number, into?: Uint8Array): Promise<Uint8Array | null> {
    const piece = pieces[index]
    if (piece !== undefined && isRange(piece)) await fill(piece, into)
    return give(most)
  }

  /** The next chunk: at most `most` bytes of a range, or all of a piece that is bytes. */
  function give(most: number): Uint8Array | null {
    const piece = pieces[index]
    if (piece === undefined || isClosed) return null
    const chunk = isRange(piece) ? cut(most) : piece
    if (chunk.length === 0) return finish()
    offset += chunk.length
    if (offset === lengthOf([piece])) {
      index++
      offset = 0
    }
    reader.sent += chunk.length
    if (reader.sent === length) close()
    return chunk
  }

  /** Reads on in a range, unless bytes of it are at hand or the reader is closed. */
  async function fill({ start, end }: ByteRange, into?: Uint8Array): Promise<void> {
    if (isClosed || atHand.length > 0) return
    try {
      if (stream === null) {
        const chunk = await source.read(start + offset, end, into)
        if (isStream(chunk)) stream = chunk.getReader()
        else atHand = expectBytes(chunk)
        // The client hung up while the source was opening its stream.
        if (isClosed) dropStream()
      }
      if (stream !== null) atHand = await nextOf(stream)
      if (isClosed) return
      const given = offset + atHand.length
      if (given > end - start || (atHand.length === 0 && end < Infinity)) {
        throw mismatch(end - start, given)
      }
      if (stream === null || given < end - start) return
      // These are the last bytes. A stream that goes on held other ones, and it may fail at its end.
      const surplus = await nextOf(stream)
      if (surplus.length > 0) throw mismatch(end - start, given + surplus.length)
      stream = null
    } catch (thrown) {
      // After a hang-up, it doesn't matter why a read that was under way failed.
      if (isClosed) return
      close()
      throw reasonOf(thrown)
    }
  }

  /** A stream of unknown length has ended. */
  function finish(): null {
    reader.length = reader.sent
    close()
    return null
  }

  /** Takes at most `most` of the bytes at hand. */
  function cut(most: number): Uint8Array {
    const bytes = atHand
    atHand = NOTHING
    if (bytes.length <= most) return bytes
    atHand = bytes.subarray(most)
    return bytes.subarray(0, most)
  }

  function dropStream(): void {
    stream?.cancel().catch(() => {})
    stream = null
  }

  async function whole(): Promise<Uint8Array> {
    const first = await take(length)
    if (first?.length === length) return first
    const bytes = new Uint8Array(length)
    let at = 0
    for (let chunk = first; chunk !== null; chunk = await next()) {
      bytes.set(chunk, at)
      at += chunk.length
    }
    if (at < length) throw mismatch(length, at)
    return bytes
  }

  function close(): void {
    if (isClosed) return
    isClosed = true
    dropStream()
    settle(closeSource(source))
  }
}

/**
 * The whole body, read synchronously; null if it is a multipart or the source can't. The source's
 * next call may overwrite these bytes.
 *
 * @throws what the source throws, or LengthMismatchError
 */
export function readAtOnce(
  native: NativeRead | undefined,
  pieces: readonly Piece[],
): Uint8Array | null {
  const range = onlyRange(pieces)
  const given = (range && native?.sync?.(range.start, range.end)) ?? null
  if (range === null || given === null) return null
  const length = range.end - range.start
  const bytes = expectBytes(given)
  if (bytes.length !== length) throw mismatch(length, bytes.length)
  return bytes
}

/** The next chunk of a stream that is not empty; an empty one at its end. */
async function nextOf(stream: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array> {
  for (;;) {
    const { value, done } = await stream.read()
    if (done) return NOTHING
    if (expectBytes(value).length > 0) return value
  }
}

function isStream(chunk: Chunk): chunk is ReadableStream<Uint8Array> {
  return chunk instanceof Object && 'getReader' in chunk
}

/** @throws TypeError unless a source gave bytes */
function expectBytes(given: unknown): Uint8Array {
  if (isBytes(given)) return given
  const name = given instanceof Object ? given.constructor.name : kindOf(given)
  throw new TypeError(`Expected a Uint8Array or a ReadableStream of them, got ${name}`)
}

/** Checks the name: `instanceof` fails for an array of another realm, such as a test runner's. */
function isBytes(value: unknown): value is Uint8Array {
  return kindOf(value) === 'Uint8Array'
}

/** What kind of value it is, such as `Uint8Array`, `Null` or `Object`. */
function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1)
}

function mismatch(expected: number, given: number): LengthMismatchError {
  return new LengthMismatchError(`Expected ${expected} bytes from the source, got ${given}`)
}

/**
 * All of the bytes [start, end) of a source, in as many reads as it takes.
 *
 * @throws LengthMismatchError, as a rejection, if there are fewer or more; RangeError if `start` and
 * `end` are not whole numbers in order; or what `read` throws. The source stays open.
 *
 * @example
 * const head = await readBytes(file, 0, Math.min(512, file.size))
 */
export async function readBytes(
  source: Pick<FileSource, 'read'>,
  start: number,
  end: number,
): Promise<Uint8Array> {
  expectWholeNumber('start', start, 0)
  expectWholeNumber('end', end, start)
  const pieces = start < end ? [{ start, end }] : []
  // Called as its method, which may need its `this`.
  const read = (from: number, to: number) => source.read(from, to)
  return readBody({ size: end, read }, pieces).whole()
}

/** Closes a source; gives what that threw, since by now nobody would catch it. */
export async function closeSource(source: FileSource | null | undefined): Promise<unknown> {
  try {
    await source?.close?.()
  } catch (thrown) {
    return reasonOf(thrown)
  }
}
