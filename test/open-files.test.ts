import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { open as openFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { inThreadPool, onThisThread } from '../adapters/local/calls.ts'
import { Devices } from '../adapters/local/devices/devices.ts'
import type { SharingOptions } from '../adapters/local/file-source.ts'
import { Memory } from '../adapters/local/memory.ts'
import { Handle } from '../adapters/local/pool/handle.ts'
import { OpenFiles } from '../adapters/local/pool/open-files.ts'
import { anywhere, type Scope } from '../adapters/local/scope.ts'
import { nodeDirectory, nodeFile } from '../adapters/node.ts'
import { sourceOf } from './support/found.ts'
import { canCountHandles, descriptorsOf, openHandles } from './support/handles.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { settle, until } from './support/wait.ts'

const directory = temporaryDirectory()
const path = join(directory, 'file')
const crowd = fileURLToPath(new URL('programs/crowd.mjs', import.meta.url))
const swept = fileURLToPath(new URL('programs/swept.mjs', import.meta.url))

/** Each test has a pool of its own. */
let pool = new OpenFiles(new Memory())

beforeEach(() => {
  pool.sweep(Number.POSITIVE_INFINITY)
  pool = new OpenFiles(new Memory())
  rmSync(path, { force: true })
  write(path, 'one')
})

describe('a small file that is open', () => {
  it('is read once: then its bytes are at hand, and those of the version that was found', async () => {
    const [first, second] = [await find(), await find()]
    expect(await textOf(first)).toBe('one')
    // The same inode.
    writeFileSync(path, 'two')
    expect(await textOf(second)).toBe('one')
    const later = await find()
    expect(await textOf(later)).toBe('two')
    for (const handle of [first, second, later]) await handle.close()
  })

  it('gives each a copy, to do with as it likes', async () => {
    const handle = await find()
    for (let i = 0; i < 3; i++) {
      const bytes = await handle.read(0, 3)
      expect(Buffer.from(bytes).toString()).toBe('one')
      bytes.fill(0)
      structuredClone(bytes.buffer, { transfer: [bytes.buffer as ArrayBuffer] })
    }
    expect(Buffer.from(await handle.read(1, 2)).toString()).toBe('n')
    await handle.close()
  })
})

describe('a file that several read', () => {
  it.runIf(canCountHandles)('is open once, until the last of them is done', async () => {
    const [one, two] = [await find(), await find()]
    expect(openHandles(path)).toBe(1)
    await one.close()
    await one.close()
    pool.closeIdle()
    expect([openHandles(path), await textOf(two)]).toEqual([1, 'one'])
    await two.close()
    pool.closeIdle()
    expect(openHandles(path)).toBe(0)
  })

  it.runIf(canCountHandles)('is not left open when it can not be looked at', async () => {
    const look = onThisThread.fstat
    let looks = 0
    const looking = vi.spyOn(onThisThread, 'fstat').mockImplementation((fd) => {
      if (++looks > 2) throw new Error('EIO')
      return look(fd)
    })
    onTestFinished(() => looking.mockRestore())
    await expect(find()).rejects.toThrow('EIO')
    expect(openHandles(path)).toBe(0)
  })

  it('may be called as Linux calls what was removed', async () => {
    const at = write(join(directory, 'film (deleted)'), 'one')
    expect(await textAt(at)).toBe('one')
  })

  it('is opened once, for all who come at the same time', async () => {
    const files = await Promise.all([find(), find(), find()])
    expect(new Set(files.map(({ file }) => file)).size).toBe(1)
    for (const file of files) await file.close()
  })

  it.runIf(canCountHandles)('is still open for the next one, but not for long', async () => {
    await (await find()).close()
    const again = await find()
    expect(openHandles(path)).toBe(1)
    await again.close()
    expect(openHandles(path)).toBe(1)
    await until(() => openHandles(path) === 0)
  })

  it.runIf(canCountHandles)('is not kept when its times are racy', async () => {
    stayRacy(path)
    const [one, two] = [await find(), await find()]
    expect(openHandles(path)).toBe(2)
    await Promise.all([one.close(), two.close()])
    expect(openHandles(path)).toBe(0)
  })

  it.runIf(canCountHandles).each([
    ['again without those that nobody reads, after EMFILE', 'EMFILE', { tries: 2, kept: 0 }],
    ['again without those that nobody reads, after ENFILE', 'ENFILE', { tries: 2, kept: 0 }],
    ['once only, after EACCES', 'EACCES', { tries: 1, kept: 1 }],
  ])('is opened %s', async (_how, code, expected) => {
    const waiting = write(join(directory, 'waiting'), 'one')
    await (await find(waiting, { keepOpen: 60_000 })).close()
    let tries = 0
    const failing: Scope = {
      ...anywhere,
      open(...args) {
        if (++tries === 1) throw Object.assign(new Error(code), { code })
        return anywhere.open(...args)
      },
    }
    const found = await findIn(failing, path, { keepOpen: 0 }).catch(() => null)
    expect({ tries, kept: openHandles(waiting) }).toEqual(expected)
    expect(found === null).toBe(expected.tries === 1)
    await found?.close()
  })

  it.runIf(canCountHandles)('is opened anew once its permissions changed', async () => {
    const one = await find()
    chmodSync(path, 0o600)
    const two = await find()
    expect([openHandles(path), await textOf(one), await textOf(two)]).toEqual([2, 'one', 'one'])
    await Promise.all([one.close(), two.close()])
  })

  it.runIf(canCountHandles)('is closed at once where that is asked', async () => {
    const [one, two] = [await find(path, { keepOpen: 0 }), await find(path, { keepOpen: 0 })]
    expect(openHandles(path)).toBe(1)
    await one.close()
    expect(openHandles(path)).toBe(1)
    await two.close()
    expect(openHandles(path)).toBe(0)
  })

  it.runIf(canCountHandles)(
    'is closed with its last reader, once it was found removed',
    async () => {
      const one = await find(path, { keepOpen: 60_000 })
      rmSync(path)
      expect([await findIn(anywhere, path), openHandles(path)]).toEqual([null, 1])
      await one.close()
      expect(openHandles(path)).toBe(0)
    },
  )

  it.runIf(canCountHandles)('is closed once, and not the one that got its number', async () => {
    await (await find(path, { keepOpen: 0 })).close()
    const next = openSync(path, 'r')
    pool.closeIdle()
    expect(openHandles(path)).toBe(1)
    closeSync(next)
  })

  it.runIf(canCountHandles)('tells its last reader that it can not be closed', async () => {
    const file = await find(path, { keepOpen: 0 })
    for (const fd of descriptorsOf(path)) closeSync(fd)
    await expect(file.close()).rejects.toThrow('EBADF')
  })

  it('is not closed under one who has just found it', async () => {
    const cold = write(join(directory, 'just-found'), 'one')
    const closing = find(cold, { keepOpen: 0 }).then((file) => file.close())
    const file = await find(cold, { keepOpen: 0 })
    await closing
    expect(await textOf(file)).toBe('one')
    await file.close()
  })

  it.runIf(canCountHandles)('is still shared when what it replaced is closed', async () => {
    const one = await find()
    replace(path)
    const two = await find()
    await one.close()
    const three = await find()
    expect(openHandles(path)).toBe(1)
    await Promise.all([two.close(), three.close()])
  })

  it.runIf(canCountHandles)('stays open for a second by default', async () => {
    const before = performance.now()
    await (await find()).close()
    pool.sweep(before + 999)
    expect(openHandles(path)).toBe(1)
    pool.sweep(performance.now() + 1000)
    expect(openHandles(path)).toBe(0)
  })

  it.runIf(canCountHandles)('is closed when it is found replaced, if nobody reads it', async () => {
    await (await find(path, { keepOpen: 60_000 })).close()
    replace(path)
    await (await find(path, { keepOpen: 0 })).close()
    expect(openHandles(path)).toBe(0)
  })

  it.runIf(canCountHandles)('stays open for as long as is asked', async () => {
    const brief = write(join(directory, 'brief'), 'one')
    await (await find(path, { keepOpen: 60_000 })).close()
    await (await find(brief, { keepOpen: 1 })).close()
    await until(() => openHandles(brief) === 0)
    expect(openHandles(path)).toBe(1)
  })

  it.runIf(canCountHandles)('keeps no process from its end, however long it stays open', () => {
    const names = ['lasting', 'brief'].map((name) => write(join(directory, name), 'one'))
    const options = { encoding: 'utf8', timeout: 15_000 } as const
    expect(execFileSync(process.execPath, [swept, ...names], options).trim()).toBe('true')
  })

  it.runIf(canCountHandles)('gives way when a process may open no more', () => {
    const names = Array.from({ length: 60 }, (_, i) => write(join(directory, `crowd-${i}`), 'one'))
    const limited = ['-c', 'ulimit -n 50; exec "$@"', 'sh', process.execPath, crowd, ...names]
    expect(execFileSync('sh', limited, { encoding: 'utf8' }).trim()).toBe('60')
  })

  it.runIf(canCountHandles)('is one of 128 that wait, at most', async () => {
    const paths = Array.from({ length: 200 }, (_, i) => join(directory, `of-many-${1000 + i}`))
    const open = (path: string) => openHandles(path)
    // All of them before the first is opened: what was written this instant is waited for.
    for (const one of paths) write(one, 'one')
    // However long the others take, none of them is closed for its time.
    for (const one of paths) await (await find(one, { keepOpen: 60_000 })).close()
    expect(openHandles(join(directory, 'of-many'))).toBe(128)
    expect(paths.slice(0, 72).map(open)).toEqual(paths.slice(0, 72).map(() => 0))
    expect(await Promise.all(paths.map(textAt))).toEqual(paths.map(() => 'one'))
  })
})

it('a file that was there is looked for twice before it is not', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  await (await find()).close()
  // So long ago that it is looked for as if it had never been found in its place.
  vi.advanceTimersByTime(1001)
  const looks = vi.spyOn(onThisThread, 'lstat').mockReturnValueOnce(null)
  onTestFinished(() => looks.mockRestore())
  const file = await find()
  expect([await textOf(file), looks.mock.calls.length]).toEqual(['one', 2])
  await file.close()
})

