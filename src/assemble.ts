import type { Answer } from './answer.ts'
import { type ByteRange, isRange, lengthOf, onlyRange, type Piece } from './range.ts'
import { BodyReader, expectStream, joined, NOTHING, withoutClose } from './reader.ts'
import type { Contents, FileSource } from './source.ts'

/** The reader of an answer's body. If there is none, the source is closed at once. */
export function readAnswer({ pieces, stream }: Answer, source: FileSource | null): BodyReader {
  if (stream) return new BodyReader({ read: () => expectStream(stream()) }, 0, Infinity)
  const file = source ?? NO_FILE
  if (pieces.length === 0) return new BodyReader(file, 0, 0)
  const range = onlyRange(pieces)
  return range
    ? new BodyReader(file, range.start, range.end)
    : new BodyReader(assemble(file, pieces), 0, lengthOf(pieces))
}

/** Stands for the file where a body is bytes only. */
const NO_FILE: Contents = { read: () => NOTHING }

/**
 * A chunk costs a write, and a read more than the bytes that it gives; a request may have a
 * thousand ranges. So pieces of up to this many bytes in all are sent together, and ranges that lie
 * within this many bytes of the file are read together, with what is between them.
 */
const BLOCK = 64 * 1024

/**
 * A multipart body as a source of its own, to be read once, from its first byte to its last. It is
 * read in runs: one array of as many pieces as fit into a block, then the chunks of the first range
 * that doesn't. Each run begins with bytes, as the body does.
 */
function assemble(file: Contents, pieces: readonly Piece[]): Contents {
  const source = withoutClose(file)
  let index = 0
  let block = { start: 0, end: 0, bytes: NOTHING }
  /** Reads a block, or the range that ends a run. */
  let reader = new BodyReader(source, 0, 0)
  return {
    async read(start, _end, into) {
      if (reader.sent < reader.length) return (await reader.next(into)) ?? NOTHING
      const bytes = await nextPieces()
      const range = pieces[index]
      if (!isRange(range)) return bytes
      index++
      reader = new BodyReader(source, range.start, range.end)
      // What fails before the head is sent can be a 503: no body begins without a read.
      if (start === 0) await reader.readAhead()
      return bytes
    },
    close() {
      reader.close()
      return file.close?.()
    },
  }

  /** As many pieces as fit into a block, but at least one. */
  async function nextPieces(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = []
    let length = 0
    for (; index < pieces.length; index++) {
      const piece = pieces[index] ?? NOTHING
      const before = length
      length += lengthOf([piece])
      if (length > BLOCK && before > 0) break
      if (!isRange(piece)) chunks.push(piece)
      else {
        if (piece.start < block.start || piece.end > block.end) await readBlock(piece)
        chunks.push(block.bytes.subarray(piece.start - block.start, piece.end - block.start))
      }
    }
    return joined(chunks)
  }

  /** Reads a range, and as many of those after it as lie close to it. */
  async function readBlock({ start, end }: ByteRange): Promise<void> {
    for (let next = index + 1; next < pieces.length; next++) {
      const piece = pieces[next]
      if (!isRange(piece)) continue
      const lowest = Math.min(start, piece.start)
      const highest = Math.max(end, piece.end)
      if (highest - lowest > BLOCK) break
      start = lowest
      end = highest
    }
    reader = new BodyReader(source, start, end)
    block = { start, end, bytes: (await reader.whole()) ?? NOTHING }
  }
}
