import { closeSource, readBytes } from '../../../src/reader.ts'
import type { FileSource, NativeRead, Read } from '../../../src/source.ts'
import { withoutDigests } from '../../site/digest.ts'
import { derivedTag } from '../../site/overlay.ts'
import type { TreeFile } from '../../site/tree.ts'
import { sliced } from '../bytes.ts'
import { expectSource } from '../part.ts'
import { inRow } from '../row.ts'
import { moveOffsets } from './index-box.ts'
import type { IndexMove } from './plan.ts'
import { Plans } from './plans.ts'

/** Options of `faststart`. */
export interface FaststartOptions {
  /**
   * What the file is called, if others may have the same tag and size: what was found out of a file
   * is remembered by these three.
   */
  readonly id?: string | undefined
}

/**
 * An MP4 whose index (`moov`) is at its end, as if it were at the front, so that it starts to play
 * with the first request: nothing is rewritten, and the index is patched as it is sent. The same
 * size, byte for byte what `qt-faststart` writes, and a tag of its own, made of the file's.
 *
 * The first time, the heads of the outermost boxes and the index are read. What was found is
 * remembered if the file has a strong tag: then nothing is read but what is asked for.
 *
 * @returns the same source if there is nothing to move: the index is at the front, or compressed,
 * or has no room for an offset that has grown; the film is fragmented, or encrypted; it is no MP4,
 * or a damaged one; or it is of another server without ranges or a strong tag
 * @throws as a rejection, what reading throws; the source is then closed
 *
 * @example
 * ```ts
 * const film = await nodeFile('film.mp4')
 * serveFile(request, film && (await faststart(film)))
 * ```
 */
export function faststart(
  source: FileSource,
  { id = '' }: FaststartOptions = {},
): Promise<FileSource> {
  return withIndexFirst(source, everywhere, id)
}

/** What was found of files of which nobody says where they are from. */
const everywhere = new Plans()

/** As `faststart`, by what is known of where the file is from, and called there. */
export async function withIndexFirst(
  source: FileSource,
  plans: Plans,
  name: string,
): Promise<FileSource> {
  expectSource(source)
  // What is read to make a plan would be lost to the client.
  if (source.read.native?.isOnce) return source
  try {
    const plan = await plans.of(source, name)
    return plan === null ? source : moved(source, plan)
  } catch (error) {
    void closeSource(source)
    throw error
  }
}

function moved(source: TreeFile, plan: IndexMove): TreeFile {
  const { size, type, etag, lastModified, headers, isLive } = source
  return {
    size,
    type,
    etag: derivedTag(etag, 'faststart'),
    lastModified,
    headers: headers && withoutDigests(headers),
    isLive,
    read: readMoved(source, plan),
    close: () => source.close?.(),
  }
}

/** The same bytes in another order: what is before the index, the index, media data, the rest. */
function readMoved(source: FileSource, plan: IndexMove): Read {
  const { at, start, end } = plan
  const length = end - start
  // Few responses need more than media data, which are together in the file.
  let row: Pick<FileSource, 'read'> | null = null
  /** How far bytes were moved that are together in the file; null if they are not. */
  const shiftOf = (from: number, to: number): number | null => {
    if (from >= at + length && to <= end) return length
    return to <= at || from >= end ? 0 : null
  }
  const read: Read = (from, to, into) => {
    const shift = shiftOf(from, to)
    if (shift !== null) return source.read(from - shift, to - shift, into)
    row ??= inOrder(source, plan)
    return row.read(from, to, into)
  }
  return Object.assign(read, { native: nativeRead(source, shiftOf) })
}

function inOrder(source: FileSource, plan: IndexMove): Pick<FileSource, 'read'> {
  const { at, start, end } = plan
  return inRow([
    sliced(source, 0, at),
    { size: end - start, read: (from: number, to: number) => readIndex(source, plan, from, to) },
    sliced(source, at, start),
    sliced(source, end, source.size),
  ])
}

function nativeRead(
  { read }: FileSource,
  shiftOf: (from: number, to: number) => number | null,
): NativeRead | undefined {
  const { native } = read
  if (native === undefined) return undefined
  return {
    body(from, to) {
      const shift = shiftOf(from, to)
      return shift === null ? null : (native.body?.(from - shift, to - shift) ?? null)
    },
    sync(from, to) {
      const shift = shiftOf(from, to)
      return shift === null ? null : (native.sync?.(from - shift, to - shift) ?? null)
    },
    bufferLimit: native.bufferLimit,
  }
}

/** How much of the index is patched at once, in bytes. */
const CHUNK = 256 * 1024

/** What a range of bytes may cut of an offset, on either side. */
const CUT = 7

/** The bytes [from, to) of the index, moved; fewer if they are many. */
async function readIndex(
  source: FileSource,
  { start, end, tables, move }: IndexMove,
  from: number,
  to: number,
): Promise<Uint8Array> {
  const stop = Math.min(to, from + CHUNK)
  const first = Math.max(0, from - CUT)
  const last = Math.min(end - start, stop + CUT)
  // A copy, which `slice` of a Buffer is not: what a source gives may be its own.
  const bytes = new Uint8Array(await readBytes(source, start + first, start + last))
  moveOffsets(bytes, first, tables, move)
  return bytes.subarray(from - first, stop - first)
}
