import { BodyReader } from '../../src/reader.ts'
import { collected, pullStream } from '../../src/runtime.ts'
import { SHORT_BODY } from '../../src/serve.ts'
import type { FileSource } from '../../src/source.ts'
import type { Memory } from '../local/memory.ts'

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
 * that writes to a socket and waits for `drain`.
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
  const reader = new BodyReader(source, start, end)
  const chunks = new RecyclingReader(reader, memory)
  try {
    return streamOf(reader, chunks, await chunks.next())
  } catch (error) {
    chunks.giveUp()
    throw error
  }
}

function streamOf(
  reader: BodyReader,
  chunks: RecyclingReader,
  first: Uint8Array | null,
): ReadableStream<Uint8Array> {
  let isFirst = true
  const end = () => {
    collected?.unregister(reader)
    abandon()
  }
  // It may not refer to the stream, nor share a scope with what does.
  const abandon = abandonment(reader, chunks)
  const source: UnderlyingDefaultSource<Uint8Array> = {
    async pull(controller) {
      const chunk = isFirst ? first : await chunks.next().catch(fail)
      isFirst = false
      if (chunk !== null) return controller.enqueue(chunk)
      // Not together with the last chunk, whose memory would not come back then.
      controller.close()
      end()
    },
    cancel: end,
  }
  const stream = pullStream(source, reader.length)
  collected?.register(stream, abandon, reader)
  return stream

  function fail(error: unknown): never {
    end()
    throw error
  }
}

function abandonment(reader: BodyReader, chunks: RecyclingReader): () => void {
  return () => {
    chunks.giveUp()
    reader.close()
  }
}

/** Reads chunk by chunk, each into the memory of the one before. */
class RecyclingReader {
  readonly #reader: BodyReader
  readonly #memory: Memory
  #buffer: Uint8Array | null = null
  #length = 0

  constructor(reader: BodyReader, memory: Memory) {
    this.#reader = reader
    this.#memory = memory
  }

  /** The next chunk; the one before is empty from now on. Null at the end. */
  async next(): Promise<Uint8Array | null> {
    this.#takeBack()
    const left = this.#reader.length - this.#reader.sent
    if (left === 0) return null
    const buffer = this.#memory.takeBuffer(left)
    this.#buffer = buffer
    const chunk = await this.#reader.next(buffer)
    this.#length = chunk?.length ?? 0
    return chunk
  }

  /** Leaves the memory to the garbage collector: a program may still hold the chunk. */
  giveUp(): void {
    if (this.#buffer !== null) this.#memory.forgetBuffer(this.#buffer)
    this.#buffer = null
  }

  #takeBack(): void {
    const buffer = this.#buffer
    if (buffer === null || this.#length < AWAITED_FROM) {
      this.giveUp()
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
