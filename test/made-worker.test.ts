import { readFileSync } from 'node:fs'
import { deflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { crc32 } from '../adapters/made/zip/crc32.ts'
import { faststart } from '../adapters/mp4.ts'
import { zip } from '../adapters/zip.ts'
import { readBytes } from '../src/reader.ts'
import { fetchOnce } from './support/client.ts'
import { countingSource, someBytes } from './support/counting-source.ts'
import { startWorker, type WorkerServer } from './support/miniflare.ts'

const a = someBytes(300_000, 1)
const b = someBytes(200_001, 2)
const text = Buffer.from('All work and no play makes Jack a dull boy.\n'.repeat(5000))
const film = new Uint8Array(
  readFileSync(new URL('../examples/media/film-moov-at-end.mp4', import.meta.url)),
)

describe('in workerd, over a bucket', () => {
  let worker: WorkerServer

  beforeAll(async () => {
    const files = { 'a.bin': a, 'b.bin': b, 'film.mp4': film, 'deflated.zip': await deflated() }
    const stored = Object.entries(files).map(([name, bytes]) => [name, { bytes }] as const)
    worker = await startWorker(Object.fromEntries(stored), 'test/support/made-worker.ts')
  })

  afterAll(() => worker.stop())

  async function get(path: string, ...lines: string[]) {
    const { status, fields, body } = await fetchOnce(worker.port, [
      `GET ${path} HTTP/1.1`,
      ...lines,
    ])
    const headers = new Map(fields.map(([name, value]) => [name.toLowerCase(), value]))
    return { status, headers, body }
  }

  /** All of it, and a range over the middle. */
  async function expectBytes(path: string, expected: Uint8Array): Promise<void> {
    const whole = await get(path)
    expect([whole.status, whole.headers.get('content-length')]).toEqual([200, `${expected.length}`])
    expect(Buffer.compare(whole.body, expected)).toBe(0)
    const [first, last] = [1000, expected.length - 1000]
    const part = await get(path, `Range: bytes=${first}-${last}`)
    expect([part.status, part.headers.get('etag')]).toEqual([206, whole.headers.get('etag')])
    expect(Buffer.compare(part.body, expected.subarray(first, last + 1))).toBe(0)
    expect(whole.headers.get('etag')).toMatch(/^"/)
  }

  it('concat', () => expectBytes('/concat', Buffer.concat([a, b])))

  it('zip, and a file inside it', async () => {
    const whole = await get('/zip')
    const at = whole.body.indexOf(b.subarray(0, 50))
    expect(whole.body.subarray(at, at + b.length).equals(b)).toBe(true)
    expect(whole.body.readUInt32LE(14)).toBe(crc32(a))
    await expectBytes('/zip', whole.body)
    await expectBytes('/zip/b.bin', b)
  })

  it('a deflated file, inflated', async () => {
    const { body } = await get('/deflated.zip/text.txt', 'Accept-Encoding: identity')
    expect(body.equals(text)).toBe(true)
  })

  it('faststart', async () => {
    const moved = await faststart(countingSource(film))
    await expectBytes('/film.mp4', await readBytes(moved, 0, moved.size))
  })

  it('signed links', async () => {
    const { body } = await get(`/sign?url=${encodeURIComponent('/signed.bin')}`)
    const { headers, body: granted } = await get(body.toString())
    expect(granted.equals(a)).toBe(true)
    // The lookup has what Cloudflare tells of the client, without the signature.
    expect(headers.get('x-colo')).toMatch(/^[A-Z]{3}$/)
    expect(headers.get('x-url')).toMatch(/\/signed\.bin$/)
    expect((await get('/signed.bin')).status).toBe(403)
  })

  it('workerd does not complain', () => expect(worker.complaints()).toBe(''))
})

/** An archive of ours whose one member is made a deflated one. */
async function deflated(): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = deflateRawSync(text)
  const made = await zip([
    { name: 'text.txt', crc32: crc32(text), open: () => countingSource(bytes) },
  ])
  const archive = Buffer.from(await readBytes(made, 0, made.size))
  const central = archive.indexOf('PK\x01\x02', 0, 'latin1')
  archive.writeUInt16LE(8, 8)
  archive.writeUInt16LE(8, central + 10)
  archive.writeUInt32LE(text.length, 22)
  archive.writeUInt32LE(text.length, central + 24)
  return new Uint8Array(archive)
}
