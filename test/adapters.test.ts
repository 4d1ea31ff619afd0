import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  openAsBlob,
  openSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { blobFile } from '../adapters/blob.ts'
import { hasGrown, learnEnds, learnEndsSync } from '../adapters/local/ends.ts'
import { type HeldFile, holdFile } from '../adapters/local/held-file.ts'
import { type Handle, openFile } from '../adapters/local/open-file.ts'
import { findFile } from '../adapters/local/shared-files.ts'
import { localTree } from '../adapters/local/tree.ts'
import { nodeDirectory, nodeFile } from '../adapters/node.ts'
import { mediaType } from '../adapters/site/media-type.ts'
import { SourceChangedError } from '../src/errors.ts'
import type { FileSource } from '../src/source.ts'
import { describeSource } from './contract.ts'
import { someBytes } from './support/counting-source.ts'
import { canCountHandles, openHandles } from './support/handles.ts'
import { changesThat, localFiles, namedFiles, pathLookup, putFile } from './support/local-files.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { until } from './support/wait.ts'

const directory = temporaryDirectory()

describeSource('a source in memory', {
  make: (bytes) => ({
    open: () => ({ size: bytes.length, read: (start, end) => bytes.subarray(start, end) }),
  }),
})

describeSource('blobFile of a Blob', {
  make: (bytes) => ({ open: () => blobFile(new Blob([bytes])) }),
})

describeSource('blobFile of openAsBlob', {
  ...localFiles(directory, async (path) => blobFile(await openAsBlob(path))),
  // Node compares size and time before each read; what was removed is gone.
  changes: changesThat(() => 'broken'),
})

describeSource(
  'nodeFile',
  namedFiles(directory, (path) => nodeFile(path, { keepOpen: 0 })),
)

const lookUp = pathLookup(directory, nodeDirectory(directory, { keepOpen: 0 }))
describeSource('nodeDirectory', namedFiles(directory, lookUp))

