import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { inThreadPool } from '../adapters/local/calls.ts'
import { Devices } from '../adapters/local/devices/devices.ts'
import { Memory } from '../adapters/local/memory.ts'
import { type Fingerprinted, Fingerprints } from '../adapters/local/pool/fingerprint.ts'
import { nodeFile } from '../adapters/node.ts'
import { readBytes } from '../src/reader.ts'
import type { FileSource } from '../src/source.ts'
import { someBytes } from './support/counting-source.ts'
import { tagOf } from './support/entity-tag.ts'
import { canCountHandles } from './support/handles.ts'
import { temporaryDirectory } from './support/temporary.ts'

const directory = temporaryDirectory()
const MIB = 1024 * 1024

/** The date that a hosting provider gives every file that it builds. */
const BUILT = Date.UTC(2018, 9, 20) / 1000

describe('the tag of a local file', () => {
  it.each([
    ['an empty file', 0],
    ['a byte', 1],
    ['a piece', 64 * 1024],
    ['a byte more', 64 * 1024 + 1],
    ['the largest small file', MIB],
    ['a byte more than that', MIB + 1],
    ['a film', 5 * MIB + 3],
  ])('is made of the bytes of %s', async (_what, size) => {
    const path = put('sized.bin', someBytes(size), BUILT)
    expect(await etagOf(path)).toBe(tagOf(someBytes(size), BUILT * 1000))
  })

  it.each([
    ['.123999999', '18bcfe5687b', 'Tue, 14 Nov 2023 22:13:20 GMT'],
    ['.999999999', '18bcfe56be7', 'Tue, 14 Nov 2023 22:13:20 GMT'],
    ['.124', '18bcfe5687c', 'Tue, 14 Nov 2023 22:13:20 GMT'],
  ])('and the date of one from 1700000000%s have the ms that were begun', async (fraction, ms, date) => {
    const path = put('dated.bin', someBytes(MIB + 1), BUILT)
    execFileSync('touch', ['-d', `@1700000000${fraction}`, path])
    const file = await nodeFile(path)
    await file?.close?.()
    expect([file?.etag?.split('-')[1], file?.lastModified?.toUTCString()]).toEqual([ms, date])
  })

  // Deno cuts a time towards 1970.
  it.each([
    ['.000000001', 1],
    ['.123456789', 124],
    ['.124', 124],
    ['.999999999', 1000],
  ])('has the ms of 1960-05-05 01:02:03%s that are nearer to 1970', async (fraction, ms) => {
    const path = put('old.bin', someBytes(MIB + 1), BUILT)
    execFileSync('touch', ['-d', `1960-05-05 01:02:03${fraction} UTC`, path])
    const time = Date.UTC(1960, 4, 5, 1, 2, 3) + ms
    expect(await etagOf(path)).toBe(tagOf(someBytes(MIB + 1), time))
  })

  it.each([
    ['at its first byte', 0],
    ['in its midst', 500_000],
    ['at its last byte', MIB - 1],
  ])('tells a small file of the same size and date from one that differs %s', async (_where, at) => {
    const path = put('small.js', someBytes(MIB), BUILT)
    const before = await etagOf(path)
    const bytes = someBytes(MIB)
    bytes[at] = (bytes[at] ?? 0) + 1
    put('small.js', bytes, BUILT)
    expect(await etagOf(path)).not.toBe(before)
  })

  it.each([
    ['at its first byte', 0],
    ['at the last byte of its beginning', 64 * 1024 - 1],
    ['at the first byte of its end', 2 * MIB - 64 * 1024],
    ['at its last byte', 2 * MIB - 1],
    ['in its middle', MIB],
    ['at the first byte of the first sample', MIB / 4 - 2048],
    ['at the last byte of the last sample', (7 * MIB) / 4 + 2047],
  ])('tells a film of the same size and date from one that differs %s', async (_where, at) => {
    const path = put('film.mp4', someBytes(2 * MIB), BUILT)
    const before = await etagOf(path)
    const bytes = someBytes(2 * MIB)
    bytes[at] = (bytes[at] ?? 0) + 1
    put('film.mp4', bytes, BUILT)
    expect(await etagOf(path)).not.toBe(before)
  })

  it.each([
    [2 * MIB + 1, 70_000],
    [11 * MIB, MIB],
    [11 * MIB, 9 * MIB],
  ])('tells a film of %d bytes from one that differs in an eighth, from %d on', async (size, from) => {
    const path = put('rebuilt.iso', someBytes(size), BUILT)
    const before = await etagOf(path)
    const bytes = someBytes(size)
    bytes.fill(0, from, from + Math.ceil(size / 8))
    put('rebuilt.iso', bytes, BUILT)
    expect(await etagOf(path)).not.toBe(before)
  })

  it.each([
    0,
    1,
    Date.UTC(1980, 0) / 1000,
    Date.UTC(1979, 11, 31, 11) / 1000,
    BUILT,
  ])('is strong, and tells files of the time %d apart', async (time) => {
    const tags: string[] = []
    for (const content of ['app-1.js', 'app-2.js']) {
      tags.push((await etagOf(put('reproducible.html', Buffer.from(content), time))) ?? '')
    }
    expect(tags).toEqual(['app-1.js', 'app-2.js'].map((text) => tagOf(Buffer.from(text), 0)))
  })

  it('tells a film from one that took its name by mv, with its date', async () => {
    const path = put('copied.mp4', someBytes(2 * MIB), BUILT)
    const before = await etagOf(path)
    const next = put('next.mp4', someBytes(2 * MIB, 2), BUILT)
    execFileSync('cp', ['-p', next, `${path}.tmp`])
    renameSync(`${path}.tmp`, path)
    expect(await etagOf(path)).not.toBe(before)
  })

  it('is the same for the same bytes, whatever file of whatever name has them', async () => {
    const path = put('one.js', someBytes(1000), BUILT)
    copyFileSync(path, join(directory, 'other.js'))
    expect(await etagOf(join(directory, 'other.js'))).toBe(await etagOf(path))
  })

  it('is one from the first answer on, of a file written this instant', async () => {
    const path = join(directory, 'instant.mp4')
    const tags = new Set<string | undefined>()
    writeFileSync(path, someBytes(2 * MIB))
    const { mtimeMs } = statSync(path)
    do tags.add(await etagOf(path))
    while (Date.now() < mtimeMs + 200)
    expect([...tags]).toEqual([tagOf(someBytes(2 * MIB), Math.floor(mtimeMs))])
  })

  it('is weak, and another than later, while the clock has not moved', async () => {
    const path = join(directory, 'young.mp4')
    writeFileSync(path, 'young')
    const { mtimeMs } = statSync(path)
    vi.useFakeTimers({ toFake: ['Date'], now: Math.floor(mtimeMs) })
    onTestFinished(() => void vi.useRealTimers())
    const strong = tagOf(Buffer.from('young'), 0)
    expect(await etagOf(path)).toBe(`W/${strong.slice(0, -1)}-new"`)
    vi.setSystemTime(mtimeMs + 25)
    expect(await etagOf(path)).toBe(strong)
  })

  it('is weak where the file changes again and again while it is read', async () => {
    const path = put('log.txt', someBytes(9), BUILT)
    const { etag } = await describeWith(path, async (call) => {
      const read = await call()
      appendFileSync(path, 'more\n')
      return read
    })
    expect(etag).toMatch(/^W\/".+-new"$/)
  })

  it.runIf(canCountHandles)('is made once for each version', async () => {
    const path = put('once.bin', someBytes(MIB), BUILT)
    const first = await etagOf(path)
    const before = bytesRead()
    expect(await etagOf(path)).toBe(first)
    expect(bytesRead() - before).toBeLessThan(MIB / 2)
  })

  it.runIf(canCountHandles)('is made of the same read as a small body', async () => {
    const size = 64 * 1024
    // Of several: the process reads other things meanwhile, as many as half of them.
    const paths = Array.from({ length: 20 }, (_, i) => put(`hot-${i}.bin`, someBytes(size), BUILT))
    const before = bytesRead()
    for (const path of paths) {
      const source = await nodeFile(path, { keepOpen: 0 })
      expect(Buffer.compare(await bytesOf(source), someBytes(size))).toBe(0)
      await source?.close?.()
    }
    expect(bytesRead() - before).toBeLessThan(1.5 * size * paths.length)
  })
})

