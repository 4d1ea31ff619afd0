import { readBytes } from '../../../src/reader.ts'
import type { FileSource } from '../../../src/source.ts'
import { type Box, boxesOf } from './boxes.ts'
import { type Move, moveOffsets, type OffsetTable, offsetTables } from './index-box.ts'

/** How a file's index comes to stand at its front; without the index itself. */
export interface IndexMove {
  /** Where it is put: behind the `ftyp`, if there is one. */
  readonly at: number
  /** Where it is: [start, end). */
  readonly start: number
  readonly end: number
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

/**
 * Boxes that are found by their offset, or that hold offsets of others: a file with one can't be
 * changed, even if it stands behind the index.
 */
const BOUND = new Set(['meco', 'meta', 'mfra', 'moof', 'sidx', 'styp'])

/** More than any file needs, which has a handful: each takes a read. */
const MAX_BOXES = 64

/** The largest index that is moved, in bytes: of a day of film, and more. */
const MAX_INDEX = 64 * 1024 * 1024

/** What is read first: mostly the `ftyp`, and the head of what comes next. */
const FIRST_READ = 64

/**
 * How the index of a file can be moved to its front. Reads the heads of its outermost boxes, and
 * the index.
 *
 * @returns null if there is no need for it, or it can't be done
 */
export async function planFaststart(source: FileSource): Promise<IndexMove | null> {
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
  return { at, start: box.start, end: box.end, tables, move }
}

/**
 * The index of a file, if media data stand before it, and what moves with them is boxes that we
 * know. What stands behind it stays where it is.
 */
async function findIndex(source: FileSource): Promise<{ box: Box; at: number } | null> {
  const head = await readBytes(source, 0, Math.min(source.size, FIRST_READ))
  let at = 0
  let moov: Box | null = null
  let hasMedia = false
  for await (const box of boxesOf(source, head, MAX_BOXES)) {
    if (box === null || BOUND.has(box.type)) return null
    if (moov === null && !MOVABLE.has(box.type)) return null
    const isToTheEnd = box.end === Infinity
    if (box.end > source.size && !isToTheEnd) return null
    // Only one ftyp, and it is first (§4.3).
    if (box.type === 'ftyp') {
      if (box.start > 0) return null
      at = box.end
    }
    if (box.type === 'mdat') hasMedia = true
    if (box.type === 'moov') {
      // At its front, it would no longer end where the file does.
      if (!hasMedia || moov !== null || isToTheEnd) return null
      moov = box
    }
  }
  return moov && { box: moov, at }
}