it('nothing is asked on this thread of a disk that was slow just now', async () => {
  const devices = new Devices()
  pool = new OpenFiles(new Memory(), devices)
  await (await find()).close()
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  devices.noteDuration(statSync(path).dev, 1000)
  const calls = [
    vi.spyOn(onThisThread, 'stat'),
    vi.spyOn(onThisThread, 'lstat'),
    vi.spyOn(onThisThread, 'fstat'),
    vi.spyOn(onThisThread, 'close'),
  ]
  onTestFinished(() => void vi.restoreAllMocks())
  const file = await find()
  expect(file.readSync(0, 1)).toBe(null)
  expect(await textOf(file)).toBe('one')
  await file.close()
  pool.closeIdle()
  expect(calls.map((call) => call.mock.calls)).toEqual([[], [], [], []])
})

describe.runIf(canCountHandles)('a file that was detached', () => {
  it('stays open for half a minute, whatever else is closed', async () => {
    const file = await find(path, { keepOpen: 0 })
    const before = performance.now()
    expect(file.detach()).toBe(true)
    await file.close()
    pool.closeIdle()
    pool.sweep(before + 29_999)
    expect(openHandles(path)).toBe(1)
    pool.sweep(performance.now() + 30_000)
    expect(openHandles(path)).toBe(0)
  })

  it('stays open for longer if that was asked for', async () => {
    const one = await find(path, { keepOpen: 60_000 })
    one.detach()
    const later = await find(path, { keepOpen: 0 })
    await later.close()
    pool.sweep(performance.now() + 30_000)
    expect(openHandles(path)).toBe(1)
    pool.sweep(performance.now() + 60_000)
    expect(openHandles(path)).toBe(0)
  })

  it('is shared with others meanwhile, and stays open for them after', async () => {
    const one = await find(path, { keepOpen: 0 })
    one.detach()
    const two = await find(path, { keepOpen: 0 })
    expect([openHandles(path), two.file === one.file]).toEqual([1, true])
    pool.sweep(performance.now() + 30_000)
    expect(await textOf(two)).toBe('one')
    await two.close()
    expect(openHandles(path)).toBe(0)
  })

  it('stays open when another takes its name', async () => {
    const one = await find(path, { keepOpen: 0 })
    one.detach()
    replace(path)
    expect([await textAt(path), openHandles(path)]).toEqual(['two', 2])
    pool.sweep(performance.now() + 30_000)
    expect(openHandles(path)).toBe(0)
  })

  it('can not be read any more by who detached it', async () => {
    const file = await find()
    file.detach()
    await expect(file.read(0, 1)).rejects.toThrow('was read after it was closed')
  })

  it('is one of 256, each for as many responses as there are', async () => {
    const paths = Array.from({ length: 257 }, (_, i) => join(directory, `detached-${i}`))
    for (const one of paths) write(one, 'one')
    const detach = async (i: number) => {
      const file = await find(paths[i], { keepOpen: 0 })
      const isDetached = file.detach()
      await file.close()
      return isDetached
    }
    const all = await Promise.all(paths.slice(0, 256).map((_, i) => detach(i)))
    expect([all.every(Boolean), await detach(256), await detach(0)]).toEqual([true, false, true])
    pool.sweep(performance.now() + 30_000)
    expect(await detach(256)).toBe(true)
    pool.sweep(performance.now() + 30_000)
    expect(openHandles(directory)).toBe(0)
  })
})

