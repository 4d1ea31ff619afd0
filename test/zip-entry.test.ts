import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { zip, zipEntry } from '../adapters/zip.ts'
import { type FileLookup, isSource } from '../src/lookup.ts'
import { readBytes } from '../src/reader.ts'
import { fileHandler } from '../src/serve.ts'
import type { FileSource } from '../src/source.ts'
import {
  type CountingSource,
  countingSource,
  someBytes,
  streamOf,
} from './support/counting-source.ts'
import { untilCollected } from './support/garbage.ts'
import { areInstalled } from './support/installed.ts'
import { readerOf } from './support/reader.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { expectNoUnhandledRejections } from './support/unhandled.ts'
import { until } from './support/wait.ts'

expectNoUnhandledRejections()

const directory = temporaryDirectory()
const text = Buffer.from('All work and no play makes Jack a dull boy.\n'.repeat(20_000))
const random = Buffer.from(someBytes(100_000))

const GZIP = { 'accept-encoding': 'br, gzip;q=0.5' }
const PLAIN = { 'accept-encoding': 'identity' }

const requestFor = (headers: Record<string, string> = PLAIN, method = 'GET') =>
  new Request('http://localhost/', { method, headers })

async function get(
  source: FileSource,
  path: string,
  headers: Record<string, string> = PLAIN,
  method = 'GET',
): Promise<Response> {
  const lookup: FileLookup = (request) => zipEntry(source, path, request, { type: 'a/b' })
  return fileHandler(lookup, { onError: () => {} })(requestFor(headers, method))
}

/** Archives of the same files, made by others. */
const PYTHON = `
import sys, zipfile
name, mode = sys.argv[1:3]
archive = zipfile.ZipFile(name, 'w')
archive.comment = b'A comment. PK\\x05\\x06 is in it.' if mode == 'comment' else b''
def write(path, data, how):
    with archive.open(zipfile.ZipInfo(path) if how == 0 else info(path), 'w', force_zip64=mode == 'zip64') as file:
        file.write(data)
def info(path):
    entry = zipfile.ZipInfo(path)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
write('random.bin', open('random.bin', 'rb').read(), 0)
write('text.txt', open('text.txt', 'rb').read(), 1)
write('Ä 北京.txt', open('text.txt', 'rb').read(), 0)
write('empty', b'', 0)
write('empty deflated', b'', 1)
if mode == 'many':
    for i in range(9000):
        archive.writestr('folder of many/%05d' % i, b'x' * i)
    write('last.txt', open('text.txt', 'rb').read(), 1)
archive.close()
`

