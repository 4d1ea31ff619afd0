import { execFileSync } from 'node:child_process'
import { closeSync, ftruncateSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crc32, crc32ByTable } from '../adapters/made/zip/crc32.ts'
import { type ChecksumProgress, Checksums, type ZipMember, zip } from '../adapters/zip.ts'
import { SourceChangedError } from '../src/errors.ts'
import { readBytes } from '../src/reader.ts'
import { serveFile } from '../src/serve.ts'
import type { FileSource } from '../src/source.ts'
import { countingSource, type Deviation, someBytes, streamOf } from './support/counting-source.ts'
import { areInstalled } from './support/installed.ts'
import { type CountingPart, countingPart, notClosedOnce } from './support/parts.ts'
import { readerOf } from './support/reader.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { expectNoUnhandledRejections } from './support/unhandled.ts'
import { until } from './support/wait.ts'

expectNoUnhandledRejections()

const directory = temporaryDirectory()

const failing: ZipMember = { name: 'f', open: () => Promise.reject(new Error('EIO')) }

const hex = (bytes: Uint8Array) => crc32(bytes).toString(16)

interface Member extends CountingPart {
  readonly name: string
}

function member(name: string, bytes: Uint8Array, deviation: Deviation = {}): Member {
  return { name, ...countingPart(bytes, deviation) }
}

/** The archive as a file. */
async function write(name: string, archive: FileSource): Promise<string> {
  const path = join(directory, name)
  writeFileSync(path, await readBytes(archive, 0, archive.size))
  await archive.close?.()
  return path
}

const FILES: [name: string, bytes: Uint8Array, date?: Date][] = [
  ['film.mp4', someBytes(300_000), new Date('2026-01-02T03:04:05Z')],
  ['empty', new Uint8Array(0), new Date('2026-01-02T03:04:06Z')],
  ['Ä 北京 🎬.txt', someBytes(10)],
  ['folder/a file', someBytes(1000, 2), new Date(0)],
  ['folder/deep/er.bin', someBytes(70_000, 3), new Date('2107-12-31T23:59:59Z')],
  ['future', someBytes(5, 4), new Date('2500-01-01')],
  ['before', someBytes(5, 5), new Date('1960-01-01')],
  ["quo'te & %20", someBytes(5, 6)],
]

/** With folders, before what is in them. */
function members(): ZipMember[] {
  const files = FILES.map(([name, bytes, lastModified]) => member(name, bytes, { lastModified }))
  return [{ name: 'folder/', lastModified: new Date(1e12) }, { name: 'none/' }, ...files]
}

/** As all readers list them. */
const LISTED = [
  '0 0 folder/',
  '0 0 none/',
  ...FILES.map(([name, bytes]) => `${bytes.length} ${hex(bytes)} ${name}`),
]

describe('an archive is right', () => {
  it.runIf(areInstalled('unzip'))('to unzip', async () => {
    const path = await write('unzip.zip', await zip(members()))
    const said = execFileSync('unzip', ['-t', path], { encoding: 'utf8' })
    expect(said).toMatch(/No errors detected in compressed data/)
    const listed = execFileSync('unzip', ['-Z', '-T', path, 'film.mp4'], {
      encoding: 'utf8',
      env: { ...process.env, TZ: 'UTC' },
    })
    expect(listed).toMatch(/-rw-r--r-- {2}\d\.\d unx +300000 b. stor 20260102\.030405 film\.mp4/)
  })

  it.runIf(areInstalled('7z'))('to 7-Zip', async () => {
    const path = await write('7z.zip', await zip(members()))
    expect(execFileSync('7z', ['t', path], { encoding: 'utf8' })).toMatch(/Everything is Ok/)
  })

  it.runIf(areInstalled('python3'))('to Python', async () => {
    const path = await write('python.zip', await zip(members()))
    const program = `
import sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
for entry in archive.infolist():
    print(len(archive.read(entry)), '%x' % entry.CRC, entry.filename)
    assert entry.is_dir() == entry.filename.endswith('/')
`
    expect(python(program, path)).toEqual(LISTED)
  })

  it.runIf(areInstalled('javac'))('to ZipFile and ZipInputStream of Java', async () => {
    const path = await write('java.zip', await zip(members()))
    const program = join(import.meta.dirname, 'programs/Unzip.java')
    const said = execFileSync('java', [program, path], { encoding: 'utf8' })
    expect(said.trimEnd().split('\n')).toEqual([...LISTED, ...LISTED])
  })

  it('if it is empty', async () => {
    const archive = await zip([])
    const bytes = await readBytes(archive, 0, archive.size)
    expect(Buffer.from(bytes).toString('hex')).toBe(`504b0506${'00'.repeat(18)}`)
  })
})