describe('what is found anew at once', () => {
  it.each<[string, () => void, string | null]>([
    ['a file that another one replaced', () => replace(path), 'two'],
    ['a file written anew, as long', () => write(path, 'two', 2000), 'two'],
    ['a file written anew at the same time, but longer', () => write(path, 'longer'), 'longer'],
    ['a file that was moved away', () => renameSync(path, `${path}-away`), null],
    ['a file that was removed', () => rmSync(path), null],
    ['a directory in its place', () => replace(path, directory), null],
    ['a link to another one', () => replace(path, other()), 'other'],
  ])('%s', async (_what, change, expected) => {
    const before = await find()
    change()
    expect(await textAt(path)).toBe(expected)
    await before.close()
    if (canCountHandles) {
      pool.closeIdle()
      expect(openHandles(directory)).toBe(0)
    }
  })

  it('and what was replaced is still read as it was', async () => {
    const before = await find()
    replace(path)
    expect([await textAt(path), await textOf(before)]).toEqual(['two', 'one'])
    await before.close()
  })

  it('and not for whom another scope has it', async () => {
    const closed: Scope = { ...anywhere, id: 'closed ', open: async () => null }
    await (await find()).close()
    expect(await findIn(closed, path)).toBe(null)
    expect(await textAt(path)).toBe('one')
  })

  it('and not for whom a root of a like name has it', async () => {
    for (const name of ['films', 'films new']) {
      mkdirSync(join(directory, name), { recursive: true })
    }
    write(join(directory, 'films new', 'x.txt'), 'not for all')
    const lookUp = (root: string, target: string) =>
      nodeDirectory(join(directory, root))(new Request(`http://host${target}`))
    expect(await lookUp('films', '/new%20x.txt')).toBe(null)
    const other = sourceOf(await lookUp('films new', '/x.txt'))
    expect(await lookUp('films', '/new%20x.txt')).toBe(null)
    await other?.close?.()
  })

  it('and not a file that was closed while that was asked', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    let isCrowded = false
    const scope: Scope = {
      ...anywhere,
      id: 'closed meanwhile ',
      contains: async () => {
        if (isCrowded) pool.closeIdle()
        return true
      },
    }
    await (await findIn(scope, path))?.close()
    isCrowded = true
    vi.advanceTimersByTime(1001)
    const file = await findIn(scope, path)
    expect(file && (await textOf(file))).toBe('one')
    await file?.close()
  })

  it('and once a second it is asked whether it still may be had', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    let isHeld = true
    let asked = 0
    const scope: Scope = {
      ...anywhere,
      id: 'asked ',
      open: async (...args) => (isHeld ? anywhere.open(...args) : null),
      contains: () => {
        asked++
        return isHeld
      },
    }
    const look = async () => {
      const found = await findIn(scope, path, { keepOpen: 60_000 })
      await found?.close()
      return [found !== null, asked]
    }
    const seen = [await look(), await look()]
    vi.advanceTimersByTime(1001)
    seen.push(await look(), await look())
    isHeld = false
    vi.advanceTimersByTime(1001)
    seen.push(await look())
    expect(seen).toEqual([
      [true, 0],
      [true, 0],
      [true, 1],
      [true, 1],
      [false, 2],
    ])
  })
})