describe.runIf(areInstalled('python3'))('a file in an archive', () => {
  const MODES = ['plain', 'comment', 'zip64', 'many', 'prepended'] as const
  const archives = new Map<string, Buffer>()
  const archive = (mode: string) => archives.get(mode) ?? Buffer.alloc(0)
  beforeAll(() => {
    writeFileSync(join(directory, 'random.bin'), random)
    writeFileSync(join(directory, 'text.txt'), text)
    for (const mode of MODES) {
      const name = `${mode}.zip`
      execFileSync('python3', ['-c', PYTHON, name, mode], { cwd: directory })
      archives.set(mode, readFileSync(join(directory, name)))
    }
    archives.set('prepended', Buffer.concat([random, archive('prepended')]))
  })

  describe.each(MODES)('%s', (mode) => {
    it('that is stored has ranges', async () => {
      const source = countingSource(archive(mode), { etag: '"z"', lastModified: new Date(0) })
      const response = await get(source, 'random.bin', { range: 'bytes=5000-59999' })
      const { status, headers } = response
      expect({
        status,
        range: headers.get('content-range'),
        type: headers.get('content-type'),
      }).toEqual({
        status: 206,
        range: 'bytes 5000-59999/100000',
        type: 'a/b',
      })
      expect(random.subarray(5000, 60_000).equals(await response.bytes())).toBe(true)
      expect(headers.get('etag')).toMatch(/^"z-[\da-z]+"$/)
      await until(() => source.closes === 1)
    })

    it('that is deflated is gzip, with ranges', async () => {
      const source = countingSource(archive(mode), { etag: '"z"' })
      const response = await get(source, 'text.txt', GZIP)
      const { headers } = response
      const bytes = await response.bytes()
      expect({
        encoding: headers.get('content-encoding'),
        length: headers.get('content-length'),
        vary: headers.get('vary'),
        ranges: headers.get('accept-ranges'),
      }).toEqual({
        encoding: 'gzip',
        length: `${bytes.length}`,
        vary: 'Accept-Encoding',
        ranges: 'bytes',
      })
      expect(gunzipSync(bytes).equals(text)).toBe(true)
      expect(headers.get('etag')).toMatch(/^"z-[\da-z]+-gz"$/)
      await until(() => source.closes === 1)
    })

    it('that is deflated is inflated for who takes no gzip', async () => {
      const source = countingSource(archive(mode), { etag: '"z"' })
      const response = await get(source, 'text.txt', { ...PLAIN, range: 'bytes=0-9' })
      const { status, headers } = response
      expect([status, headers.get('content-length'), headers.get('content-type')]).toEqual([
        200,
        null,
        'a/b',
      ])
      expect(headers.get('vary')).toBe('Accept-Encoding')
      expect(text.equals(await response.bytes())).toBe(true)
      await until(() => source.closes === 1)
    })

    it('may have any name, and be empty', async () => {
      const source = () => countingSource(archive(mode))
      const named = await get(source(), 'Ä 北京.txt')
      expect(text.equals(await named.bytes())).toBe(true)
      for (const headers of [PLAIN, GZIP]) {
        expect((await (await get(source(), 'empty', headers)).bytes()).length).toBe(0)
        const deflated = await (await get(source(), 'empty deflated', headers)).bytes()
        expect((headers === GZIP ? gunzipSync(deflated) : deflated).length).toBe(0)
      }
    })

    it.each([
      '',
      'text',
      'text.txt/',
      '/text.txt',
      'TEXT.TXT',
      'random.bin\0',
      'x'.repeat(1e5),
    ])('is not there: %s', async (path) => {
      const source = countingSource(archive(mode))
      expect(await zipEntry(source, path.slice(0, 1e5), requestFor())).toBe(null)
      await until(() => source.closes === 1)
    })
  })

  it('is found by few reads, even among thousands', async () => {
    const source = countingSource(archive('many'))
    const found = await zipEntry(source, 'last.txt', requestFor(GZIP))
    expect(found === null).toBe(false)
    const lengths = source.reads.map(([start, end]) => end - start)
    expect(lengths.length).toBeLessThan(8)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(256 * 1024)
    const small = countingSource(archive('plain'))
    await zipEntry(small, 'text.txt', requestFor(GZIP))
    expect(small.reads.length).toBe(2)
  })

  it('is a file of ours, too', async () => {
    const bytes = someBytes(50_000)
    const made = await zip([{ name: 'a', open: () => countingSource(bytes, { etag: '"a"' }) }])
    const response = await get(made, 'a')
    expect(Buffer.compare(await response.bytes(), bytes)).toBe(0)
  })

  it('has any range, of an archive that gives streams', async () => {
    const source = countingSource(archive('plain'), { read: (asked) => streamOf(asked, 3000) })
    for (const [path, headers] of [
      ['random.bin', PLAIN],
      ['text.txt', GZIP],
    ] as const) {
      const found = await zipEntry(source, path, requestFor(headers))
      if (found === null || !isSource(found)) throw new Error('Expected a source')
      const whole = await readBytes(found, 0, found.size)
      const position = fc.nat(found.size)
      await fc.assert(
        fc.asyncProperty(position, position, async (a, b) => {
          const [start, end] = [Math.min(a, b), Math.max(a, b)]
          const part = await readBytes(found, start, end)
          expect(Buffer.compare(part, whole.subarray(start, end))).toBe(0)
        }),
        { numRuns: 30 },
      )
    }
  })

  it.each<[string, string | undefined, boolean]>([
    ['none', undefined, false],
    ['gzip', 'gzip', true],
    ['GZIP among others', 'deflate, GZIP ;q=0.1, br', true],
    ['gzip;q=0', 'gzip;q=0', false],
    ['all but gzip', '*, gzip;q=0.0', false],
    ['all', '*', true],
    ['all;q=0', '*;q=0', false],
    ['others', 'br, deflate', false],
    ['the old name', 'x-gzip', true],
  ])('Accept-Encoding of %s', async (_what, accept, isGzip) => {
    const source = countingSource(archive('plain'))
    const headers = new Headers(accept === undefined ? {} : { 'accept-encoding': accept })
    const request = { method: 'HEAD', url: '/', headers }
    const found = await zipEntry(source, 'text.txt', request)
    expect(found !== null && isSource(found)).toBe(isGzip)
  })

  it('adds to the fields that it is given', async () => {
    const headers = { vary: 'Origin', 'content-type': 'c/d' }
    const found = await zipEntry(countingSource(archive('plain')), 'text.txt', requestFor(), {
      headers,
    })
    expect(found?.headers).toEqual({
      vary: 'Origin, Accept-Encoding',
      'content-type': 'c/d',
      'x-content-type-options': 'nosniff',
    })
  })

  it.each([
    ['HEAD of what is stored', 'random.bin', PLAIN],
    ['HEAD of what is encoded', 'text.txt', GZIP],
    ['HEAD of what is inflated', 'text.txt', PLAIN],
  ])('is closed after %s', async (_what, path, headers) => {
    const source = countingSource(archive('plain'))
    const response = await get(source, path, headers, 'HEAD')
    expect([response.status, (await response.bytes()).length]).toEqual([200, 0])
    await until(() => source.closes === 1)
  })

  it.each([
    ['stored', 'random.bin', PLAIN],
    ['encoded', 'text.txt', GZIP],
    ['inflated', 'text.txt', PLAIN],
  ])('%s is closed after a hang-up', async (_how, path, headers) => {
    const read = (asked: Uint8Array) => asked.subarray(0, 1000)
    const source: CountingSource = countingSource(archive('plain'), { read })
    const body = readerOf(await get(source, path, headers))
    await body.read()
    await body.cancel()
    await until(() => source.closes === 1)
  })

  it('that nobody begins to inflate is closed when that is known', async () => {
    const source = countingSource(archive('plain'))
    // As when a client hangs up while the entry is looked for, or the fields of an answer fail.
    const headers = () => {
      throw new Error('no')
    }
    const lookup: FileLookup = (request) => zipEntry(source, 'text.txt', request)
    const response = await fileHandler(lookup, { headers, onError() {} })(requestFor())
    expect(response.status).toBe(503)
    await untilCollected(() => source.closes === 1)
  })

  it('is closed when reading fails, and when it is refused', async () => {
    const broken = countingSource(archive('plain'), {
      read: () => Promise.reject(new Error('EIO')),
    })
    await expect(zipEntry(broken, 'a', requestFor())).rejects.toThrow('EIO')
    const refused = countingSource(archive('plain'))
    const headers = { a: '\u0001' }
    await expect(zipEntry(refused, 'text.txt', requestFor(), { headers })).rejects.toThrow(
      TypeError,
    )
    await until(() => broken.closes === 1 && refused.closes === 1)
  })

  it.runIf(areInstalled('7z'))(
    'that is encrypted, or compressed in another way, is none',
    async () => {
      for (const [name, option] of [
        ['encrypted', '-psecret'],
        ['bzip2', '-mm=BZip2'],
      ]) {
        execFileSync('7z', ['a', `${name}.zip`, option ?? '', 'text.txt'], { cwd: directory })
        const bytes = readFileSync(join(directory, `${name}.zip`))
        expect(await zipEntry(countingSource(bytes), 'text.txt', requestFor())).toBe(null)
      }
    },
  )

  describe('that is damaged', () => {
    /** Each byte of the records, and what stands for it. */
    it('is none, or an error, whatever becomes of a byte', async () => {
      const bytes = archive('zip64')
      const directoryAt = bytes.indexOf('PK\x01\x02', 0, 'latin1')
      const change = fc.record({
        at: fc.nat(bytes.length - directoryAt - 1),
        byte: fc.constantFrom(0, 1, 8, 0x7f, 0xff),
        path: fc.constantFrom('random.bin', 'text.txt'),
      })
      await fc.assert(
        fc.asyncProperty(change, async ({ at, byte, path }) => {
          const changed = Buffer.from(bytes)
          changed[directoryAt + at] = byte
          const source = countingSource(changed)
          const response = await get(source, path)
          const body = await response.bytes().catch(() => null)
          expect([200, 404, 503]).toContain(response.status)
          // What can't be told from the records is told by the length or by what inflates it.
          expect(body === null || body.length <= bytes.length * 20).toBe(true)
          expect(source.reads.length).toBeLessThan(40)
          await until(() => source.closes === 1)
        }),
        { numRuns: 300 },
      )
    })

    it.each<[what: string, change: (bytes: Buffer) => Buffer]>([
      ['empty', () => Buffer.alloc(0)],
      ['a text', () => text],
      ['cut at its end', (bytes) => bytes.subarray(0, -1)],
      ['cut at its front', (bytes) => bytes.subarray(200_000)],
      ['all signatures of an end', () => Buffer.from('PK\x05\x06'.repeat(20_000), 'latin1')],
      ['a directory of 4 GiB', (bytes) => withEnd(bytes, 12, 0xfffffff0)],
      ['a directory that begins elsewhere', (bytes) => withEnd(bytes, 16, 0xfffffff0)],
      ['a directory of nothing', (bytes) => withEnd(bytes, 12, 0)],
    ])('is none: %s', async (_what, change) => {
      const source = countingSource(change(Buffer.from(archive('plain'))))
      expect(await zipEntry(source, 'text.txt', requestFor())).toBe(null)
      await until(() => source.closes === 1)
      expect(source.reads.length).toBeLessThan(4)
    })

    it('says to inflate to more than any file has: it is none', async () => {
      const source = countingSource(Buffer.concat([LOCAL, CENTRAL, END]))
      expect(await zipEntry(source, 'a', requestFor())).toBe(null)
      await until(() => source.closes === 1)
    })

    it('has other bytes, deflated, than its checksum says: the body breaks off', async () => {
      const bytes = Buffer.from(archive('plain'))
      const entry = bytes.lastIndexOf('text.txt') - 46
      bytes.writeUInt32LE(bytes.readUInt32LE(entry + 16) ^ 1, entry + 16)
      const source = countingSource(bytes)
      const response = await get(source, 'text.txt')
      await expect(response.bytes()).rejects.toThrow('Expected a file of the CRC-32 ')
      await until(() => source.closes === 1)
    })

    it.each([
      ['more', 1],
      ['less', -1],
    ])('says to inflate to %s than it does: the body breaks off', async (_what, by) => {
      const bytes = Buffer.from(archive('plain'))
      const entry = bytes.lastIndexOf('text.txt') - 46
      bytes.writeUInt32LE(text.length + by, entry + 24)
      const response = await get(countingSource(bytes), 'text.txt')
      await expect(response.bytes()).rejects.toThrow()
    })
  })
})

/** The records of an archive whose only entry, `a`, is deflated and empty, and says to have 2^60 bytes. */
const LOCAL = Buffer.from(`${'PK\x03\x04'.padEnd(26, '\0')}\x01\0\0\0a`, 'latin1')
const CENTRAL = Buffer.from(
  `${'PK\x01\x02'.padEnd(10, '\0')}\b${'\0'.repeat(13)}\xff\xff\xff\xff\x01\0\x0c` +
    `${'\0'.repeat(15)}a\x01\0\b${'\0'.repeat(8)}\x10`,
  'latin1',
)
const END = Buffer.from('PK\x05\x06'.padEnd(22, '\0'), 'latin1')
END.writeUInt32LE(CENTRAL.length, 12)
END.writeUInt32LE(LOCAL.length, 16)

/** With another number in its end record. */
function withEnd(bytes: Buffer, at: number, value: number): Buffer {
  bytes.writeUInt32LE(value, bytes.length - 22 + at)
  return bytes
}