describe('nodeFile', () => {
  // A whole second: utimes takes a double, which can't hold every ms.
  const NOW = Math.floor(Date.now() / 1000) * 1000
  const hour = 3_600_000
  it.each([
    ['an hour ago', NOW - hour, '', NOW - hour],
    ['in the future', NOW + hour, 'W/', NOW + hour],
    ['two seconds after the epoch', 2000, '', 2000],
    // Archives and images built to be reproducible date every version so.
    ['at the epoch', 0, 'W/', undefined],
    ['a second after the epoch', 1000, 'W/', undefined],
    ['when ZIP began', Date.UTC(1980, 0), 'W/', undefined],
    ['half a second later', Date.UTC(1980, 0) + 500, '', Date.UTC(1980, 0) + 500],
    ['as buildpacks do', Date.UTC(1980, 0) + 1000, 'W/', undefined],
    ['as npm does', Date.UTC(1985, 9, 26, 8, 15), 'W/', undefined],
  ])('of a file modified %s', async (_when, modified, strength, lastModified) => {
    const path = join(directory, 'dated.mp4')
    writeFileSync(path, someBytes(0x1234))
    utimesSync(path, modified / 1000, modified / 1000)
    // On a busy machine, the second in which its tag is new may be over before it is found.
    vi.useFakeTimers({ toFake: ['Date'], now: Math.ceil(statSync(path).ctimeMs) })
    onTestFinished(() => void vi.useRealTimers())
    const source = await nodeFile(path)
    await source?.close?.()
    const stamp = lastModified ?? Math.floor(statSync(path).ctimeMs / 1000) * 1000
    const state = lastModified === undefined ? '-new' : ''
    expect({ ...source, lastModified: source?.lastModified?.getTime() }).toEqual({
      size: 0x1234,
      type: 'video/mp4',
      etag: `${strength}"1234-${stamp.toString(16)}${state}"`,
      lastModified,
      headers: undefined,
      read: expect.any(Function),
      close: expect.any(Function),
    })
  })

  it('tells versions of one date apart', async () => {
    const path = join(directory, 'reproducible.html')
    const etagOf = async (content: string) => {
      writeFileSync(path, content)
      utimesSync(path, 1, 1)
      const source = await nodeFile(path)
      await source?.close?.()
      return source?.etag
    }
    const first = await etagOf('app-1.js')
    // The clock of files is some ms behind.
    const next = 1000 * Math.ceil(statSync(path).ctimeMs / 1000) + 20
    await until(() => Date.now() > next)
    expect(await etagOf('app-2.js')).not.toBe(first)
  })

  it('cuts the time of a file to the ms, as every runtime can', async () => {
    const path = join(directory, 'fraction.mp4')
    execFileSync('touch', ['-d', '2026-01-01T00:00:00.987654321Z', path])
    const source = await nodeFile(path)
    await source?.close?.()
    const lastModified = new Date('2026-01-01T00:00:00.987Z')
    expect({ etag: source?.etag, lastModified: source?.lastModified }).toEqual({
      etag: `"0-${lastModified.getTime().toString(16)}"`,
      lastModified,
    })
  })

  // In its first second a file may change once more without changing its time: a client that saw it
  // then must not be told later that nothing changed.
  it.each([
    ['of now', null, (opaque: string) => `"${opaque}"`],
    ['of the epoch', 0, (opaque: string) => `W/"${opaque}"`],
  ])('a file %s has a weak tag of its own, and soon another', async (when, date, later) => {
    const path = join(directory, `young ${when}.mp4`)
    const find = async () => {
      const source = await nodeFile(path)
      await source?.close?.()
      return source?.etag ?? ''
    }
    writeFileSync(path, 'young')
    if (date !== null) utimesSync(path, date, date)
    const { mtimeMs, ctimeMs } = statSync(path)
    const stamp = date === null ? Math.floor(mtimeMs) : Math.floor(ctimeMs / 1000) * 1000
    const opaque = `5-${stamp.toString(16)}`
    vi.useFakeTimers({ toFake: ['Date'], now: stamp })
    onTestFinished(() => void vi.useRealTimers())
    expect(await find()).toBe(`W/"${opaque}-new"`)
    vi.setSystemTime(stamp + 2000)
    expect(await find()).toBe(later(opaque))
  })

  it.each([
    ['of today for a second', null, 1000],
    // Deno knows to the second when it came.
    ['of the epoch for two', 0, 2000],
  ])('a file %s has that tag', async (when, date, end) => {
    const path = join(directory, `timed ${when}.mp4`)
    writeFileSync(path, 'timed')
    if (date !== null) utimesSync(path, date, date)
    const { mtimeMs, ctimeMs } = statSync(path)
    const stamp = date === null ? Math.floor(mtimeMs) : Math.floor(ctimeMs / 1000) * 1000
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const isNew: unknown[] = []
    for (const now of [-1, 0, end - 1, end]) {
      vi.setSystemTime(stamp + now)
      const source = await nodeFile(path, { keepOpen: 0 })
      await source?.close?.()
      isNew.push(source?.etag?.endsWith('-new"'))
    }
    expect(isNew).toEqual([false, true, true, false])
  })

  it('takes another media type and further fields', async () => {
    const path = join(directory, 'plain')
    writeFileSync(path, '')
    const headers = { 'Cache-Control': 'no-cache' }
    const [named, unnamed] = [await nodeFile(path, { type: 'a/b', headers }), await nodeFile(path)]
    await Promise.all([named?.close?.(), unnamed?.close?.()])
    expect([named?.type, named?.headers, unnamed?.type]).toEqual(['a/b', headers, undefined])
  })

  it('refuses to read once it is closed, and may be closed twice', async () => {
    const source = await openSource(someBytes(100))
    await source.close?.()
    await source.close?.()
    await expect(source.read(0, 1)).rejects.toThrow('was read after it was closed')
  })

  it('fills the buffer that it is given, and no more', async () => {
    const bytes = someBytes(100_000)
    const source = await openSource(bytes)
    const into = new Uint8Array(70_000)
    const chunk = await source.read(10, 100_000, into)
    expect({ isInto: chunk instanceof Uint8Array && chunk.buffer === into.buffer, into }).toEqual({
      isInto: true,
      into: bytes.slice(10, 70_010),
    })
    const short = await source.read(20, 25, into)
    expect(short).toEqual(bytes.subarray(20, 25))
    await source.close?.()
  })
})

