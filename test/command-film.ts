import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'

interface Box {
  readonly type: string
  /** Where the box starts in the file, and where its content does. */
  readonly start: number
  readonly content: number
  readonly end: number
}

const CONTAINERS = ['moov', 'trak', 'mdia', 'minf', 'stbl']

/**
 * Writes an MP4 film again with a hole of `gap` bytes in the middle of its media, the chunk offsets
 * moved accordingly: what lies behind can't be had by reading on, only by asking for it.
 */
export function writeStretched(from: string, to: string, gap: number): void {
  const film = readFileSync(from)
  const boxes = [...readBoxes(film, 0, film.length)]
  const media = boxes.find(({ type }) => type === 'mdat')
  const tables = boxes.filter(({ type }) => type === 'stco')
  if (media === undefined || tables.length === 0) throw new Error(`Expected an MP4 film in ${from}`)
  const offsets = tables.flatMap((table) => [...chunkOffsets(film, table)])
  const middle = (media.content + media.end) / 2
  const hole = Math.min(...offsets.map(({ offset }) => offset).filter((offset) => offset > middle))
  for (const { at, offset } of offsets) {
    if (offset >= hole) film.writeUInt32BE(offset + gap, at)
  }
  film.writeUInt32BE(media.end - media.start + gap, media.start)
  const fd = openSync(to, 'w')
  writeSync(fd, film, 0, hole, 0)
  writeSync(fd, film, hole, film.length - hole, hole + gap)
  closeSync(fd)
}

/** ISO/IEC 14496-12 §4.2: a box is its size in 32 bits, its type, and what it holds. */
function* readBoxes(film: Buffer, start: number, end: number): Generator<Box> {
  for (let at = start; at < end; at += film.readUInt32BE(at)) {
    const type = film.toString('latin1', at + 4, at + 8)
    const box = { type, start: at, content: at + 8, end: at + film.readUInt32BE(at) }
    yield box
    if (CONTAINERS.includes(type)) yield* readBoxes(film, box.content, box.end)
  }
}

/** ISO/IEC 14496-12 §8.7.5: after four bytes of version and flags, a count, then the offsets. */
function* chunkOffsets(film: Buffer, { content, end }: Box) {
  for (let at = content + 8; at < end; at += 4) yield { at, offset: film.readUInt32BE(at) }
}
