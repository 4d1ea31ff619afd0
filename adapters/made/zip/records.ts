/*
 * The records of a ZIP archive (APPNOTE.TXT 6.3.10), of stored entries:
 *
 *   local header, bytes      §4.3.7   for each entry
 *   …
 *   central header           §4.3.12  for each entry
 *   …
 *   ZIP64 end and locator    §4.3.14  if a number below has no room in the end
 *   end                      §4.3.16
 */

/** What the records say of one entry, besides its checksum. */
export interface Entry {
  /** In UTF-8, with slashes between, and one at the end of a folder's. */
  readonly path: Uint8Array
  /** In bytes. */
  readonly size: number
  readonly lastModified?: Date | undefined
}

/** What does not fit is all ones here, and stands in a ZIP64 field. */
const MAX_16 = 0xffff
const MAX_32 = 0xffff_ffff

/** A version of the specification: 2.0 for folders, 4.5 for ZIP64. */
const PLAIN = 20
const ZIP64 = 45

/** Made on Unix, whose file modes are in the upper half of the external attributes (§4.4.2). */
const UNIX = 3 << 8
const FILE_MODE = 0o100644
const FOLDER_MODE = 0o040755
const DOS_FOLDER = 0x10

/** The name is UTF-8 (§4.4.4). */
const UTF8 = 0x0800
const STORED = 0

/** Java refuses stored entries whose checksum comes after them, so it is here (§4.4.4, bit 3). */
export function localHeader(entry: Entry, crc: number): Uint8Array {
  const { path } = entry
  const isLarge = entry.size >= MAX_32
  const size = isLarge ? MAX_32 : entry.size
  const extra = join(
    isLarge ? little([2, 0x0001], [2, 16], [8, entry.size], [8, entry.size]) : NOTHING,
    timestamp(entry),
  )
  return join(
    little(
      [4, 0x0403_4b50],
      [2, isLarge ? ZIP64 : PLAIN],
      [2, UTF8],
      [2, STORED],
      [4, dosTime(entry)],
      [4, crc],
      [4, size],
      [4, size],
      [2, path.length],
      [2, extra.length],
    ),
    path,
    extra,
  )
}

/** @param offset where the local header is */
export function centralHeader(entry: Entry, crc: number, offset: number): Uint8Array {
  const { path } = entry
  const isLarge = entry.size >= MAX_32
  const isFar = offset >= MAX_32
  const size = isLarge ? MAX_32 : entry.size
  const large: Field[] = isLarge
    ? [
        [8, entry.size],
        [8, entry.size],
      ]
    : []
  if (isFar) large.push([8, offset])
  const extra = join(
    large.length > 0 ? little([2, 0x0001], [2, 8 * large.length], ...large) : NOTHING,
    timestamp(entry),
  )
  return join(
    little(
      [4, 0x0201_4b50],
      [2, UNIX | ZIP64],
      [2, isLarge || isFar ? ZIP64 : PLAIN],
      [2, UTF8],
      [2, STORED],
      [4, dosTime(entry)],
      [4, crc],
      [4, size],
      [4, size],
      [2, path.length],
      [2, extra.length],
      [2, 0], // comment length
      [2, 0], // disk
      [2, 0], // internal attributes
      [4, isFolder(entry) ? FOLDER_MODE * 0x1_0000 + DOS_FOLDER : FILE_MODE * 0x1_0000],
      [4, isFar ? MAX_32 : offset],
    ),
    path,
    extra,
  )
}

/**
 * What comes last.
 *
 * @param count of entries
 * @param start where the central headers begin
 * @param end where they end, and these records begin
 */
export function endRecords(count: number, start: number, end: number): Uint8Array {
  const length = end - start
  const [shownCount, shownLength, shownStart] = [
    Math.min(count, MAX_16),
    Math.min(length, MAX_32),
    Math.min(start, MAX_32),
  ]
  const isLarge = shownCount === MAX_16 || shownLength === MAX_32 || shownStart === MAX_32
  const large = [
    little(
      [4, 0x0606_4b50],
      [8, 44], // length of the rest
      [2, UNIX | ZIP64],
      [2, ZIP64],
      [4, 0], // this disk
      [4, 0], // the first disk
      [8, count],
      [8, count],
      [8, length],
      [8, start],
    ),
    little(
      [4, 0x0706_4b50],
      [4, 0], // disk
      [8, end],
      [4, 1], // disks
    ),
  ]
  const plain = little(
    [4, 0x0605_4b50],
    [2, 0], // this disk
    [2, 0], // the first disk
    [2, shownCount],
    [2, shownCount],
    [4, shownLength],
    [4, shownStart],
    [2, 0], // comment length
  )
  return join(...(isLarge ? large : []), plain)
}

const SLASH = 0x2f

function isFolder({ path }: Entry): boolean {
  return path.at(-1) === SLASH
}

const DOS_EPOCH = Date.UTC(1980, 0)
const DOS_END = Date.UTC(2107, 11, 31, 23, 59, 58)

/** The date above the time, in steps of 2 s (§4.4.6): of no time zone, so UTC is as good as any. */
function dosTime({ lastModified }: Entry): number {
  const ms = lastModified?.getTime() ?? DOS_EPOCH
  const date = new Date(Math.min(Math.max(ms, DOS_EPOCH), DOS_END))
  const day =
    ((date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate()
  const time =
    (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1)
  return day * 0x1_0000 + time
}

/** Info-ZIP's extended timestamp: the second, in UTC, as a signed number of 32 bits. */
function timestamp({ lastModified }: Entry): Uint8Array {
  if (lastModified === undefined) return NOTHING
  const second = Math.floor(lastModified.getTime() / 1000)
  const isModified = 1
  return (second | 0) === second
    ? little([2, 0x5455], [2, 5], [1, isModified], [4, second])
    : NOTHING
}

const NOTHING = new Uint8Array(0)

type Field = readonly [width: 1 | 2 | 4 | 8, value: number]

/** Numbers, each in its width in bytes, the least significant byte first. */
function little(...fields: Field[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [width]) => sum + width, 0)))
  let at = 0
  for (const [width, value] of fields) {
    if (width === 1) view.setUint8(at, value)
    else if (width === 2) view.setUint16(at, value, true)
    else view.setUint32(at, value, true)
    if (width === 8) view.setUint32(at + 4, Math.floor(value / 2 ** 32), true)
    at += width
  }
  return new Uint8Array(view.buffer)
}

function join(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