describe('a file that is held', () => {
  it.runIf(canCountHandles).each([
    ['a read', [0]],
    ['each of several reads', [0, 1, 2, 3]],
  ])('is closed only when %s under way is done', async (_what, starts) => {
    const bytes = someBytes(1_000_000)
    const path = putFile(directory, bytes)
    const file = (await findFile(path, { keepOpen: 0 })) ?? never()
    const reads = starts.map((start) => file.read(start, start + 9))
    const closed = file.close()
    expect(openHandles(path)).toBe(1)
    const read = await Promise.all(reads)
    expect(read.map((chunk) => [...chunk])).toEqual(
      starts.map((start) => [...bytes.subarray(start, start + 9)]),
    )
    await closed
    expect(openHandles(path)).toBe(0)
  })

  it('reads less at once when many are open', async () => {
    const path = join(directory, 'many.bin')
    writeFileSync(path, someBytes(1_000_000))
    utimesSync(path, 5000, 5000)
    const sizeOfChunk = async ({ read }: HeldFile) => (await read(0, 1_000_000)).length / 1024
    const files: HeldFile[] = []
    const sizes: number[] = []
    for (const count of [1, 64, 128, 256, 600]) {
      while (files.length < count) {
        const file = await findFile(path)
        if (file !== null) files.push(file)
      }
      sizes.push(await sizeOfChunk(files[0] ?? never()))
    }
    await Promise.all(files.map((file) => file.close()))
    const alone = (await findFile(path)) ?? never()
    sizes.push(await sizeOfChunk(alone))
    await alone.close()
    expect(sizes).toEqual([512, 256, 128, 64, 32, 512])
  })

  it('sees a file grow whose new time came before its new size', async () => {
    const bytes = someBytes(1000)
    const path = putFile(directory, bytes)
    utimesSync(path, 5000, 5000)
    const file = (await findFile(path, { keepOpen: 0 })) ?? never()
    utimesSync(path, 6000, 6000)
    const read = file.read(0, 1000)
    setTimeout(() => appendFileSync(path, 'more'))
    expect(new Uint8Array(await read)).toEqual(bytes)
    await file.close()
  })

  it('sees a file grow while one buffer is used again and again', async () => {
    const bytes = someBytes(300_000)
    const path = putFile(directory, bytes)
    const file = (await findFile(path)) ?? never()
    const into = Buffer.alloc(100_000)
    await file.read(0, 300_000, into)
    appendFileSync(path, 'more')
    expect(Buffer.compare(await file.read(100_000, 300_000, into), bytes.subarray(1e5, 2e5))).toBe(
      0,
    )
    expect(Buffer.compare(await file.read(200_000, 300_000, into), bytes.subarray(2e5))).toBe(0)
    await file.close()
  })

  it.each([
    ['at once', 0],
    ['a second later', 1000],
  ])('sees a file grow, and then change without another time, when it is read %s', async (_when, later) => {
    const path = putFile(directory, someBytes(1000))
    utimesSync(path, 5000, 5000)
    const file = (await findFile(path, { keepOpen: 0 })) ?? never()
    // As where times are whole seconds.
    const now = Math.floor(Date.now() / 1000)
    vi.useFakeTimers({ toFake: ['Date'], now: now * 1000 + 500 })
    onTestFinished(() => void vi.useRealTimers())
    appendFileSync(path, 'more')
    utimesSync(path, now, now)
    expect((await file.read(0, 1000)).length).toBe(1000)
    writeFileSync(path, someBytes(1004, 2))
    utimesSync(path, now, now)
    vi.setSystemTime(now * 1000 + 500 + later)
    await expect(file.read(0, 1000)).rejects.toThrow(SourceChangedError)
    await file.close()
  })

  it('takes a URL whose path is escaped, and even no media type', async () => {
    const path = join(directory, 'a b%.mp4')
    writeFileSync(path, '')
    const typed = await nodeFile(pathToFileURL(path))
    const untyped = await nodeFile(path, { type: '' })
    expect([typed?.type, untyped?.type]).toEqual(['video/mp4', ''])
    await Promise.all([typed?.close?.(), untyped?.close?.()])
  })

  it('sees a short file grow', async () => {
    const bytes = someBytes(100)
    const path = putFile(directory, bytes)
    const file = (await findFile(path, { keepOpen: 0 })) ?? never()
    appendFileSync(path, 'more')
    expect(new Uint8Array(await file.read(0, 100))).toEqual(bytes)
    await file.close()
  })

  it('fails as a read of it does, although it is still the same', async () => {
    const path = putFile(directory, someBytes(1000))
    const handle = openFile(path, () => true) ?? never()
    // A descriptor for writing alone tells the version, and gives no bytes.
    const fd = openSync(path, 'a')
    const file = holdFile({ ...handle, fd }, () => closeSync(fd))
    await expect(file.read(0, 9)).rejects.toThrow('EBADF')
    await file.close()
    closeSync(handle.fd)
  })

  it('takes no more memory than a read may give', async () => {
    const file = (await findFile(putFile(directory, someBytes(10)))) ?? never()
    expect((await file.read(0, 9)).buffer.byteLength).toBe(9)
    await file.close()
  })

  it('does not take a rewrite for more growth, once it saw a file grow', async () => {
    const path = putFile(directory, someBytes(1000))
    const file = (await findFile(path, { keepOpen: 0 })) ?? never()
    appendFileSync(path, someBytes(500, 2))
    await file.read(0, 100)
    const written = openSync(path, 'r+')
    writeSync(written, someBytes(100, 3), 0, 100, 500)
    closeSync(written)
    utimesSync(path, 6000, 6000)
    await expect(file.read(100, 1000)).rejects.toThrow(SourceChangedError)
    await file.close()
  })

  it('sends a young file whole that grew before its ends were learned', async () => {
    const bytes = someBytes(1000)
    const path = putFile(directory, bytes)
    utimesSync(path, Date.now() / 1000, Date.now() / 1000)
    const handle = openFile(path, () => true) ?? never()
    appendFileSync(path, 'more')
    await learnEnds(handle)
    const file = holdFile(handle, () => closeSync(handle.fd))
    expect(new Uint8Array(await file.read(0, 1000))).toEqual(bytes)
    await file.close()
  })

  it('closes a file of which no source can be made', async () => {
    const path = putFile(directory, someBytes(1000))
    const broken = localTree(directory, { keepOpen: 0 }, () => {
      throw new TypeError('no such header')
    })
    const request = { method: 'GET', url: '/', headers: new Headers() }
    for (const _ of [1, 2]) {
      const find = async () => broken.open(basename(path), request)
      await expect(find()).rejects.toThrow('no such header')
    }
    if (canCountHandles) await until(() => openHandles(path) === 0)
  })

  describe.each(['that nobody asked for lately', 'that was asked for before'])('%s', (which) => {
    it.each([
      ['rewritten, as long', someBytes(1000, 2), false],
      ['rewritten in its midst, as long', someBytes(1000).fill(0, 300, 700), false],
      ['rewritten, and longer', someBytes(1500, 2), false],
      ['written anew', Buffer.concat([someBytes(1000), someBytes(500, 2)]), true],
      ['cut', someBytes(999), false],
    ])('tells a file that was %s before it was read', async (_how, content, isWhole) => {
      const path = putFile(directory, someBytes(1000))
      // With a strong tag, so that a range of it may go on where another ended.
      utimesSync(path, 5000, 5000)
      if (which === 'that was asked for before') {
        await (await findFile(path, { keepOpen: 0 }))?.close()
      }
      const file = (await findFile(path, { keepOpen: 0 })) ?? never()
      writeFileSync(path, content)
      // Both at once, so that neither fails unheard while the other is waited for.
      const reads = await Promise.allSettled([file.read(0, 1000), file.read(500, 1000)])
      for (const [i, read] of reads.entries()) {
        const value = Buffer.from(someBytes(1000).subarray(i * 500))
        const reason = expect.any(SourceChangedError)
        expect(read).toEqual(
          isWhole ? { status: 'fulfilled', value } : { status: 'rejected', reason },
        )
      }
      const atOnce = file.readSync(0, 1000)
      expect(atOnce).toEqual(isWhole ? someBytes(1000) : null)
      await file.close()
    })
  })

  it.each([
    ['that is the same', () => {}, true],
    ['of another time', (path: string) => utimesSync(path, 5, 5), false],
    ['of another size', (path: string) => writeFileSync(path, 'x'), false],
    ['of another size, at the same time', shorten, false],
  ])('knows a file %s', async (_what, change, expected) => {
    const path = putFile(directory, someBytes(1000))
    utimesSync(path, 5000, 5000)
    const file = (await findFile(path)) ?? never()
    change(path)
    expect(file.isSame(statSync(path))).toBe(expected)
    await file.close()
  })

  it('knows a file from its twin', async () => {
    const [one, two] = [1, 1].map((seed) => {
      const path = putFile(directory, someBytes(1000, seed))
      utimesSync(path, 5000, 5000)
      return path
    })
    const file = (await findFile(one ?? never())) ?? never()
    expect(file.isSame(statSync(two ?? never()))).toBe(false)
    await file.close()
  })

  it('reads at once where that is asked', async () => {
    const bytes = someBytes(1000)
    const file = (await findFile(putFile(directory, bytes))) ?? never()
    expect(file.readSync(10, 20)).toEqual(bytes.slice(10, 20))
    expect(file.readSync(990, 1010)).toBe(null)
    await file.close()
    expect(() => file.readSync(0, 1)).toThrow('was read after it was closed')
  })
})

