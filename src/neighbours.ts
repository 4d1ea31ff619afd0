import type { Answer } from './answer.ts'
import { type ByteRange, isRange } from './range.ts'
import { type BodyReader, readBody, readBytes } from './reader.ts'
import type { FileSource } from './source.ts'

/** What reads the body of an answer; null if it has none. */
export function readAnswer(
  { pieces, stream }: Answer,
  source: FileSource | null,
): BodyReader | null {
  if (stream !== undefined) return readBody({ size: 0, read: stream }, [UNKNOWN_LENGTH])
  if (pieces.length === 0) return null
  if (source === null) return readBody(NO_SOURCE, pieces)
  return readBody(pieces.length === 1 ? source : inBlocks(source, pieces.filter(isRange)), pieces)
}

/** All that a stream gives. */
const UNKNOWN_LENGTH: ByteRange = { start: 0, end: Infinity }

/** Stands for the file where a body is bytes only. */
const NO_SOURCE: FileSource = { size: 0, read: () => new Uint8Array(0) }

/** How much of a file is read at once, so that ranges which lie close together need one read. */
const BLOCK = 64 * 1024

/**
 * A source to read these ranges from, in this order: neighbours are read together, with what lies
 * between them. A read costs more than the bytes that it gives, and a request may have a thousand
 * ranges.
 */
function inBlocks(source: FileSource, ranges: readonly ByteRange[]): FileSource {
  /** The first range that was not read yet. */
  let at = 0
  let block = NO_BLOCK
  return {
    size: source.size,
    read(start, end, into) {
      if (block.start <= start && end <= block.end) return cut(start, end)
      const next = ranges[at]
      // A range that is longer than a block is read on in chunks.
      if (next?.start !== start || next.end !== end) return source.read(start, end, into)
      const { count, ...neighbours } = neighboursFrom(ranges, at)
      at += count
      return count > 1 ? readBlock(neighbours, start, end) : source.read(start, end, into)
    },
    close: () => source.close?.(),
  }

  async function readBlock(neighbours: ByteRange, start: number, end: number): Promise<Uint8Array> {
    const bytes = await readBytes(source, neighbours.start, neighbours.end)
    block = { ...neighbours, bytes }
    return cut(start, end)
  }

  function cut(start: number, end: number): Uint8Array {
    return block.bytes.subarray(start - block.start, end - block.start)
  }
}

/** A part of the file that was read. */
interface Block extends ByteRange {
  readonly bytes: Uint8Array
}

const NO_BLOCK: Block = { start: 0, end: 0, bytes: new Uint8Array(0) }

/** The bytes that the next ranges lie in, as many of them as fit into a block; at least one. */
function neighboursFrom(
  ranges: readonly ByteRange[],
  first: number,
): ByteRange & { count: number } {
  let { start = 0, end = 0 } = ranges[first] ?? {}
  let at = first + 1
  for (; at < ranges.length; at++) {
    const lowest = Math.min(start, ranges[at]?.start ?? start)
    const highest = Math.max(end, ranges[at]?.end ?? end)
    if (highest - lowest > BLOCK) break
    start = lowest
    end = highest
  }
  return { start, end, count: at - first }
}