describe('what is read of a file for its tag', () => {
  it('is made anew of what lies in an image, which another may have replaced', async () => {
    const devices = new Devices()
    const prints = new Fingerprints(devices, new Memory())
    const tags: (string | undefined)[] = []
    for (const seed of [1, 2]) {
      const fd = openSync(put('of-image', someBytes(500, seed), BUILT), 'r')
      onTestFinished(() => closeSync(fd))
      // SquashFS has one time, in seconds.
      const stat = { ...fstatSync(fd), ino: 5, mtimeMs: BUILT * 1000, ctimeMs: BUILT * 1000 }
      vi.spyOn(devices, 'run').mockImplementation(async (_path, _dev, call) => {
        const found = await call()
        return typeof found === 'number' ? found : Object(stat)
      })
      tags.push((await prints.describe({ path: 'of-image', fd, stat })).etag)
    }
    expect(tags).toEqual([1, 2].map((seed) => tagOf(someBytes(500, seed), BUILT * 1000)))
  })

  it('is of one version, though it was rewritten meanwhile, and keeps its date', async () => {
    const path = put('midway.bin', someBytes(1000), BUILT)
    const others = someBytes(1000, 2)
    let changes = 1
    const { etag, bytes } = await describeWith(path, async (call) => {
      const read = await call()
      if (changes-- > 0) put('midway.bin', others, BUILT)
      return read
    })
    expect({ etag, bytes }).toEqual({ etag: tagOf(others, BUILT * 1000), bytes: others })
  })

  it.each([
    1000,
    70_000,
    MIB + 1,
  ])('is all of it, of %d bytes, however few a read gives at once', async (size) => {
    const path = put('slow.bin', someBytes(size), BUILT)
    const { read } = inThreadPool
    vi.spyOn(inThreadPool, 'read').mockImplementation((fd, into, start) => {
      return read(fd, into.subarray(0, 999), start)
    })
    onTestFinished(() => void vi.restoreAllMocks())
    const { etag, isRacy } = await describeWith(path, (call) => call())
    expect({ etag, isRacy }).toEqual({ etag: tagOf(someBytes(size), BUILT * 1000), isRacy: false })
  })

  it.each<[what: string, read: () => Promise<number>]>([
    ['gives less than its size', async () => 0],
    ['can not be read', () => Promise.reject(new Error('EIO'))],
  ])('is no memory that was not read: of a file that %s, there is no tag', async (_what, read) => {
    const path = put('short.bin', someBytes(1000), BUILT)
    vi.spyOn(inThreadPool, 'read').mockImplementation(read)
    onTestFinished(() => void vi.restoreAllMocks())
    const described = await describeWith(path, (call) => call())
    expect(described).toMatchObject({ etag: undefined, isRacy: true, bytes: null })
  })
})

