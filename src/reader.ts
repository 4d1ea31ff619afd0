import { expectWholeNumber, kindOf, LengthMismatchError, reasonOf, unexpected } from './errors.ts'
import { type ByteRange, lengthOf } from './range.ts'
import type { Progress } from './served.ts'
import type { Chunk, Contents, FileSource, NativeRead } from './source.ts'

/** Larger arrays are sent in slices of this many bytes, so that little waits for a slow client. */
const SLICE = 512 * 1024

export const NOTHING: Uint8Array = new Uint8Array(0)

/**
 * Reads the bytes [start, end) of a source, chunk by chunk: exactly these, or an error. Closes the
 * source exactly once: after the last byte, on error, or when told to, even while a read is under
 * way.
 */
export class BodyReader implements Progress {
  /** How many bytes it gives in all; Infinity while nobody knows. */
  length: number
  /** How many bytes it has given so far. */
  sent = 0
  /**
   * What the source's close threw, or undefined; never rejects. It may take for ever, so no client
   * waits for it. Not set before close is called.
   */
  closed: Promise<unknown> | undefined
  readonly #source: Contents
  readonly #start: number
  /** Bytes that were read, but not given yet. */
  #pending: Uint8Array = NOTHING
  #stream: ReadableStreamDefaultReader<Uint8Array> | null = null
  #isClosed = false

  /** @param end Infinity for all that a stream gives */
  constructor(source: Contents, start: number, end: number) {
    this.#source = source
    this.#start = start
    this.length = end - start
    if (this.length === 0) this.close()
  }