function shorten(path: string): void {
  writeFileSync(path, 'x')
  utimesSync(path, 5000, 5000)
}

describe('the ends of a version', () => {
  const same = Buffer.alloc(1000)

  function openBytes(bytes: Uint8Array): { path: string; handle: Handle } {
    const path = putFile(directory, bytes)
    return { path, handle: openFile(path, () => true) ?? never() }
  }

  /** The same, changed at one byte, and longer. */
  function changedAt(at: number): Buffer {
    return Buffer.concat([
      same.subarray(0, at),
      Buffer.from('x'),
      same.subarray(at + 1),
      someBytes(9),
    ])
  }

  it.each([
    ['that was added to', Buffer.concat([same, someBytes(500)]), true],
    [
      'with another end',
      Buffer.concat([same.subarray(1), Buffer.from('x'), someBytes(500)]),
      false,
    ],
    ['changed at byte 255', changedAt(255), false],
    ['changed at byte 256', changedAt(256), true],
    ['changed at the 257th byte from its end', changedAt(743), true],
    ['changed at the 256th byte from its end', changedAt(744), false],
    ['with another beginning', Buffer.concat([Buffer.from('x'), same, someBytes(500)]), false],
  ])('tell a file %s', async (_what, content, expected) => {
    const { path, handle } = openBytes(new Uint8Array(same))
    await learnEnds(handle)
    writeFileSync(path, content)
    expect(hasGrown(handle)).toBe(expected)
    closeSync(handle.fd)
  })

  it.each([
    ['in another thread', learnEnds],
    ['at once', learnEndsSync],
  ])('learned %s from a file that was rewritten by then are not taken for its own', async (_how, learn) => {
    const { path, handle } = openBytes(someBytes(1000))
    writeFileSync(path, someBytes(1500, 2))
    await learn(handle)
    expect(hasGrown(handle)).toBe(false)
    closeSync(handle.fd)
  })

  it.each([
    ['in another thread', learnEnds],
    ['at once', learnEndsSync],
  ])('that can not be read, %s, are left to who reads the rest', async (_how, learn) => {
    const { handle } = openBytes(someBytes(10))
    closeSync(handle.fd)
    await learn(handle)
    expect(handle.ends).toBe(null)
  })
})

