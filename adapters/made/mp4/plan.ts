import { readBytes } from '../../../src/reader.ts'
import type { FileSource } from '../../../src/source.ts'
import { BOX_HEAD, type Box, parseBox, SIZE_LENGTH } from './boxes.ts'
import { type Move, moveOffsets, type OffsetTable, offsetTables } from './index-box.ts'

/** How a file's index comes to stand at its front; without the index itself. */
export interface Plan {
  /** Where it is put: behind the `ftyp`, if there is one. */
  readonly at: number
  /** Where it is: [start, end). */
  readonly start: number
  readonly end: number
  /** Its first bytes, by which it is recognised. */
  readonly head: Uint8Array
  readonly tables: readonly OffsetTable[]
  readonly move: Move
}

/**
 * What may stand around the media data, and move with them: nothing in it is found by its place.
 */
const MOVABLE = new Set([
  'ftyp',
  'free',
  'junk',
  'mdat',
  'moov',
  'pnot',
  'PICT',
  'skip',
  'uuid',
  'wide',
])

/** More than files have, which are of a handful: each takes a read. */
const MAX_BOXES = 64

/** The largest index that is moved, in bytes: of a day of film, and more. */
const MAX_INDEX = 64 * 1024 * 1024

/** The first bytes of an index: they say how long the film is, and how large its first track. */
const INDEX_HEAD = 256

/** What is read first: mostly the `ftyp`, and the head of what comes next. */
const FIRST_READ = 64

/**
 * How the index of a file can be moved to its front. Reads the heads of its outermost boxes, and
 * the index.
 *
 * @returns null if there is no need for it, or it can't be done
 */
export async function planFaststart(source: FileSource): Promise<Plan | null> {
  const moov = await findIndex(source)
  if (moov === null || moov.box.end - moov.box.start > MAX_INDEX) return null
  const { box, at } = moov
  const bytes = await readBytes(source, box.start, box.end)
  const tables = offsetTables(bytes)
  if (tables === null) return null
  // Media data behind the index stay where they are.
  const before = box.end === source.size ? Infinity : box.end
  const move = { by: box.end - box.start, before }
  if (!moveOffsets(new Uint8Array(bytes), 0, tables, move)) return null
  // A copy, for an index may take a thousand times as much.
  const head = new Uint8Array(bytes.subarray(0, INDEX_HEAD))
  return { at, start: box.start, end: box.end, head, tables, move }
}

/**
 * The index of a file, if media data stand before it, and all of the file is boxes that we know.
 */
async function findIndex(source: FileSource): Promise<{ box: Box; at: number } | null> {
  const { size } = source
  let bytes = await readBytes(source, 0, Math.min(size, FIRST_READ))
  let from = 0
  let at = 0
  let moov: Box | null = null
  let hasMedia = false
  for (let start = 0, count = 0; start < size; count++) {
    const length = Math.min(BOX_HEAD, size - start)
    if (start + length > from + bytes.length) {
      bytes = await readBytes(source, start, start + length)
      from = start
    }
    const box = parseBox(bytes.subarray(start - from, start - from + length), start, size)
    if (box === null || !MOVABLE.has(box.type) || count === MAX_BOXES) return null
    // Only one ftyp, and it is first (§4.3).
    if (box.type === 'ftyp') {
      if (start > 0) return null
      at = box.end
    }
    if (box.type === 'mdat') hasMedia = true
    if (box.type === 'moov') {
      if (!hasMedia || moov !== null || isOpenEnded(bytes, start - from)) return null
      moov = box
    }
    start = box.end
  }
  return moov && { box: moov, at }
}

/** Whether a box says that it goes on to the end of the file, which would not hold at its front. */
function isOpenEnded(bytes: Uint8Array, at: number): boolean {
  return bytes.subarray(at, at + SIZE_LENGTH).every((byte) => byte === 0)
}
