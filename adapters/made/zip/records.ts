import { Fields } from './fields.ts'

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
export interface ZipRecord {
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

/** How long the fixed part of each record is, in bytes. */
const LOCAL = 30
const CENTRAL = 46
const END = 22
const ZIP64_END = 56
const ZIP64_LOCATOR = 20

/** The lengths of the extra field of a time, and of the head of the ZIP64 field. */
const TIMESTAMP = 9
const ZIP64_HEAD = 4

export function localLength(entry: ZipRecord): number {
  return LOCAL + entry.path.length + localExtra(entry)
}

/** @param offset where the local header is */
export function centralLength(entry: ZipRecord, offset: number): number {
  return CENTRAL + entry.path.length + centralExtra(entry, offset)
}

function localExtra(entry: ZipRecord): number {
  return (isLarge(entry) ? ZIP64_HEAD + 16 : 0) + timestampLength(entry)
}

function centralExtra(entry: ZipRecord, offset: number): number {
  const large = (isLarge(entry) ? 16 : 0) + (offset >= MAX_32 ? 8 : 0)
  return (large > 0 ? ZIP64_HEAD + large : 0) + timestampLength(entry)
}

function isLarge({ size }: ZipRecord): boolean {
  return size >= MAX_32
}

/** Java refuses stored entries whose checksum comes after them, so it is here (§4.4.4, bit 3). */
export function localHeader(entry: ZipRecord, crc: number): Uint8Array {
  const { path, size } = entry
  const header = new Fields(localLength(entry))
    .put(4, 0x0403_4b50)
    .put(2, isLarge(entry) ? ZIP64 : PLAIN)
    .put(2, UTF8)
    .put(2, STORED)
    .put(4, dosTime(entry))
    .put(4, crc)
    .put(4, Math.min(size, MAX_32))
    .put(4, Math.min(size, MAX_32))
    .put(2, path.length)
    .put(2, localExtra(entry))
    .add(path)
  if (isLarge(entry)) header.put(2, 0x0001).put(2, 16).put(8, size).put(8, size)
  return addTimestamp(header, entry).bytes
}

/** @param offset where the local header is */
export function centralHeader(entry: ZipRecord, crc: number, offset: number): Uint8Array {
  const { path, size } = entry
  const isFar = offset >= MAX_32
  const extra = centralExtra(entry, offset)
  const header = new Fields(centralLength(entry, offset))
    .put(4, 0x0201_4b50)
    .put(2, UNIX | ZIP64)
    .put(2, isLarge(entry) || isFar ? ZIP64 : PLAIN)
    .put(2, UTF8)
    .put(2, STORED)
    .put(4, dosTime(entry))
    .put(4, crc)
    .put(4, Math.min(size, MAX_32))
    .put(4, Math.min(size, MAX_32))
    .put(2, path.length)
    .put(2, extra)
    .put(2, 0) // comment length
    .put(2, 0) // disk
    .put(2, 0) // internal attributes
    .put(4, isFolder(entry) ? FOLDER_MODE * 0x1_0000 + DOS_FOLDER : FILE_MODE * 0x1_0000)
    .put(4, Math.min(offset, MAX_32))
    .add(path)
  const large = extra - timestampLength(entry) - ZIP64_HEAD
  if (large > 0) header.put(2, 0x0001).put(2, large)
  if (isLarge(entry)) header.put(8, size).put(8, size)
  if (isFar) header.put(8, offset)
  return addTimestamp(header, entry).bytes
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
  const hasLarge = count >= MAX_16 || length >= MAX_32 || start >= MAX_32
  const records = new Fields((hasLarge ? ZIP64_END + ZIP64_LOCATOR : 0) + END)
  if (hasLarge) {
    records
      .put(4, 0x0606_4b50)
      .put(8, ZIP64_END - 12) // length of the rest
      .put(2, UNIX | ZIP64)
      .put(2, ZIP64)
      .put(4, 0) // this disk
      .put(4, 0) // the first disk
      .put(8, count)
      .put(8, count)
      .put(8, length)
      .put(8, start)
      .put(4, 0x0706_4b50)
      .put(4, 0) // disk
      .put(8, end)
      .put(4, 1) // disks
  }
  return records
    .put(4, 0x0605_4b50)
    .put(2, 0) // this disk
    .put(2, 0) // the first disk
    .put(2, Math.min(count, MAX_16))
    .put(2, Math.min(count, MAX_16))
    .put(4, Math.min(length, MAX_32))
    .put(4, Math.min(start, MAX_32))
    .put(2, 0).bytes // comment length
}

const SLASH = 0x2f

function isFolder({ path }: ZipRecord): boolean {
  return path.at(-1) === SLASH
}

const DOS_EPOCH = Date.UTC(1980, 0)
const DOS_END = Date.UTC(2107, 11, 31, 23, 59, 58)

/** The date above the time, in steps of 2 s (§4.4.6): of no time zone, so UTC is as good as any. */
function dosTime({ lastModified }: ZipRecord): number {
  const ms = lastModified?.getTime() ?? DOS_EPOCH
  const date = new Date(Math.min(Math.max(ms, DOS_EPOCH), DOS_END))
  const day =
    ((date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate()
  const time =
    (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1)
  return day * 0x1_0000 + time
}

/** Info-ZIP's extended timestamp: the second, in UTC, as a signed number of 32 bits. */
function addTimestamp(header: Fields, entry: ZipRecord): Fields {
  if (timestampLength(entry) === 0) return header
  const isModified = 1
  return header.put(2, 0x5455).put(2, 5).put(1, isModified).put(4, secondOf(entry))
}

/** 0 if the time is not known, or has no room. */
function timestampLength(entry: ZipRecord): number {
  const second = secondOf(entry)
  return (second | 0) === second ? TIMESTAMP : 0
}

function secondOf({ lastModified }: ZipRecord): number {
  return lastModified === undefined ? Number.NaN : Math.floor(lastModified.getTime() / 1000)
}
