import { type Answer, type FileSource, readBytes } from 'byteserve'

/** How far into a file its index of segments is looked for, in bytes. */
const MAX_HEAD = 4 * 1024 * 1024

/** More boxes than a file has before it: each takes a read, which may be a request elsewhere. */
const MAX_BOXES = 32

const SIDX = 0x73696478

/**
 * An HLS playlist (RFC 8216) of a fragmented MP4: its segments are byte ranges of the file, so there is
 * nothing to cut. It needs an index of segments (`sidx`) in front, such as ffmpeg writes:
 *
 *     ffmpeg -i film.mp4 -c copy -movflags empty_moov+frag_keyframe+default_base_moof+global_sidx out.mp4
 *
 * The source stays open.
 *
 * @param uri of the file, as the playlist is to name it
 * @returns null if the file has no such index
 */
export async function hls(source: FileSource, uri: string): Promise<Answer | null> {
  const index = await findIndex(source)
  if (index === null) return null
  const { start, segments } = index
  const longest = Math.max(...segments.map(({ duration }) => duration))
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    '#EXT-X-PLAYLIST-TYPE:VOD',
    `#EXT-X-TARGETDURATION:${Math.ceil(longest)}`,
    `#EXT-X-MAP:URI="${uri}",BYTERANGE="${start}@0"`,
    ...segments.flatMap(({ start, size, duration }) => [
      `#EXTINF:${duration.toFixed(6)},`,
      `#EXT-X-BYTERANGE:${size}@${start}`,
      uri,
    ]),
    '#EXT-X-ENDLIST',
    '',
  ]
  const headers = { 'content-type': 'application/vnd.apple.mpegurl', 'cache-control': 'no-cache' }
  return { status: 200, headers, pieces: [new TextEncoder().encode(lines.join('\n'))] }
}

interface Segment {
  readonly start: number
  /** In bytes. */
  readonly size: number
  /** In seconds. */
  readonly duration: number
}

/** The index of segments, and where it is: what is before it is what every segment needs. */
async function findIndex(
  source: FileSource,
): Promise<{ start: number; segments: Segment[] } | null> {
  const limit = Math.min(source.size, MAX_HEAD)
  for (let at = 0, count = 0; at + 8 <= limit && count < MAX_BOXES; count++) {
    const head = viewOf(await readBytes(source, at, at + 8))
    const end = at + head.getUint32(0)
    if (end < at + 8 || end > limit) return null
    if (head.getUint32(4) === SIDX) {
      const segments = parseIndex(viewOf(await readBytes(source, at, end)), end)
      return segments && { start: at, segments }
    }
    at = end
  }
  return null
}

/** ISO/IEC 14496-12 §8.16.3; null if it holds no segments, or not all of its table. */
function parseIndex(box: DataView, end: number): Segment[] | null {
  const isLong = box.byteLength > 8 && box.getUint8(8) === 1
  const table = isLong ? 40 : 32
  if (box.byteLength < table) return null
  const timescale = box.getUint32(16)
  const firstOffset = isLong ? Number(box.getBigUint64(28)) : box.getUint32(24)
  const count = box.getUint16(table - 2)
  if (timescale === 0 || count === 0 || table + 12 * count > box.byteLength) return null
  const segments: Segment[] = []
  let start = end + firstOffset
  for (let at = table; segments.length < count; at += 12) {
    const size = box.getUint32(at) & 0x7fff_ffff
    segments.push({ start, size, duration: box.getUint32(at + 4) / timescale })
    start += size
  }
  return segments
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length)
}
