import { readBytes } from '../../../src/reader.ts'
import type { FileSource } from '../../../src/source.ts'
import { isEqual, partOf, viewOf, type Window } from '../bytes.ts'
import { bigUint, type Directory, findDirectory, readTail } from './end.ts'

/*
 * Where a file lies in a ZIP archive. Whatever an archive says, each read is bounded, and so is how
 * many there are: its end, the ZIP64 end if that is elsewhere, the central directory, a local
 * header.
 */

/** A file in an archive. */
export interface Stored {
  /** Its bytes in the archive, as they are encoded there: [start, end). */
  readonly start: number
  readonly end: number
  readonly isDeflated: boolean
  /** Once it is inflated. */
  readonly size: number
  readonly crc: number
}

/** An entry of the central directory. */
interface CentralEntry {
  readonly flags: number
  readonly method: number
  readonly crc: number
  readonly compressedSize: number
  readonly size: number
  /** Of the local header, from where the archive begins. */
  readonly offset: number
}

const CENTRAL_LENGTH = 46
const LOCAL_LENGTH = 30

/** How much of the directory is read at once, in bytes; more than the longest entry of it. */
const CHUNK = 256 * 1024

/** The longest directory that is looked through, in bytes: some 600 000 files. */
const MAX_DIRECTORY = 64 * 1024 * 1024

const STORED = 0
const DEFLATED = 8
const ENCRYPTED = 1

/**
 * Finds a file in an archive by its name.
 *
 * @returns null if it is not there, is encrypted, or is neither stored nor deflated, if this is no
 * archive, or one that contradicts itself, or its directory takes more than 64 MiB
 */
export async function findStored(source: FileSource, name: string): Promise<Stored | null> {
  const tail = await readTail(source)
  const directory = await findDirectory(source, tail)
  if (directory === null || directory.end - directory.start > MAX_DIRECTORY) return null
  const entry = await findEntry(source, tail, directory, new TextEncoder().encode(name))
  if (entry === null) return null
  const { flags, method, crc, compressedSize, size } = entry
  const isDeflated = method === DEFLATED
  const isReadable = (flags & ENCRYPTED) === 0 && (isDeflated || method === STORED)
  if (!isReadable || (!isDeflated && compressedSize !== size)) return null
  if (!Number.isSafeInteger(size)) return null
  const start = await startOf(source, directory.begin + entry.offset, directory.start)
  if (start === null || compressedSize > directory.start - start) return null
  return { start, end: start + compressedSize, isDeflated, size, crc }
}

async function findEntry(
  source: FileSource,
  tail: Window,
  { start, end }: Directory,
  name: Uint8Array,
): Promise<CentralEntry | null> {
  let window = tail
  for (let at = start; at + CENTRAL_LENGTH <= end; ) {
    const head = partOf(window, at, CENTRAL_LENGTH)
    const length = head === null ? CENTRAL_LENGTH : lengthOf(viewOf(head))
    const entry = partOf(window, at, length)
    if (entry === null) {
      if (at + length > end) return null
      window = { start: at, bytes: await readBytes(source, at, Math.min(end, at + CHUNK)) }
      continue
    }
    const view = viewOf(entry)
    if (view.getUint32(0, true) !== 0x0201_4b50) return null
    const extra = CENTRAL_LENGTH + view.getUint16(28, true)
    if (isEqual(entry.subarray(CENTRAL_LENGTH, extra), name)) {
      return parseEntry(view, entry.subarray(extra, extra + view.getUint16(30, true)))
    }
    at += length
  }
  return null
}

/** Of an entry, with its name, extra fields and comment. */
function lengthOf(view: DataView): number {
  const rest = [28, 30, 32].reduce((sum, field) => sum + view.getUint16(field, true), 0)
  return CENTRAL_LENGTH + rest
}

function parseEntry(view: DataView, extra: Uint8Array): CentralEntry {
  const large = largeFields(extra)
  let taken = 0
  // What has no room in the entry stands in the ZIP64 field, in this order (§4.5.3).
  const [size = 0, compressedSize = 0, offset = 0] = [24, 20, 42].map((field) => {
    const value = view.getUint32(field, true)
    if (value !== 0xffff_ffff || taken + 8 > large.length) return value
    taken += 8
    return bigUint(viewOf(large), taken - 8)
  })
  return {
    flags: view.getUint16(8, true),
    method: view.getUint16(10, true),
    crc: view.getUint32(16, true),
    compressedSize,
    size,
    offset,
  }
}

/** The ZIP64 extra field; empty if there is none. */
function largeFields(extra: Uint8Array): Uint8Array {
  const view = viewOf(extra)
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = view.getUint16(at + 2, true)
    if (view.getUint16(at, true) === 0x0001) return extra.subarray(at + 4, at + 4 + length)
    at += 4 + length
  }
  return new Uint8Array(0)
}

/** Where an entry's bytes begin; null if there is no local header of it before `end`. */
async function startOf(source: FileSource, at: number, end: number): Promise<number | null> {
  if (at + LOCAL_LENGTH > end) return null
  const view = viewOf(await readBytes(source, at, at + LOCAL_LENGTH))
  if (view.getUint32(0, true) !== 0x0403_4b50) return null
  return at + LOCAL_LENGTH + view.getUint16(26, true) + view.getUint16(28, true)
}
