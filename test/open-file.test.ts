import {
  appendFileSync,
  closeSync,
  openSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { inThreadPool, onThisThread } from '../adapters/local/calls.ts'
import { Devices } from '../adapters/local/devices/devices.ts'
import { type SharingOptions, toSourceOrClose } from '../adapters/local/file-source.ts'
import { openLive } from '../adapters/local/live-file.ts'
import { LARGEST_KEPT, Memory } from '../adapters/local/memory.ts'
import { Handle } from '../adapters/local/pool/handle.ts'
import { OpenFiles } from '../adapters/local/pool/open-files.ts'
import { anywhere } from '../adapters/local/scope.ts'
import { localTree } from '../adapters/local/tree.ts'
import type { FileStat } from '../adapters/local/version.ts'
import { nodeFile } from '../adapters/node.ts'
import { LengthMismatchError, SourceChangedError } from '../src/errors.ts'
import { readBytes } from '../src/reader.ts'
import { someBytes } from './support/counting-source.ts'
import { canCountHandles, openHandles } from './support/handles.ts'
import { putFile } from './support/local-files.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { expectNoUnhandledRejections } from './support/unhandled.ts'
import { eventually, settle, until } from './support/wait.ts'

const directory = temporaryDirectory()

/** On a busy machine, what a call waits for may be this process itself: that makes no device suspect. */
class TrustedDevices extends Devices {
  override noteDuration(): void {}
}

const pool = new OpenFiles(new Memory(), new TrustedDevices())

/** More than is kept in memory. */
const SIZE = 100_000

describe('an open file', () => {
  expectNoUnhandledRejections()

  it.each([
    [1000, SIZE],
    [1000, 100],
  ])('gives nothing %d bytes behind its end, of %d bytes', async (extra, size) => {
    const file = await nodeFile(putFile(directory, someBytes(size)))
    if (file === null) throw new Error('Expected a file')
    const [start, end] = [size + extra, size + extra + 100]
    expect(await file.read(start, end)).toEqual(Buffer.alloc(0))
    expect(await file.read(start, end, new Uint8Array(100))).toEqual(new Uint8Array(0))
    await expect(readBytes(file, start, end)).rejects.toThrow(
      new LengthMismatchError('Expected 100 bytes from the source, got 0'),
    )
    await file.close?.()
  })

  it.runIf(canCountHandles).each([
    ['a read', [0]],
    ['each of several reads', [0, 1, 2, 3]],
  ])('is closed only when %s under way is done', async (_what, starts) => {
    const bytes = someBytes(1_000_000)
    const path = putFile(directory, bytes)
    const file = await findFile(path, { keepOpen: 0 })
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

  it('that promises no version is closed once, and when calls under way are done', async () => {
    const file = await openLive(anywhere, putFile(directory, someBytes(10)))
    if (file === null || file === 'directory') throw new Error('Expected a file')
    let end: (stat: FileStat) => void = () => {}
    vi.spyOn(inThreadPool, 'fstat').mockReturnValue(new Promise((resolve) => (end = resolve)))
    const close = vi.spyOn(inThreadPool, 'close')
    onTestFinished(() => void vi.restoreAllMocks())
    const look = file.stat()
    const closed = [file.close(), file.close()]
    await settle()
    expect(close.mock.calls.length).toBe(0)
    end(file.opened)
    await Promise.all([look, ...closed])
    expect(close.mock.calls.length).toBe(1)
    await expect(file.stat()).rejects.toThrow('was read after it was closed')
  })

  it('that promises no version is opened in the place of one that nobody reads, if too many are', async () => {
    const path = putFile(directory, someBytes(10))
    const crowded = Object.assign(new Error('EMFILE'), { code: 'EMFILE' })
    vi.spyOn(onThisThread, 'open').mockImplementationOnce(() => {
      throw crowded
    })
    onTestFinished(() => void vi.restoreAllMocks())
    const file = await openLive(anywhere, path)
    if (file === null || file === 'directory') throw new Error('Expected a file')
    await file.close()
  })

  it('sees a file grow whose new time came before its new size', async () => {
    const bytes = someBytes(SIZE)
    const path = putFile(directory, bytes)
    utimesSync(path, 5000, 5000)
    const file = await findFile(path, { keepOpen: 0 })
    utimesSync(path, 6000, 6000)
    const read = file.read(0, SIZE)
    // As long as a large write takes on a slow machine.
    setTimeout(() => appendFileSync(path, 'more'), 60)
    expect(Buffer.compare(await read, bytes)).toBe(0)
    await file.close()
  })

  it('sees a file grow while one buffer is used again and again', async () => {
    const bytes = someBytes(300_000)
    const path = putFile(directory, bytes)
    const file = await findFile(path)
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
    const path = putFile(directory, someBytes(SIZE))
    utimesSync(path, 5000, 5000)
    const file = await findFile(path, { keepOpen: 0 })
    // As where times are whole seconds.
    const now = Math.floor(Date.now() / 1000)
    vi.useFakeTimers({ toFake: ['Date'], now: now * 1000 + 500 })
    onTestFinished(() => void vi.useRealTimers())
    appendFileSync(path, 'more')
    utimesSync(path, now, now)
    expect((await file.read(0, SIZE)).length).toBe(SIZE)
    writeFileSync(path, someBytes(SIZE + 4, 2))
    utimesSync(path, now, now)
    vi.setSystemTime(now * 1000 + 500 + later)
    await expect(file.read(0, SIZE)).rejects.toThrow(SourceChangedError)
    await file.close()
  })

  it('that fails to close when nobody waits for that leaves no rejection', async () => {
    const file = await findFile(putFile(directory, someBytes(SIZE)))
    const pooled = { file: file.file, key: '', refCount: 1, keepOpen: 0, checkedUntil: 0 }
    const release = () => Promise.reject(new Error('EIO: i/o error, close'))
    const pool = { memory: new Memory(), release, detach: () => true }
    expect(new Handle(pooled, pool).detach()).toBe(true)
    const failing = () => {
      throw new Error('no')
    }
    expect(() => toSourceOrClose(new Handle(pooled, pool), failing)).toThrow('no')
    await file.close()
  })

  it('that is not detached, as too many are, stays open', async () => {
    const file = await findFile(putFile(directory, someBytes(SIZE)))
    const pooled = { file: file.file, key: '', refCount: 1, keepOpen: 0, checkedUntil: 0 }
    const handle = new Handle(pooled, { memory: new Memory(), release() {}, detach: () => false })
    expect([handle.detach(), (await handle.read(0, 5)).length]).toEqual([false, 5])
    await Promise.all([handle.close(), file.close()])
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
    const file = await findFile(path, { keepOpen: 0 })
    appendFileSync(path, 'more')
    expect(new Uint8Array(await file.read(0, 100))).toEqual(bytes)
    await file.close()
  })

  it('sees a file grow that gives few bytes at once', async () => {
    const path = putFile(directory, someBytes(SIZE))
    const file = await findFile(path, { keepOpen: 0 })
    appendFileSync(path, 'more')
    const { read } = inThreadPool
    vi.spyOn(inThreadPool, 'read').mockImplementation((fd, into, start) => {
      return read(fd, into.subarray(0, 99), start)
    })
    onTestFinished(() => void vi.restoreAllMocks())
    expect(new Uint8Array(await file.read(0, SIZE))).toEqual(someBytes(SIZE).slice(0, 99))
    await file.close()
  })

  it('gives no memory that was not read, of a file that has less than it says', async () => {
    const path = putFile(directory, someBytes(SIZE))
    const file = await findFile(path, { keepOpen: 0 })
    // As a mount does that still says what it was told before.
    const looks = vi.spyOn(onThisThread, 'fstat').mockReturnValue(file.file.stat)
    onTestFinished(() => looks.mockRestore())
    truncateSync(path, 10)
    expect(new Uint8Array(await file.read(0, SIZE))).toEqual(someBytes(SIZE).slice(0, 10))
    expect((await file.read(10, SIZE)).length).toBe(0)
    await file.close()
  })

  it.each<[how: string, read: (file: Handle) => Promise<Uint8Array> | Uint8Array | null]>([
    ['in another thread', (file) => file.read(0, 100)],
    ['on this one', (file) => file.readSync(0, 100)],
  ])('keeps a copy of its bytes when it is short and read %s', async (_how, read) => {
    const bytes = someBytes(100)
    const path = putFile(directory, bytes)
    // What is known of it already needs no read that its bytes could be kept of.
    await (await findFile(path, { keepOpen: 0 })).close()
    const file = await findFile(path, { keepOpen: 0 })
    const reads = [vi.spyOn(inThreadPool, 'read'), vi.spyOn(onThisThread, 'read')]
    onTestFinished(() => void vi.restoreAllMocks())
    for (let i = 0; i < 3; i++) {
      const given = await read(file)
      expect(given && new Uint8Array(given)).toEqual(bytes)
      given?.fill(0)
    }
    expect(reads.flatMap(({ mock }) => mock.calls).length).toBe(1)
    await file.close()
  })

  it('keeps no part of its bytes for all of them', async () => {
    const bytes = someBytes(100)
    const path = putFile(directory, bytes)
    await (await findFile(path, { keepOpen: 0 })).close()
    const file = await findFile(path, { keepOpen: 0 })
    const parts = [await file.read(10, 20), await file.read(0, 100)].map((part) => [...part])
    expect(parts).toEqual([[...bytes.subarray(10, 20)], [...bytes]])
    await file.close()
  })

  it('reserves room for its bytes once, however many read them at once', async () => {
    const memory = new Memory()
    const files = new OpenFiles(memory, new TrustedDevices())
    const path = putFile(directory, someBytes(100))
    const find = async () => {
      const handle = await files.find(anywhere, path, { keepOpen: 0 })
      if (handle === null || handle === 'directory') throw new Error('Expected a file')
      return handle
    }
    await (await find()).close()
    const handle = await find()
    await Promise.all([handle.read(0, 100), handle.read(0, 100)])
    await handle.close()
    const rooms = Array.from({ length: 256 }, () => memory.reserve(LARGEST_KEPT))
    expect(rooms).not.toContain(false)
  })

  it('keeps its bytes only as long as it is open', async () => {
    const memory = new Memory()
    const path = putFile(directory, someBytes(LARGEST_KEPT))
    const handle = await new OpenFiles(memory).find(anywhere, path, { keepOpen: 0 })
    if (handle === null || handle === 'directory') throw new Error('Expected a file')
    const rooms = () => Array.from({ length: 256 }, () => memory.reserve(LARGEST_KEPT))
    await handle.close()
    expect(rooms()).not.toContain(false)
  })

  it('counts among those who read only until it is closed', async () => {
    const memory = new Memory()
    const path = putFile(directory, someBytes(SIZE))
    const before = new OpenFiles(memory)
    for (let i = 0; i < 64; i++) {
      const handle = await before.find(anywhere, path, { keepOpen: 0 })
      if (handle === null || handle === 'directory') throw new Error('Expected a file')
      await Promise.all([handle.close(), handle.close()])
    }
    memory.addReader()
    expect(memory.chunkSize()).toBe(512 * 1024)
  })

  it('takes no more memory than a read may give', async () => {
    const file = await findFile(putFile(directory, someBytes(10)))
    expect((await file.read(0, 9)).buffer.byteLength).toBe(9)
    await file.close()
  })

  it('does not take a rewrite for more growth, once it saw a file grow', async () => {
    const path = putFile(directory, someBytes(SIZE))
    const file = await findFile(path, { keepOpen: 0 })
    appendFileSync(path, someBytes(500, 2))
    await file.read(0, 100)
    const written = openSync(path, 'r+')
    writeSync(written, someBytes(100, 3), 0, 100, 500)
    closeSync(written)
    utimesSync(path, 6000, 6000)
    await expect(file.read(100, 1000)).rejects.toThrow(SourceChangedError)
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
      ['rewritten, as long', someBytes(SIZE, 2), false],
      ['rewritten in its midst, as long', someBytes(SIZE).fill(0, 300, 700), false],
      ['rewritten, and longer', someBytes(SIZE + 500, 2), false],
      ['written anew', Buffer.concat([someBytes(SIZE), someBytes(500, 2)]), true],
      ['cut', someBytes(SIZE - 1), false],
    ])('tells a file that was %s before it was read', async (_how, content, isWhole) => {
      const path = putFile(directory, someBytes(SIZE))
      // With a strong tag, so that a range of it may go on where another ended.
      utimesSync(path, 5000, 5000)
      if (which === 'that was asked for before') {
        await (await findFile(path, { keepOpen: 0 }))?.close()
      }
      const file = await findFile(path, { keepOpen: 0 })
      writeFileSync(path, content)
      // However long the reads take, that was just now.
      vi.useFakeTimers({ toFake: ['Date'], now: Math.floor(statSync(path).mtimeMs) })
      onTestFinished(() => void vi.useRealTimers())
      // Both at once, so that neither fails unheard while the other is waited for.
      const reads = await Promise.allSettled([file.read(0, SIZE), file.read(500, SIZE)])
      for (const [i, read] of reads.entries()) {
        const bytes = someBytes(SIZE).subarray(i * 500)
        const became = read.status === 'rejected' ? read.reason : Buffer.compare(read.value, bytes)
        expect(became).toEqual(isWhole ? 0 : expect.any(SourceChangedError))
      }
      expect(file.readSync(0, SIZE)).toBe(null)
      vi.useRealTimers()
      // Not before the time of the last change is one that another would replace.
      const atOnce = await eventually('bytes at once', async () => {
        const read = await file.read(0, SIZE).catch(() => null)
        if (read === null) return 'none'
        const bytes = file.readSync(0, SIZE)
        if (bytes === null) return null
        return Buffer.compare(bytes, someBytes(SIZE)) === 0 ? 'all' : 'others'
      })
      expect(atOnce).toBe(isWhole ? 'all' : 'none')
      await file.close()
    })
  })

  it('reads nothing at once where that may keep the thread waiting', async () => {
    const devices = new Devices()
    const away = new OpenFiles(new Memory(), devices)
    const handle = await away.find(anywhere, putFile(directory, someBytes(SIZE)))
    if (handle === null || handle === 'directory') throw new Error('Expected a file')
    vi.spyOn(devices, 'isResponsive').mockReturnValue(false)
    expect(handle.readSync(0, 10)).toBe(null)
    expect(Buffer.from(await handle.read(0, 10))).toEqual(
      Buffer.from(someBytes(SIZE).subarray(0, 10)),
    )
    await handle.close()
  })

  it('reads no more at once from a disk that was slow to be read', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const handle = await new OpenFiles(new Memory()).find(
      anywhere,
      putFile(directory, someBytes(SIZE)),
    )
    if (handle === null || handle === 'directory') throw new Error('Expected a file')
    const first = someBytes(SIZE).slice(0, 10)
    const read = onThisThread.read
    vi.spyOn(onThisThread, 'read').mockImplementation((...asked) => {
      vi.advanceTimersByTime(51)
      return read(...asked)
    })
    onTestFinished(() => void vi.useRealTimers().restoreAllMocks())
    const readHere = () => handle.readSync(0, 10)?.slice() ?? null
    const seen = [readHere(), readHere()]
    vi.advanceTimersByTime(1001)
    expect([...seen, readHere()]).toEqual([first, null, first])
    await handle.close()
  })

  it('goes by the clock of its disk, however slow that was when it was opened', async () => {
    const devices = new TrustedDevices()
    const slow = vi.spyOn(devices, 'isResponsive').mockReturnValue(false)
    const path = putFile(directory, someBytes(SIZE))
    const handle = await new OpenFiles(new Memory(), devices).find(anywhere, path)
    if (handle === null || handle === 'directory') throw new Error('Expected a file')
    slow.mockRestore()
    appendFileSync(path, 'more')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 500 })
    onTestFinished(() => void vi.useRealTimers())
    await handle.read(0, SIZE)
    expect(handle.readSync(0, 10)?.slice()).toEqual(someBytes(SIZE).slice(0, 10))
    await handle.close()
  })

  it('reads at once where that is asked', async () => {
    const bytes = someBytes(1000)
    const file = await findFile(putFile(directory, bytes))
    expect(file.readSync(10, 20)).toEqual(bytes.slice(10, 20))
    expect(file.readSync(990, 1010)).toBe(null)
    await file.close()
    expect(() => file.readSync(0, 1)).toThrow('was read after it was closed')
  })
})

async function findFile(path: string, options?: SharingOptions): Promise<Handle> {
  const found = await pool.find(anywhere, path, options)
  if (found === null || found === 'directory') throw new Error(`Expected a file at ${path}`)
  return found
}