describe('findFile', () => {
  it('looks in another thread first, unless the path was found lately', async () => {
    const path = putFile(directory, someBytes(10))
    const first = findFile(path, { keepOpen: 0 })
    expect(first).toBeInstanceOf(Promise)
    await (await first)?.close()
    const second = findFile(path, { keepOpen: 0 })
    expect(second).not.toBeInstanceOf(Promise)
    await (await second)?.close()
  })
})

describe('openFile', () => {
  it.runIf(canCountHandles)('closes what it is not allowed to have', async () => {
    const path = putFile(directory, someBytes(10))
    const broken = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
    const failing = () => {
      throw broken
    }
    expect(openFile(path, () => false)).toBe(null)
    expect(() => openFile(path, failing)).toThrow(broken)
    expect(openHandles(path)).toBe(0)
  })
})

describe('blobFile', () => {
  it('says of a File what it knows', () => {
    const file = new File(['abc'], 'a.txt', { type: 'text/plain', lastModified: 86_400_000 })
    const { read: _, ...fields } = blobFile(file)
    expect(fields).toEqual({
      size: 3,
      type: 'text/plain',
      etag: undefined,
      lastModified: new Date(86_400_000),
      headers: undefined,
    })
  })

  it('says of a Blob nothing that it does not know, and what it is told', () => {
    const lastModified = new Date(0)
    const headers = { Vary: 'Accept' }
    const told = { type: 'a/b', etag: '"x"', lastModified, headers }
    const { read: _, ...fields } = blobFile(new Blob(['abc']))
    const { read: _read, ...others } = blobFile(new File([], 'a', { type: 'c/d' }), told)
    expect([fields, others]).toEqual([
      { size: 3, type: undefined, etag: undefined, lastModified: undefined, headers: undefined },
      { size: 0, ...told },
    ])
  })

  it('says of its type what it is told, even that there is none', () => {
    expect(blobFile(new Blob([], { type: 'c/d' }), { type: '' }).type).toBe('')
  })

  it('refuses at once what is no Blob, and fields that no server would send', () => {
    expect(() => blobFile(JSON.parse('"text"'))).toThrow('Expected a Blob, got text')
    expect(() => blobFile(new Blob(), { headers: { a: 'b\u0001' } })).toThrow(TypeError)
  })

  it.runIf(canCountHandles)('keeps no file open behind a read', async () => {
    const path = putFile(directory, someBytes(1_000_000))
    const source = blobFile(await openAsBlob(path))
    const chunk = await source.read(0, 1_000_000)
    expect(chunk instanceof Uint8Array && chunk.length).toBe(256 * 1024)
    await until(() => openHandles(path) === 0)
  })
})