  /**
   * Makes the first read, so that a failure comes before the head is sent, and can be a 503.
   *
   * @param into a buffer that the source may fill; the pending bytes may then be a part of it
   */
  async readAhead(into?: Uint8Array): Promise<undefined> {
    if (this.#isClosed || this.#pending.length > 0) return
    try {
      await this.#fill(into)
    } catch (thrown) {
      // After a hang-up, it doesn't matter why a read that was under way failed.
      if (this.#isClosed) return
      this.close()
      throw reasonOf(thrown)
    }
  }

  /**
   * The next chunk, never empty; null once everything was given, or after close.
   *
   * @param into a buffer that the source may fill; the chunk may then be a part of it
   * @param max how many bytes it may have; by default as many as `into`, or 512 KiB
   * @throws what the source's read throws, or LengthMismatchError; the source is then closed
   */
  async next(into?: Uint8Array, max: number = into?.length ?? SLICE): Promise<Uint8Array | null> {
    await this.readAhead(into)
    if (this.#isClosed) return null
    const isAll = this.#pending.length <= max
    const chunk = isAll ? this.#pending : this.#pending.subarray(0, max)
    this.#pending = isAll ? NOTHING : this.#pending.subarray(max)
    this.sent += chunk.length
    // A stream of unknown length has ended.
    if (chunk.length === 0) this.length = this.sent
    if (this.sent === this.length) this.close()
    return chunk.length === 0 ? null : chunk
  }

  /**
   * The whole body as one array: the source's own, if one read gave all of it.
   *
   * @returns undefined if it is closed before
   * @throws as `next` does
   */
  async whole(): Promise<Uint8Array | undefined> {
    const chunks: Uint8Array[] = []
    // All at once, if the source gives all.
    for (let max = this.length; this.sent < this.length; max = SLICE) {
      const chunk = await this.next(undefined, max)
      if (!chunk) return undefined
      chunks.push(chunk)
    }
    return joined(chunks)
  }

  /** Closes the source unless it is closed already. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#dropStream()
    this.closed = closeSource(this.#source)
  }

  async #fill(into?: Uint8Array): Promise<void> {
    if (!this.#stream) {
      const chunk = await this.#source.read(
        this.#start + this.sent,
        this.#start + this.length,
        into,
      )
      if (isStream(chunk)) this.#stream = chunk.getReader()
      else this.#pending = expectBytes(chunk)
      // The client hung up while the source was opening its stream.
      if (this.#isClosed) this.#dropStream()
    }
    if (this.#stream) this.#pending = await nextOf(this.#stream)
    if (this.#isClosed) return
    const { length } = this
    const given = this.sent + this.#pending.length
    if (given > length || (this.#pending.length === 0 && length < Infinity)) {
      throw mismatch(length, given)
    }
    if (!this.#stream || given < length) return
    // These are the last bytes. A stream that goes on held other ones, and it may fail at its end.
    const surplus = await nextOf(this.#stream)
    if (surplus.length > 0) throw mismatch(length, given + surplus.length)
    this.#stream = null
  }

  #dropStream(): void {
    this.#stream?.cancel().catch(() => {})
    this.#stream = null
  }
}

/**
 * All of the bytes [start, end) of a source, in as many reads as it takes. They may lie in the
 * source's own memory, such as that of a cache: copy them before you write to them.
 *
 * @throws LengthMismatchError, as a rejection, if there are fewer or more; RangeError if `start`
 * and `end` are not whole numbers in order; or what `read` throws. The source stays open.
 *
 * @example
 * ```ts
 * const head = await readBytes(file, 0, Math.min(512, file.size))
 * ```
 */
export async function readBytes(
  source: Pick<FileSource, 'read'>,
  start: number,
  end: number,
): Promise<Uint8Array> {
  expectWholeNumber('start', start, 0)
  expectWholeNumber('end', end, start)
  return expectBytes(await new BodyReader(withoutClose(source), start, end).whole())
}

/** A source that is read, but not closed. Its `read` is called as a method: it may need `this`. */
export function withoutClose(source: Pick<FileSource, 'read'>): Pick<FileSource, 'read'> {
  return { read: (start, end, into) => source.read(start, end, into) }
}

/** Arrays in a row; one alone is not copied. */
export function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [first = NOTHING, ...others] = chunks
  if (others.length === 0) return first
  const bytes = new Uint8Array(lengthOf(chunks))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

/**
 * Closes a source.
 *
 * @returns what that threw, since by now nobody would catch it; undefined if it was closed
 */
export async function closeSource(
  source: Pick<FileSource, 'close'> | null | undefined,
): Promise<unknown> {
  try {
    await source?.close?.()
  } catch (thrown) {
    return reasonOf(thrown)
  }
}

/**
 * The bytes of a range, read synchronously; null if the source can't. The source's next call may
 * overwrite these bytes.
 *
 * @throws what the source throws, or LengthMismatchError
 */
export function readSync(
  native: NativeRead | undefined,
  { start, end }: ByteRange,
): Uint8Array | null {
  const given = native?.sync?.(start, end)
  if (!given) return null
  const { length } = expectBytes(given)
  if (length !== end - start) throw mismatch(end - start, length)
  return given
}

/** The next chunk of a stream that is not empty; an empty one at its end. */
async function nextOf(stream: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array> {
  for (;;) {
    const { value, done } = await stream.read()
    if (done) return NOTHING
    if (expectBytes(value).length > 0) return value
  }
}

export function isStream(chunk: Chunk): chunk is ReadableStream<Uint8Array> {
  return 'getReader' in Object(chunk)
}

/** @throws TypeError unless a source gave bytes */
function expectBytes(given: unknown): Uint8Array {
  if (isBytes(given)) return given
  throw unexpected('a Uint8Array or a ReadableStream of them', kindOf(given))
}

/** @throws TypeError unless `stream` of an answer gave one */
export function expectStream(given: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  if (isStream(given)) return given
  throw unexpected('stream() to give a ReadableStream', kindOf(given))
}

/** Checks the name: `instanceof` fails for an array of another realm, such as a test runner's. */
export function isBytes(value: unknown): value is Uint8Array {
  return kindOf(value) === 'Uint8Array'
}

function mismatch(expected: number, given: number): LengthMismatchError {
  return new LengthMismatchError(`Expected ${expected} bytes from the source, got ${given}`)
}