describe.runIf(canCountHandles)('a path that nobody asked for lately', () => {
  it('is looked at in another thread', async () => {
    // All four that there are wait for writers.
    const place = mkdtempSync(join(directory, 'fifos-'))
    const fifos = Array.from({ length: 4 }, (_, i) => join(place, `${i}`))
    execFileSync('mkfifo', fifos)
    const opened = fifos.map((fifo) => openFile(fifo, 'r'))
    let isFound = false
    const finding = find().then((file) => {
      isFound = true
      return file.close()
    })
    await settle()
    await settle()
    expect(isFound).toBe(false)
    // Left open: a thread may only get to its FIFO now.
    const writers = fifos.map((fifo) => openSync(fifo, 'r+'))
    await finding
    for (const file of await Promise.all(opened)) await file.close()
    for (const writer of writers) closeSync(writer)
  })
})

describe('a path that was looked at just now', () => {
  it.each<[what: string, before: string | undefined]>([
    ['a file', undefined],
    ['a link', 'other'],
    ['a link to a link', 'link'],
  ])('is not followed on this thread where %s becomes a link into a mount that may stall', async (_what, before) => {
    const { root, away, ledAway } = besideMount()
    const at = write(join(root, 'file'), 'one')
    write(join(root, 'other'), 'one')
    symlinkSync('other', join(root, 'link'))
    if (before !== undefined) replace(at, before)
    expect([await textAt(at), await textAt(at)]).toEqual(['one', 'one'])
    replace(before === 'link' ? join(root, 'link') : at, join(away, 'file'))
    expect([await textAt(at), await textAt(at), ledAway]).toEqual(['away', 'away', []])
  })

  it('is not asked on this thread where a mount that may stall leads to another of this machine', async () => {
    const { away, ledAway } = besideMount()
    const at = join(away, 'disk', 'file')
    const texts = [await textAt(at), await textAt(at), await textAt(at)]
    expect([texts, ledAway]).toEqual([['disk', 'disk', 'disk'], []])
  })

  it.each([
    ['a file', []],
    ['a link', ['first']],
    ['links', ['first', '../second', 'third']],
  ])('is asked on this thread alone, be it that of %s', async (_what, links) => {
    const root = realpathSync(temporaryDirectory())
    for (const name of ['one', 'two']) mkdirSync(join(root, name))
    let at = write(join(root, 'one', 'file'), 'one')
    for (const [i, name] of links.entries()) {
      const link = join(root, i === 0 ? 'one' : 'two', name)
      symlinkSync(relative(dirname(link), at), link)
      at = link
    }
    expect(await textAt(at)).toBe('one')
    const looks = Object.keys(inThreadPool).map((name) =>
      vi.spyOn(inThreadPool, name as keyof typeof inThreadPool),
    )
    onTestFinished(() => void vi.restoreAllMocks())
    const found = pool.find(anywhere, at)
    expect(found).toBeInstanceOf(Handle)
    expect(looks.flatMap(({ mock }) => mock.calls)).toEqual([])
    await (await find(at)).close()
    if (found instanceof Handle) await found.close()
  })

  it('leads where its links lead by now, and nowhere if in circles', async () => {
    const root = realpathSync(temporaryDirectory())
    const at = join(root, 'link')
    const file = write(join(root, 'file'), 'one')
    write(join(root, 'next'), 'next')
    symlinkSync('file', at)
    const seen = [await textAt(at), await textAt(at)]
    replace(at, 'next')
    seen.push(await textAt(at), await textAt(at))
    replace(at, 'file')
    seen.push(await textAt(at))
    replace(file, 'link')
    seen.push(await textAt(at))
    expect(seen).toEqual(['one', 'one', 'next', 'next', 'one', null])
  })
})

