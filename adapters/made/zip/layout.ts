import type { FileSource } from '../../../src/source.ts'
import { inMemory } from '../bytes.ts'
import { nth } from '../nth.ts'
import { indexAt, type Sequence } from '../row.ts'
import {
  centralHeader,
  centralLength,
  endRecords,
  localHeader,
  localLength,
  type ZipRecord,
} from './records.ts'

/** Where everything lies in an archive: known before a byte is read. */
export interface Layout {
  /**
   * Of each entry its local header and its bytes, alternating; then of the central directory, the
   * end records, and where the archive ends.
   */
  readonly offsets: Float64Array
  /**
   * Of the header of each entry in the central directory, and last where that ends; from its start.
   */
  readonly central: Float64Array
}

export function layOut(entries: readonly ZipRecord[]): Layout {
  const count = entries.length
  const offsets = new Float64Array(2 * count + 3)
  const central = new Float64Array(count + 1)
  let at = 0
  let length = 0
  for (const [i, entry] of entries.entries()) {
    offsets[2 * i] = at
    central[i] = length
    length += centralLength(entry, at)
    at += localLength(entry)
    offsets[2 * i + 1] = at
    at += entry.size
  }
  central[count] = length
  offsets[2 * count] = at
  offsets[2 * count + 1] = at + length
  offsets[2 * count + 2] = at + length + endRecords(count, at, at + length).length
  return { offsets, central }
}

/** What an archive is made of, besides its layout. */
export interface Content<E extends ZipRecord> {
  readonly entries: readonly E[]
  /** The CRC-32 of an entry's bytes. */
  readonly crc: (entry: E, signal: AbortSignal) => number | Promise<number>
  /** Opens an entry's bytes. */
  readonly open: (entry: E) => Promise<FileSource>
}

/** The parts of an archive, each made when it is read. */
export function rowOf<E extends ZipRecord>(
  content: Content<E>,
  { offsets, central }: Layout,
): Sequence {
  const { entries } = content
  const count = entries.length
  const [start = 0, end = 0] = offsets.subarray(2 * count)
  return {
    offsets,
    async open(index, signal) {
      if (index === 2 * count) return directory(content, offsets, central, signal)
      if (index > 2 * count) return inMemory(endRecords(count, start, end))
      const entry = nth(entries, index >> 1)
      if (index % 2 === 1) return content.open(entry)
      return inMemory(localHeader(entry, await content.crc(entry, signal)))
    },
  }
}

/** How much of the directory is made at once, in bytes. */
const CHUNK = 64 * 1024

/** The central directory, of which only the headers that are read are made. */
function directory<E extends ZipRecord>(
  { entries, crc }: Content<E>,
  offsets: Float64Array,
  central: Float64Array,
  signal: AbortSignal,
): FileSource {
  return {
    size: nth(central, entries.length),
    async read(start, end) {
      const stop = Math.min(end, start + CHUNK)
      const first = indexAt(central, start)
      const begin = nth(central, first)
      const bytes = new Uint8Array(nth(central, indexAt(central, stop - 1) + 1) - begin)
      for (let i = first; nth(central, i) < stop; i++) {
        const entry = nth(entries, i)
        const header = centralHeader(entry, await crc(entry, signal), nth(offsets, 2 * i))
        bytes.set(header, nth(central, i) - begin)
      }
      return bytes.subarray(start - begin, stop - begin)
    },
  }
}