describe('mediaType', () => {
  it.each([
    ['film.mp4', 'video/mp4'],
    ['film.webm', 'video/webm'],
    ['film.mkv', 'video/x-matroska'],
    ['segment.ts', 'video/mp2t'],
    ['segment.m4s', 'video/iso.segment'],
    ['list.m3u8', 'application/vnd.apple.mpegurl'],
    ['list.mpd', 'application/dash+xml'],
    ['captions.vtt', 'text/vtt; charset=utf-8'],
    ['sound.flac', 'audio/flac'],
    ['sound.m4a', 'audio/mp4'],
    ['sound.mp3', 'audio/mpeg'],
    ['map.pmtiles', 'application/vnd.pmtiles'],
    ['table.parquet', 'application/vnd.apache.parquet'],
    ['archive.zst', 'application/zstd'],
    ['page.html', 'text/html; charset=utf-8'],
    ['code.js', 'text/javascript; charset=utf-8'],
    ['data.json', 'application/json'],
    ['PAGE.HTML', 'text/html; charset=utf-8'],
    ['/a.b/c.d/film.mp4', 'video/mp4'],
    ['README', undefined],
    ['a.mp4/README', undefined],
    ['no.such-extension', undefined],
    ['', undefined],
  ])('%s: %s', (path, type) => {
    expect(mediaType(path)).toBe(type)
  })
})

async function openSource(bytes: Uint8Array): Promise<FileSource> {
  return (await nodeFile(putFile(directory, bytes))) ?? never()
}

function never(): never {
  throw new Error('Expected something, got nothing')
}