describe.runIf(areInstalled('python3'))('ZIP64 is used', () => {
  const GIB = 2 ** 30
  const zeros = (size: number): ZipMember => ({
    name: `${size} zeros`,
    size,
    etag: '"a"',
    crc32: 0,
    open: () => ({
      size,
      etag: '"a"',
      read: (start, end) => new Uint8Array(Math.min(9999, end - start)),
    }),
  })
  const list = `
import sys, zipfile
for entry in zipfile.ZipFile(sys.argv[1]).infolist():
    print(entry.file_size, entry.header_offset, entry.extract_version, entry.filename)
print(zipfile.ZipFile(sys.argv[1]).read('last').hex())
`

  it.each([
    ['of none', [2 ** 32 - 300], [20, 20]],
    ['of a size', [2 ** 32 - 1], [45, 45]],
    ['of an offset', [2 * GIB, 2 * GIB], [20, 20, 45]],
    ['of both', [5 * GIB, 6 * GIB, 1], [45, 45, 45, 45]],
  ])('where a number has no room: %s', async (what, sizes, versions) => {
    const last = { ...member('last', Buffer.from('last')) }
    const files = sizes.map((size, i) => ({ ...zeros(size), name: `${i}` }))
    const archive = await zip([...files, last])
    const path = join(directory, `large ${what}.zip`)
    await writeSparsely(path, archive, sizes)
    const listed = python(list, path)
    expect(listed.at(-1)).toBe(Buffer.from('last').toString('hex'))
    const entries = listed.slice(0, -1).map((line) => line.split(' ').map(Number))
    expect(entries.map(([size]) => size)).toEqual([...sizes, 4])
    expect(entries.map(([, , version]) => version)).toEqual(versions.slice(0, entries.length))
    const end = Buffer.from(await readBytes(archive, archive.size - 42, archive.size))
    const isLarge = end.readUInt32LE(0) === 0x07064b50
    expect(isLarge).toBe(archive.size > 2 ** 32)
  })

  it.each([0xfffe, 0xffff, 70_000])('or not, for %d entries', async (count) => {
    const archive = await zip(Array.from({ length: count }, (_, i) => ({ name: `${i}/` })))
    const path = join(directory, `${count}.zip`)
    // Python reads the directory only.
    const start = archive.size - 60 * count
    const file = openSync(path, 'w')
    ftruncateSync(file, archive.size)
    writeSync(file, await readBytes(archive, start, archive.size), 0, archive.size - start, start)
    closeSync(file)
    const program = 'import sys, zipfile; print(len(zipfile.ZipFile(sys.argv[1]).infolist()))'
    expect(python(program, path)).toEqual([`${count}`])
    const end = Buffer.from(await readBytes(archive, archive.size - 42, archive.size))
    expect(end.readUInt32LE(0) === 0x07064b50).toBe(count >= 0xffff)
  })

  /** Headers and small files; what is between them are holes. */
  async function writeSparsely(path: string, archive: FileSource, sizes: number[]): Promise<void> {
    const file = openSync(path, 'w')
    ftruncateSync(file, archive.size)
    let at = 0
    for (const size of sizes) {
      const header = Buffer.from(await readBytes(archive, at, at + 30))
      const length = 30 + header.readUInt16LE(26) + header.readUInt16LE(28)
      writeSync(file, await readBytes(archive, at, at + length), 0, length, at)
      at += length + size
    }
    const rest = await readBytes(archive, at, archive.size)
    writeSync(file, rest, 0, rest.length, at)
    closeSync(file)
  }
})

