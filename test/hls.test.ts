import { describe, expect, it } from 'vitest'
import { hls } from '../examples/hls.ts'
import { countingSource } from './support/counting-source.ts'
import { box } from './support/mp4.ts'

const ftyp = box('ftyp', 'isom')

/** An index of segments of one second each (ISO/IEC 14496-12 §8.16.3). */
function sidx(change: { sizes?: number[]; count?: number; timescale?: number } = {}): Buffer {
  const { sizes = [1000, 2000], timescale = 90_000 } = change
  const { count = sizes.length } = change
  const head = Buffer.alloc(24)
  head.writeUInt32BE(timescale, 8)
  head.writeUInt16BE(count, 22)
  const references = sizes.map((size) => {
    const reference = Buffer.alloc(12)
    reference.writeUInt32BE(size)
    reference.writeUInt32BE(90_000, 4)
    return reference
  })
  return box('sidx', head, ...references)
}

describe('hls', () => {
  it('lists the segments of an index', async () => {
    const playlist = await hls(countingSource(Buffer.concat([ftyp, box('moov'), sidx()])), 'a.mp4')
    const start = ftyp.length + 8
    const first = start + sidx().length
    const lines = String(Buffer.from((playlist?.pieces[0] ?? []) as Uint8Array)).split('\n')
    expect(lines.slice(3)).toEqual([
      '#EXT-X-TARGETDURATION:1',
      `#EXT-X-MAP:URI="a.mp4",BYTERANGE="${start}@0"`,
      '#EXTINF:1.000000,',
      `#EXT-X-BYTERANGE:1000@${first}`,
      'a.mp4',
      '#EXTINF:1.000000,',
      `#EXT-X-BYTERANGE:2000@${first + 1000}`,
      'a.mp4',
      '#EXT-X-ENDLIST',
      '',
    ])
  })

  it.each([
    ['no index', Buffer.concat([ftyp, box('moov')])],
    ['an index without segments', sidx({ sizes: [] })],
    ['an index that is cut', sidx({ count: 3 })],
    ['an index without a table', box('sidx', Buffer.alloc(20))],
    ['an empty index', box('sidx')],
    ['an index without a unit of time', sidx({ timescale: 0 })],
  ])('has no playlist of %s', async (_what, bytes) => {
    expect(await hls(countingSource(bytes), 'a.mp4')).toBe(null)
  })

  it('looks at few boxes, however many there are', async () => {
    const source = countingSource(Buffer.alloc(1_000_000, box('free')))
    expect(await hls(source, 'a.mp4')).toBe(null)
    expect(source.reads.length).toBeLessThan(50)
  })
})
