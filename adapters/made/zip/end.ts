import { readBytes } from '../../../src/reader.ts'
import type { FileSource } from '../../../src/source.ts'
import { partOf, viewOf, type Window } from '../bytes.ts'

/*
 * The end of an archive (APPNOTE.TXT 6.3.10, §4.3.14 to §4.3.16), by which its directory is found:
 *
 *   central directory, ZIP64 end, ZIP64 locator, end, comment
 */

const END_LENGTH = 22
const LOCATOR_LENGTH = 20
const LARGE_END_LENGTH = 56
const MAX_COMMENT = 0xffff

/** Where the central directory is, and where the archive begins: programs may stand before it. */
export interface Directory {
  readonly begin: number
  readonly start: number
  readonly end: number
}

/** The end of an archive, which is read first: the directory of a small one is in it, too. */
export async function readTail(source: FileSource): Promise<Window> {
  const longest = LOCATOR_LENGTH + END_LENGTH + MAX_COMMENT
  const start = Math.max(0, source.size - longest)
  return { start, bytes: await readBytes(source, start, source.size) }
}

/** Null if there is none, or it can't be where it is said to be. */
export async function findDirectory(source: FileSource, tail: Window): Promise<Directory | null> {
  const at = endIn(tail.bytes)
  if (at === null) return null
  const plain = viewOf(tail.bytes.subarray(at))
  let end = tail.start + at
  let length = plain.getUint32(12, true)
  let offset = plain.getUint32(16, true)
  const large = await largeEnd(source, tail, at)
  if (large !== null) {
    end = large.start
    length = bigUint(large.view, 40)
    offset = bigUint(large.view, 48)
  }
  const start = end - length
  const begin = start - offset
  return begin >= 0 ? { begin, start, end } : null
}

/** The end record, whose comment goes on to the end of the file. */
function endIn(bytes: Uint8Array): number | null {
  const view = viewOf(bytes)
  for (let at = bytes.length - END_LENGTH; at >= 0; at--) {
    if (view.getUint32(at, true) !== 0x0605_4b50) continue
    if (at + END_LENGTH + view.getUint16(at + 20, true) === bytes.length) return at
  }
  return null
}

/** The ZIP64 end record, if a locator of one stands before the end record. */
async function largeEnd(
  source: FileSource,
  tail: Window,
  at: number,
): Promise<{ start: number; view: DataView } | null> {
  const before = at - LOCATOR_LENGTH
  if (before < 0) return null
  const locator = viewOf(tail.bytes.subarray(before, at))
  if (locator.getUint32(0, true) !== 0x0706_4b50) return null
  // The offset that it tells is from where the archive begins, which need not be where the file
  // does.
  const adjacent = tail.start + before - LARGE_END_LENGTH
  for (const start of [adjacent, bigUint(locator, 8)]) {
    if (start < 0 || start + LARGE_END_LENGTH > source.size) continue
    const view = viewOf(await read(source, tail, start, LARGE_END_LENGTH))
    if (view.getUint32(0, true) === 0x0606_4b50) return { start, view }
  }
  return null
}

async function read(
  source: FileSource,
  window: Window,
  start: number,
  length: number,
): Promise<Uint8Array> {
  return partOf(window, start, length) ?? readBytes(source, start, start + length)
}

/** Beyond 2^53, where no file reaches, it is approximate. */
export function bigUint(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true)
}