describe('an archive', () => {
  it.each<[what: string, read: NonNullable<Deviation['read']>]>([
    ['arrays', (asked) => asked],
    ['few bytes', (asked) => asked.subarray(0, 999)],
    ['streams', (asked) => streamOf(asked, 5000)],
  ])('has any range, of members that give %s', async (_what, read) => {
    const files = [1, 0, 2000, 3000].map((size, i) => member(`m${i}`, someBytes(size, i), { read }))
    const archive = await zip(files)
    const whole = await readBytes(archive, 0, archive.size)
    const position = fc.nat(archive.size)
    await fc.assert(
      fc.asyncProperty(position, position, async (a, b) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)]
        const bytes = await readBytes(archive, start, end)
        expect(Buffer.compare(bytes, whole.subarray(start, end))).toBe(0)
      }),
    )
    await archive.close?.()
    expect(notClosedOnce(files)).toEqual([])
  })

  it('says what it is', async () => {
    const headers = { 'cache-control': 'no-cache' }
    expect(await zip(members(), { headers })).toMatchObject({ type: 'application/zip', headers })
  })

  it('may have members that come one by one', async () => {
    async function* some(): AsyncGenerator<ZipMember> {
      yield member('a', someBytes(1))
      yield { name: 'b', open: () => ({ size: 5, etag: '"b"', read: () => someBytes(5) }) }
    }
    expect(await zip(some())).toMatchObject({ etag: expect.stringMatching(/^"/) })
  })

  it('learns what is not said of a member, and closes it', async () => {
    const { open, opened } = member('a', someBytes(100), { etag: '"x"' })
    const archive = await zip([{ name: 'a', open }])
    expect(opened.map(({ closes, reads }) => [closes, reads])).toEqual([[1, []]])
    const other = await zip([member('a', someBytes(100), { etag: '"x"' })])
    expect([archive.size, archive.etag]).toEqual([other.size, other.etag])
  })

  it.each<[what: string, given: Partial<ZipMember>, own: Deviation]>([
    ['of a file that has none', {}, {}],
    ['and a size', { size: 5 }, {}],
    ['and a tag', { size: 5, etag: '"a"' }, { etag: '"a"' }],
  ])('has the date that is given: %s', async (_what, given, own) => {
    const bytes = someBytes(5)
    const lastModified = new Date('2020-05-05T10:00:00Z')
    const { open } = member('a', bytes, own)
    const archive = await zip([{ name: 'a', lastModified, ...given, open }])
    const known = await zip([member('a', bytes, { lastModified })])
    const [got, expected] = await Promise.all(
      [archive, known].map((each) => readBytes(each, 0, each.size)),
    )
    expect(got).toEqual(expected)
  })

  describe('has a tag', () => {
    const a = member('a', someBytes(10), { etag: '"1"', lastModified: new Date(5000) })
    const b = member('b', someBytes(10), { etag: '"2"' })
    const tagOf = async (...given: ZipMember[]) => (await zip(given)).etag

    it('that is strong, and stays', async () => {
      expect(await tagOf(a, b)).toMatch(/^"[\da-f]{32}"$/)
      expect(await tagOf({ ...a, lastModified: new Date(5999) }, b)).toBe(await tagOf(a, b))
    })

    it.each<[what: string, others: ZipMember[]]>([
      ['names', [{ ...a, name: 'c' }, b]],
      ['tags', [{ ...a, etag: '"3"' }, b]],
      ['sizes', [{ ...a, size: 11 }, b]],
      ['dates', [{ ...a, lastModified: new Date(6000) }, b]],
      ['order', [b, a]],
      ['folders', [a, b, { name: 'c/' }]],
      ['checksums', [{ ...a, crc32: 1 }, b]],
    ])('made of their %s', async (_what, others) => {
      expect(await tagOf(...others)).not.toBe(await tagOf(a, b))
    })

    it('that is weak if one is, and none if one has none', async () => {
      expect(await tagOf(a, { ...b, etag: 'W/"2"' })).toMatch(/^W\//)
      expect(await tagOf(a, { name: 'c', size: 1, open: () => null })).toBe(undefined)
    })
  })

  it.each([
    [''],
    ['/a'],
    ['a//b'],
    ['..'],
    ['../a'],
    ['a/../b'],
    ['./a'],
    ['a\\b'],
    ['a\0'],
    ['/'],
    ['\ud800'],
    ['a'.repeat(0x10000)],
  ])('has no member named %j', async (name) => {
    await expect(zip([member(name, someBytes(1))])).rejects.toThrow(TypeError)
  })

  it.each<[what: string, given: ZipMember[], error: unknown]>([
    ['two of a name', [{ name: 'a/' }, { name: 'a/' }], TypeError],
    ['two of a name, after one that fails', [failing, { name: 'a/' }, { name: 'a/' }], TypeError],
    ['what can not be opened', [{ name: 'a', size: 1 }], TypeError],
    ['a size that is none', [{ name: 'a', size: 0.5, open: () => null }], RangeError],
    ['what is not there', [{ name: 'a', open: () => null }], Error],
  ])('has no %s', async (_what, given, error) => {
    await expect(zip(given)).rejects.toThrow(error as Error)
  })
})

describe('checksums', () => {
  const bytes = someBytes(3_000_000)
  const three = (deviation: Deviation = {}) =>
    ['a', 'b', 'c'].map((name, i) => member(name, bytes.subarray(i), { etag: '"s"', ...deviation }))
  const readOf = (given: Member[]) =>
    given.map(({ opened }) =>
      opened
        .flatMap(({ reads }) => reads)
        .reduce((sum, [start, end]) => sum + Math.min(end - start, 1e7), 0),
    )

  it('are read where a range has them, and remembered', async () => {
    const checksums = new Checksums()
    const cold = three()
    const archive = await zip(cold, { checksums })
    const second = 31 + bytes.length
    await readBytes(archive, 100, 200)
    expect(readOf(cold)).toEqual([100, 0, 0])
    await readBytes(archive, second, second + 10)
    expect(readOf(cold)).toEqual([100, bytes.length - 1, 0])
    await readBytes(archive, archive.size - 22, archive.size)
    expect(readOf(cold)).toEqual([100, bytes.length - 1, 0])
    await readBytes(archive, archive.size - 23, archive.size)
    expect(readOf(cold)).toEqual([100, bytes.length - 1, bytes.length - 2])
    const warm = three()
    const again = await zip(warm, { checksums })
    await readBytes(again, again.size - 100, again.size)
    expect(readOf(warm)).toEqual([0, 0, 0])
    await Promise.all([archive.close?.(), again.close?.()])
    expect(notClosedOnce([...cold, ...warm])).toEqual([])
  })

  it.each([
    ['another name', { name: 'x' }],
    ['another tag', { etag: '"t"' }],
    ['another id', { id: 'x' }],
  ])('are not those of %s', async (_what, other) => {
    const checksums = new Checksums()
    await checkAll([member('a', bytes, { etag: '"s"' })], checksums)
    const renamed = { ...member('a', bytes, { etag: '"s"', ...other }), ...other }
    await checkAll([renamed], checksums)
    expect(readOf([renamed])).toEqual([bytes.length])
  })

  it.each(['W/"s"', undefined])('of the tag %s are for one archive', async (etag) => {
    const checksums = new Checksums()
    for (const _ of [1, 2]) {
      const file = member('a', bytes, { etag })
      const archive = await zip([{ ...file, etag }], { checksums })
      await readBytes(archive, 0, 10)
      await readBytes(archive, archive.size - 60, archive.size)
      await archive.close?.()
      expect(readOf([file])).toEqual([bytes.length])
    }
  })

  it('are forgotten, the one least recently used first', async () => {
    const checksums = new Checksums(2)
    const known = async (name: string) => {
      const file = member(name, bytes, { etag: '"s"' })
      await checkAll([file], checksums)
      return file.opened.length === 0
    }
    const isKnown: boolean[] = []
    for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) isKnown.push(await known(name))
    expect(isKnown).toEqual([false, false, true, false, true, false])
    expect(() => new Checksums(0)).toThrow(RangeError)
  })

  it('that are needed at the same time are read once', async () => {
    const checksums = new Checksums()
    const given = [three(), three(), three()]
    await Promise.all(given.map((each) => checkAll(each, checksums)))
    const sums = given.map(readOf).reduce((all, each) => all.map((sum, i) => sum + (each[i] ?? 0)))
    expect(sums).toEqual([bytes.length, bytes.length - 1, bytes.length - 2])
  })

  it('go on where a client hung up while a read hung, and nobody reads on for it', async () => {
    const checksums = new Checksums()
    const some = (asked: Uint8Array) => asked.subarray(0, 100_000)
    const never = new Promise<Uint8Array>(() => {})
    const first = member('a', bytes, {
      etag: '"s"',
      read: (asked, start) => (start < 500_000 ? some(asked) : never),
    })
    const archive = await zip([first], { checksums })
    const reading = readBytes(archive, 0, 10).catch((error: unknown) => error)
    await until(() => first.opened[0]?.reads.length === 6)
    await archive.close?.()
    expect(await reading).toBeInstanceOf(Error)
    const second = member('a', bytes, { etag: '"s"', read: some })
    await checkAll([second], checksums)
    const [start] = second.opened[0]?.reads[0] ?? []
    expect([start, first.opened[0]?.reads.length]).toEqual([500_000, 6])
    expect(notClosedOnce([first, second])).toEqual([])
  })

  it('are read on by another one when who reads hangs up, or fails', async () => {
    const checksums = new Checksums()
    let give: () => void = () => {}
    const given = new Promise<void>((resolve) => (give = resolve))
    const waiting = (error?: Error) => async (asked: Uint8Array) => {
      await given
      if (error !== undefined) throw error
      return asked.subarray(0, 100_000)
    }
    const failing = member('a', bytes, { etag: '"s"', read: waiting(new Error('EIO')) })
    const fine = member('a', bytes, { etag: '"s"' })
    const failed = checkAll([failing], checksums).catch((error: unknown) => error)
    await until(() => failing.opened[0]?.reads.length === 1)
    const done = checkAll([fine], checksums)
    give()
    expect(await failed).toEqual(new Error('EIO'))
    await done
    expect(readOf([fine])).toEqual([bytes.length])
  })

  it('tell how far they are', async () => {
    const told: ChecksumProgress[] = []
    const file = member('a', bytes, { read: (asked) => asked.subarray(0, 2 ** 20) })
    await checkAll([file], new Checksums(), (progress) => void told.push(progress))
    expect(told.map(({ checked }) => checked)).toEqual([2 ** 20, 2 * 2 ** 20, bytes.length])
    expect(told.at(-1)).toEqual({ name: 'a', checked: bytes.length, size: bytes.length })
  })

  async function checkAll(
    given: ZipMember[],
    checksums: Checksums,
    onChecksum?: (progress: ChecksumProgress) => void,
  ): Promise<void> {
    const archive = await zip(given, { checksums, onChecksum })
    await readBytes(archive, archive.size - 22 - 47 * given.length, archive.size)
    await readBytes(archive, 0, 10)
    await archive.close?.()
  }

  it.each([
    ["the runtime's", crc32],
    ['the table', crc32ByTable],
  ])('of %s are CRC-32s', (_what, checksum) => {
    expect(checksum(new TextEncoder().encode('123456789'))).toBe(0xcbf43926)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array(), (one, other) => {
        const whole = Buffer.concat([one, other])
        // At an odd place in memory, too.
        expect(checksum(whole.subarray(one.length), checksum(one))).toBe(bitwise(whole))
      }),
    )
  })
})

