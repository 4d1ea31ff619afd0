import { setImmediate as nextTurn } from 'node:timers/promises'
import { type BodyChunks, streamBody } from '../../src/body.ts'
import { BodyReader } from '../../src/reader.ts'
import { SHORT_BODY } from '../../src/serve.ts'
import type { FileSource } from '../../src/source.ts'
import type { Memory } from './memory.ts'

/**
 * From this length on, a server that writes a chunk to a socket waits until it has left: it passes
 * every highWaterMark that Node sets. A shorter one may still be under way when the next is pulled.
 */
const AWAITED_FROM = 128 * 1024

/**
 * The bytes [start, end) of a file as a stream whose memory is used again: the buffer of a chunk is
 * taken back once the next chunk is pulled. A program that still holds the chunk sees it empty.
 *
 * It is for a consumer that pulls only when the chunk before has left, as a server's adapter does
 * that writes to a socket and waits for `drain`. What it is piped to pulls ahead: then all memory
 * is new.
 *
 * @returns null for a short body
 * @throws what the first read throws; the source is then closed
 */
export async function recyclingStream(
  source: FileSource,
  memory: Memory,
  start: number,
  end: number,
): Promise<ReadableStream<Uint8Array> | null> {
  if (end - start <= SHORT_BODY) return null
  const reader = new RecyclingReader(new BodyReader(source, start, end), memory)
  try {
    await reader.readAhead()
  } catch (error) {
    reader.close()
    throw error
  }
  return unlessPiped(streamBody(reader), reader)
}

/**
 * Leaves its chunks to what a stream is piped to. Compression would have them under way: where its
 * input becomes empty meanwhile, Node 20 and 22 end the process.
 */
function unlessPiped(
  stream: ReadableStream<Uint8Array>,
  reader: RecyclingReader,
): ReadableStream<Uint8Array> {
  const { pipeTo, pipeThrough, tee } = stream
  const leaving = <Given extends unknown[], Made>(method: (...given: Given) => Made) => {
    return (...given: Given): Made => {
      reader.isLeft = true
      return method.apply(stream, given)
    }
  }
  return Object.assign(stream, {
    pipeTo: leaving(pipeTo),
    pipeThrough: leaving(pipeThrough) as typeof pipeThrough,
    tee: leaving(tee),
  })
}

/** Reads chunk by chunk, each into the memory of the one before. */
class RecyclingReader implements BodyChunks {
  /** Bytes of the chunks before the last: a stream ends only once the memory of that is back. */
  sent = 0
  /** Whether its chunks are left to whoever has them. */
  isLeft = false
  readonly #reader: BodyReader
  readonly #memory: Memory
  #buffer: Uint8Array | null = null
  /** The length of the last chunk; 0 before the first. */
  #given = 0
  #isClosed = false

  constructor(reader: BodyReader, memory: Memory) {
    this.#reader = reader
    this.#memory = memory
  }

  get length(): number {
    return this.#reader.length
  }

  async readAhead(): Promise<void> {
    this.#buffer = this.#memory.takeBuffer(this.length)
    await this.#reader.readAhead(this.#buffer)
  }

  /** The next chunk; the one before is empty from now on. Null at the end. */
  async next(): Promise<Uint8Array | null> {
    this.#takeBack()
    if (this.sent === this.length) return null
    // As long as chunks are there at once, @hono/node-server pulls several before it writes any.
    if (this.#given === 0) await nextTurn()
    if (this.#isClosed) return null
    this.#buffer ??= this.#memory.takeBuffer(this.length - this.sent)
    const chunk = await this.#reader.next(this.#buffer)
    this.#given = chunk?.length ?? 0
    return chunk
  }

  close(): void {
    this.#isClosed = true
    this.#giveUp()
    this.#reader.close()
  }

  /** Leaves the memory to the garbage collector: a program may still hold the chunk. */
  #giveUp(): void {
    if (this.#buffer !== null) this.#memory.forgetBuffer(this.#buffer)
    this.#buffer = null
  }

  #takeBack(): void {
    const buffer = this.#buffer
    if (buffer === null || this.#given === 0) return
    this.sent += this.#given
    if (this.#given < AWAITED_FROM || this.isLeft) {
      this.#giveUp()
      return
    }
    this.#buffer = null
    this.#memory.releaseBuffer(new Uint8Array(transfer(buffer.buffer as ArrayBuffer)))
  }
}

/** Moves the memory of a buffer to a new one; the old one, and all views of it, are empty then. */
function transfer(buffer: ArrayBuffer & { transfer?(): ArrayBuffer }): ArrayBuffer {
  // Node 20 has no `transfer`.
  return buffer.transfer?.() ?? structuredClone(buffer, { transfer: [buffer] })
}