describe('keepOpen', () => {
  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('%d is refused', async (keepOpen) => {
    const message = `Expected keepOpen to be a whole number >= 0, got ${keepOpen}`
    expect(() => nodeDirectory(directory, { keepOpen })).toThrow(new RangeError(message))
    await expect(nodeFile(path, { keepOpen })).rejects.toThrow(new RangeError(message))
  })

  it.runIf(canCountHandles)('is for the files of a directory, and for one', async () => {
    const lookup = nodeDirectory(directory, { keepOpen: 0 })
    const request = { method: 'GET', url: '/file', headers: new Headers() }
    const ofDirectory = async () => sourceOf(await lookup(request))
    for (const find of [ofDirectory, () => nodeFile(path, { keepOpen: 0 })]) {
      const source = await find()
      expect(openHandles(path)).toBe(1)
      await source?.close?.()
      expect(openHandles(path)).toBe(0)
    }
  })
})

/** A directory beside a mount that may stall, a pool that knows, and what this thread asks of it. */
function besideMount(): { root: string; away: string; ledAway: string[] } {
  const [root, away] = [realpathSync(temporaryDirectory()), realpathSync(temporaryDirectory())]
  write(join(away, 'file'), 'away')
  mkdirSync(join(away, 'disk'))
  write(join(away, 'disk', 'file'), 'disk')
  const table = [
    '1 0 0:1 / / rw - ext4 /dev/sda rw',
    `2 1 0:2 / ${away} rw - nfs server:/ rw`,
    `3 2 0:3 / ${away}/disk rw - ext4 /dev/sdb rw`,
  ]
  pool = new OpenFiles(new Memory(), new Devices(async () => table.join('\n')))
  const ledAway: string[] = []
  for (const name of ['stat', 'lstat', 'open', 'realpath'] as const) {
    const call: (...asked: [never, never]) => unknown = onThisThread[name]
    vi.spyOn(onThisThread, name).mockImplementation((...asked: unknown[]) => {
      const at = String(asked[0])
      const real = name === 'lstat' ? realpathSync(dirname(at)) : realpathSync(at)
      if (real.startsWith(away)) ledAway.push(`${name} ${at}`)
      return Reflect.apply(call, onThisThread, asked)
    })
  }
  onTestFinished(() => void vi.restoreAllMocks())
  return { root, away, ledAway }
}