describe('the date of a local file', () => {
  it('is cut to the ms, as every runtime can', async () => {
    const path = join(directory, 'fraction.mp4')
    writeFileSync(path, '')
    execFileSync('truncate', ['-s', '3000000', path])
    execFileSync('touch', ['-d', '2026-01-01T00:00:00.987654321Z', path])
    const { etag, lastModified } = await describeFile(path)
    const expected = new Date('2026-01-01T00:00:00.987Z')
    const tag = tagOf(new Uint8Array(3_000_000), expected.getTime())
    expect({ etag, lastModified }).toEqual({ etag: tag, lastModified: expected })
  })

  it('is none where tools date every file alike', async () => {
    const { lastModified } = await describeFile(put('zip.js', someBytes(9), 315_532_800 - 3600))
    expect(lastModified).toBe(undefined)
  })
})

function put(name: string, bytes: Uint8Array, time: number): string {
  const path = join(directory, name)
  writeFileSync(path, bytes)
  utimesSync(path, time, time)
  return path
}

/** How many bytes this process has read, of files and all else. */
function bytesRead(): number {
  return Number(/rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])
}

/** @param read makes a read, which gives how many bytes there were */
async function describeWith(
  path: string,
  read: (call: () => Promise<unknown>) => Promise<unknown>,
): Promise<Fingerprinted> {
  const devices = new Devices()
  await devices.stat(path)
  vi.spyOn(devices, 'run').mockImplementation(async (_path, _dev, call) => {
    const found = await read(call)
    return typeof found === 'number' ? found : Object(found)
  })
  const fd = openSync(path, 'r')
  onTestFinished(() => closeSync(fd))
  return new Fingerprints(devices, new Memory()).describe({ path, fd, stat: fstatSync(fd) })
}

async function describeFile(path: string): Promise<FileSource> {
  const source = await nodeFile(path, { keepOpen: 0 })
  if (source === null) throw new Error(`Expected a file at ${path}`)
  await source.close?.()
  return source
}

async function bytesOf(source: FileSource | null): Promise<Uint8Array> {
  return source ? readBytes(source, 0, source.size) : new Uint8Array(0)
}

async function etagOf(path: string): Promise<string | undefined> {
  return (await describeFile(path)).etag
}
