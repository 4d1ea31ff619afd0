import { viewOf } from '../bytes.ts'
import { type Box, type Budget, boxesIn } from './boxes.ts'

/** A table of the places in the file where media data lie: `stco` or `co64`. */
export interface OffsetTable {
  /** Where its first offset is, from the start of the `moov`. */
  readonly start: number
  readonly count: number
  /** Of an offset, in bytes. */
  readonly width: 4 | 8
}

/** What leads to the tables (ISO/IEC 14496-12 §6.2.3). */
const CONTAINERS = new Set(['moov', 'trak', 'mdia', 'minf', 'stbl'])

/** As deep as they lie, and more than any file has. */
const MAX_DEPTH = 10

/** More than any file has, since each track has one. */
const MAX_TABLES = 10_000

/** More boxes than any index has, and as many as are looked at in a tenth of a second. */
const MAX_BOXES = 100_000

/**
 * What else may hold offsets into the file: of encrypted samples and of items; what is compressed;
 * and what says that the media data are in fragments.
 */
const UNMOVABLE = new Set(['saio', 'iloc', 'cmov', 'mvex'])

const MAX_32 = 0xffff_ffff

/**
 * The tables of a `moov`, in order.
 *
 * @returns null if it is damaged, or holds what would no longer be right once it is moved
 */
export function offsetTables(moov: Uint8Array): OffsetTable[] | null {
  const tables: OffsetTable[] = []
  for (const table of tablesIn(moov, 0, moov.length, { left: MAX_BOXES })) {
    if (table === null || tables.length === MAX_TABLES) return null
    tables.push(table)
  }
  return tables
}

/** The last is null if what follows is damaged, or would no longer be right. */
function* tablesIn(
  moov: Uint8Array,
  start: number,
  end: number,
  budget: Budget,
  depth = 0,
): Generator<OffsetTable | null> {
  for (const box of boxesIn(moov, start, end, budget)) {
    const isMovable = box !== null && !UNMOVABLE.has(box.type) && !mayHaveItems(moov, box, budget)
    if (!isMovable || depth > MAX_DEPTH) return yield null
    if (box.type === 'stco' || box.type === 'co64') yield toTable(moov, box)
    if (CONTAINERS.has(box.type)) yield* tablesIn(moov, box.content, box.end, budget, depth + 1)
  }
}

/**
 * Whether this may be a `meta` of items, which lie anywhere in the file; it has a version and
 * flags.
 */
function mayHaveItems(moov: Uint8Array, { type, content, end }: Box, budget: Budget): boolean {
  if (type !== 'meta') return false
  for (const box of boxesIn(moov, content + 4, end, budget)) if (box?.type === 'iloc') return true
  return budget.left < 0
}

function toTable(moov: Uint8Array, { type, content, end }: Box): OffsetTable | null {
  const width = type === 'co64' ? 8 : 4
  const start = content + 8
  if (start > end) return null
  const count = viewOf(moov).getUint32(content + 4)
  return count * width <= end - start ? { start, count, width } : null
}

/** How offsets change: by how much, and from where on they stay. */
export interface Move {
  readonly by: number
  readonly before: number
}

/**
 * Moves the offsets of tables, as far as they lie in these bytes of the `moov` as a whole.
 *
 * @param bytes of the `moov` from `at` on, which are changed
 * @returns false if one would need more room than it has
 */
export function moveOffsets(
  bytes: Uint8Array,
  at: number,
  tables: readonly OffsetTable[],
  { by, before }: Move,
): boolean {
  const view = viewOf(bytes)
  for (const { start, count, width } of tables) {
    const first = Math.max(0, Math.ceil((at - start) / width))
    const last = Math.min(count, Math.floor((at + bytes.length - start) / width))
    for (let i = first; i < last; i++) {
      const place = start + i * width - at
      const low = place + width - 4
      const high = width === 8 ? view.getUint32(place) : 0
      const offset = high * 2 ** 32 + view.getUint32(low)
      if (offset >= before) continue
      const moved = offset + by
      if (moved > (width === 8 ? Number.MAX_SAFE_INTEGER : MAX_32)) return false
      view.setUint32(low, moved % 2 ** 32)
      if (width === 8) view.setUint32(place, Math.floor(moved / 2 ** 32))
    }
  }
  return true
}