async function findIn(scope: Scope, at: string, options?: SharingOptions): Promise<Handle | null> {
  const found = await pool.find(scope, at, options)
  return found === 'directory' ? null : found
}

async function find(at: string = path, options?: SharingOptions): Promise<Handle> {
  const file = await findIn(anywhere, at, options)
  if (file === null) throw new Error(`Expected a file at ${at}`)
  return file
}

async function textAt(at: string): Promise<string | null> {
  const file = await findIn(anywhere, at)
  const text = file && (await textOf(file))
  await file?.close()
  return text
}

async function textOf(handle: Handle): Promise<string> {
  return Buffer.from(await handle.read(0, handle.file.stat.size)).toString()
}

/** Stops the clock in the ms in which a file was changed. */
function stayRacy(at: string): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Math.floor(statSync(at).ctimeMs) })
  onTestFinished(() => void vi.useRealTimers())
}

/** All of the same time, by default: what has changed must show by something else. */
function write(at: string, text: string, seconds = 1000): string {
  writeFileSync(at, text)
  utimesSync(at, seconds, seconds)
  return at
}

function replace(at: string, target?: string): void {
  const next = `${at}.next`
  if (target === undefined) write(next, 'two')
  else symlinkSync(target, next)
  renameSync(next, at)
}

function other(): string {
  return write(join(directory, 'other'), 'other')
}