/** By the definition, a bit at a time. */
function bitwise(bytes: Uint8Array): number {
  let crc = -1
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}

describe('an archive of 10 000 members', () => {
  it('opens only the one whose bytes are asked for, once checksums are known', async () => {
    const checksums = new Checksums()
    const files = () =>
      Array.from({ length: 10_000 }, (_, i) => member(`${i}.bin`, someBytes(100, i)))
    const cold = await zip(files(), { checksums })
    await readBytes(cold, cold.size - 1_000_000, cold.size)
    const warm = files()
    const archive = await zip(warm, { checksums })
    const response = await serveFile(new Request('http://localhost/'), archive)
    const body = readerOf(response)
    await body.read()
    const opened = () => warm.filter((each) => each.opened.length > 0).map(({ name }) => name)
    expect(opened()).toEqual([])
    await body.read()
    expect(opened()).toEqual(['0.bin'])
    await body.cancel()
    const middle = 5000 * (30 + 8 + 100) - 4000
    await readBytes(archive, middle, middle + 1).catch(() => {})
    expect(opened().length).toBeLessThan(3)
  })
})

describe('an archive breaks off', () => {
  const dated = (time: number) => {
    return { size: 500_000, etag: undefined, lastModified: new Date(time) }
  }
  it.each<[what: string, change: Partial<ZipMember>]>([
    ['is gone', { open: () => null }],
    ['changed', { etag: '"other"' }],
    ['has another size', { size: 500_001 }],
    ['has another date', { ...dated(5000), open: () => ({ ...dated(9000), read: someBytes }) }],
    [
      'has another weak tag',
      { etag: 'W/"a"', open: () => countingSource(someBytes(500_000), { etag: 'W/"b"' }) },
    ],
    ['has lost its tag', { etag: '"lost"', open: () => ({ size: 500_000, read: someBytes }) }],
  ])('where a member %s', async (_what, change) => {
    const files = [
      member('a', someBytes(500_000)),
      { ...member('b', someBytes(500_000)), ...change },
    ]
    const errors: unknown[] = []
    const archive = await zip(files.map((each) => ({ ...each, crc32: 1 })))
    const response = await serveFile(new Request('http://localhost/'), archive, {
      onError: (error) => void errors.push(error),
    })
    await expect(response.bytes()).rejects.toThrow()
    expect(errors).toEqual([expect.any(SourceChangedError)])
  })
})

function python(program: string, ...args: string[]): string[] {
  const env = { ...process.env, PYTHONIOENCODING: 'utf-8' }
  const said = execFileSync('python3', ['-c', program, ...args], { encoding: 'utf8', env })
  return said.trimEnd().split('\n')
}
