import { viewOf } from '../../adapters/made/bytes.ts'
import { BOX_HEAD, boxesOf } from '../../adapters/made/mp4/boxes.ts'
import { readBytes } from '../../src/reader.ts'
import type { FileSource } from '../../src/source.ts'

/** Where in a film its index lies, without which a browser can't play or seek. */
export interface FilmLayout {
  readonly index: { readonly name: 'moov' | 'Cues'; readonly start: number; readonly end: number }
  /** Where the pictures and the sound begin and end, as far as it is known. */
  readonly media: { readonly start: number; readonly end: number }
}

/** More boxes than a file has before its index, unless somebody wants to keep us busy. */
const MAX_BOXES = 32

/**
 * Finds the index of an MP4 or WebM file by some small reads.
 *
 * @returns null when it is neither, or has none that can be found so
 */
export async function findFilmIndex(source: FileSource): Promise<FilmLayout | null> {
  if (source.size < BOX_HEAD) return null
  const head = await readBytes(source, 0, BOX_HEAD)
  return viewOf(head).getUint32(0) === EBML ? findCues(source) : findMoov(source, head)
}

/** What an MP4 file begins with; old ones of QuickTime have no ftyp. */
const FIRST = ['ftyp', 'moov', 'mdat', 'wide', 'free', 'skip']

async function findMoov(source: FileSource, head: Uint8Array): Promise<FilmLayout | null> {
  let index: FilmLayout['index'] | null = null
  let media: FilmLayout['media'] | null = null
  for await (const box of boxesOf(source, head, MAX_BOXES)) {
    if (box === null || (box.start === 0 && !FIRST.includes(box.type))) break
    const { type, start } = box
    // A download that goes on is cut somewhere.
    const end = Math.min(box.end, source.size)
    if (type === 'moov') index = { name: 'moov', start, end }
    // The fragments of a live recording each have an index of their own.
    if (type === 'mdat') media ??= { start, end }
    if (type === 'moof') media ??= { start, end: source.size }
    if (index !== null && media !== null) break
  }
  return index === null ? null : { index, media: media ?? { start: 0, end: source.size } }
}

// WebM: RFC 8794 and 9559. An element is its ID, its size and its data; the number of leading zero
// bits of the first byte of an ID or a size tells how many bytes it has.

const EBML = 0x1a45dfa3
const SEGMENT = 0x18538067
const SEEK_HEAD = 0x114d9b74
const SEEK = 0x4dbb
const SEEK_ID = 0x53ab
const SEEK_POSITION = 0x53ac
const CLUSTER = 0x1f43b675
const CUES = 0x1c53bb6b

/** The head of the file with its table of contents. */
const HEAD_SIZE = 64 * 1024

interface EbmlElement {
  readonly id: number
  readonly content: number
  readonly end: number
}

async function findCues(source: FileSource): Promise<FilmLayout | null> {
  const head = await readView(source, 0, Math.min(HEAD_SIZE, source.size))
  const segment = [...readElements(head, 0, head.byteLength)].find(({ id }) => id === SEGMENT)
  if (segment === undefined) return null
  let cues: number | null = null
  let media: number | null = null
  let at = segment.content
  for (const { id, content, end } of readElements(head, at, head.byteLength)) {
    if (id === SEEK_HEAD) cues = seekPosition(head, content, end, CUES) ?? cues
    if (id === CUES) cues = at - segment.content
    if (id === CLUSTER) media = at
    if (media !== null) break
    at = end
  }
  if (cues === null) return null
  const start = segment.content + cues
  if (start + 12 > source.size) return null
  const [element] = readElements(await readView(source, start, start + 12), 0, 12)
  if (element?.id !== CUES) return null
  const end = Math.min(start + element.end, source.size)
  const first = media ?? segment.content
  return {
    index: { name: 'Cues', start, end },
    media: { start: first, end: start > first ? start : source.size },
  }
}

function seekPosition(head: DataView, start: number, end: number, wanted: number): number | null {
  for (const seek of readElements(head, start, end)) {
    if (seek.id !== SEEK) continue
    let id = 0
    let position: number | null = null
    for (const part of readElements(head, seek.content, seek.end)) {
      if (part.id === SEEK_ID) id = readNumber(head, part)
      if (part.id === SEEK_POSITION) position = readNumber(head, part)
    }
    if (id === wanted) return position
  }
  return null
}

/** The elements between two places, as far as their heads lie within the view. */
function* readElements(view: DataView, start: number, end: number): Generator<EbmlElement> {
  let at = start
  while (at + 2 <= Math.min(end, view.byteLength)) {
    const idLength = Math.clz32(view.getUint8(at)) - 23
    const sizeAt = at + idLength
    if (idLength > 4 || sizeAt >= view.byteLength) return
    const sizeLength = Math.clz32(view.getUint8(sizeAt)) - 23
    const content = sizeAt + sizeLength
    if (sizeLength > 8 || content > view.byteLength) return
    const id = readNumber(view, { content: at, end: sizeAt })
    const marked = readNumber(view, { content: sizeAt, end: content })
    const size = marked - 2 ** (7 * sizeLength)
    // All ones: a live recording, whose size was not known.
    const isUnknown = size === 2 ** (7 * sizeLength) - 1
    const element = { id, content, end: isUnknown ? Number.MAX_SAFE_INTEGER : content + size }
    yield element
    at = element.end
  }
}

function readNumber(
  view: DataView,
  { content, end }: Pick<EbmlElement, 'content' | 'end'>,
): number {
  let number = 0
  for (let at = content; at < Math.min(end, view.byteLength); at++) {
    number = number * 256 + view.getUint8(at)
  }
  return number
}

async function readView(source: FileSource, start: number, end: number): Promise<DataView> {
  return viewOf(await readBytes(source, start, end))
}
