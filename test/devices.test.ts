import { Buffer } from 'node:buffer'
import { execFileSync } from 'node:child_process'
import {
  type Dir,
  mkdirSync,
  realpathSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { opendir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import process from 'node:process'
import { afterEach, expect, it, onTestFinished, vi } from 'vitest'
import { inThreadPool, onThisThread } from '../adapters/local/calls.ts'
import { Devices } from '../adapters/local/devices/devices.ts'
import { listBelow } from '../adapters/local/list.ts'
import { openRegular } from '../adapters/local/opening.ts'
import { RealPaths } from '../adapters/local/real-paths.ts'
import { RootDirectory } from '../adapters/local/root-directory.ts'
import { anywhere } from '../adapters/local/scope.ts'
import { nodeFile } from '../adapters/node.ts'
import type { Entry } from '../adapters/site/tree.ts'
import { canCountHandles, openHandles } from './support/handles.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { settle, until } from './support/wait.ts'

vi.mock('node:fs/promises', { spy: true })

const path = join(temporaryDirectory(), 'file')
writeFileSync(path, '')
const { dev } = statSync(path)

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** Devices that have looked at the file, and a clock that stands still. */
async function looked(): Promise<Devices> {
  const devices = new Devices()
  await devices.stat(path)
  vi.useFakeTimers({ toFake: ['performance'] })
  return devices
}

/** Devices where nobody says what is mounted. */
function untold(): Devices {
  return new Devices(async () => null)
}

/** Mounts of this machine, and one at /net that stalls, whatever is asked. */
function besideOneThatStalls(): { devices: Devices; looks: string[] } {
  const looks: string[] = []
  for (const name of ['stat', 'lstat'] as const) {
    const look = inThreadPool[name]
    vi.spyOn(inThreadPool, name).mockImplementation((at) => {
      if (!String(at).startsWith('/net')) return look(at)
      looks.push(String(at))
      return new Promise(() => {})
    })
  }
  const table = ['1 0 0:1 / / rw - ext4 /dev/sda rw', '2 1 0:2 / /net rw - nfs server:/ rw']
  return { devices: new Devices(async () => table.join('\n')), looks }
}

/** How many threads Node has for such calls. */
const THREADS = Number(process.env.UV_THREADPOOL_SIZE) || 4

const FAST = 1
const SLOW = 51

/** For how many ms a device is not waited for. */
function suspectedFor(devices: Devices): number {
  let passed = 0
  for (; !devices.isResponsive(dev); passed += 500) vi.advanceTimersByTime(500)
  return passed
}

it('a device of this machine is waited for, unless a call took long', async () => {
  const devices = await looked()
  expect(devices.isResponsive(dev)).toBe(true)
  devices.noteDuration(dev, FAST)
  expect(devices.isResponsive(dev)).toBe(true)
  devices.noteDuration(dev, SLOW)
  expect(devices.isResponsive(dev)).toBe(false)
  expect(suspectedFor(devices)).toBe(1500)
})

it('names prove nothing of another inode of this machine, however slow its disk is', async () => {
  const devices = await looked()
  const realPaths = new RealPaths(realpathSync(dirname(path)), devices)
  const stat = statSync(path)
  const other = { ...stat, ino: stat.ino + 1 }
  for (const took of [FAST, SLOW]) {
    devices.noteDuration(dev, took)
    expect(await realPaths.look(path, stat, onThisThread)).toBe('inside')
    expect(await realPaths.look(path, other, onThisThread)).toBe('unclear')
  }
})

it('a device that is slow again and again is left alone for longer, up to a minute', async () => {
  const devices = await looked()
  const durations = Array.from({ length: 8 }, () => {
    devices.noteDuration(dev, SLOW)
    return suspectedFor(devices) - 500
  })
  expect(durations).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000])
  vi.advanceTimersByTime(200_000)
  devices.noteDuration(dev, SLOW)
  expect(suspectedFor(devices) - 500).toBe(1000)
})

it('a path is warm for ten seconds once it was looked at, be there a file or none', async () => {
  const devices = new Devices()
  const missing = join(dirname(path), 'no-such-directory', 'file')
  const areAtHand = () => [path, missing, `${path}-other`].map((at) => devices.isWarm(at))
  vi.useFakeTimers({ toFake: ['performance'] })
  const seen = [areAtHand()]
  expect([(await devices.stat(path))?.size, await devices.stat(missing)]).toEqual([0, null])
  seen.push(areAtHand())
  vi.advanceTimersByTime(10_000)
  seen.push(areAtHand())
  expect(seen).toEqual([
    [false, false, false],
    [true, true, false],
    [false, false, false],
  ])
})

it('a link that was turned while it was followed is asked about again in another thread', async () => {
  const place = realpathSync(temporaryDirectory())
  const link = join(place, 'link')
  symlinkSync('missing', link)
  const devices = new Devices()
  const seen = [await devices.stat(link), devices.statSync(link)]
  vi.spyOn(onThisThread, 'readlink').mockReturnValueOnce(Buffer.from('./missing'))
  expect([...seen, devices.statSync(link)]).toEqual([null, null, 'unknown'])
})

it('a path is not warm where another device is by now', async () => {
  const devices = await looked()
  vi.spyOn(onThisThread, 'lstat').mockReturnValue({ ...statSync(path), dev: dev + 1 })
  devices.statSync(path)
  expect(devices.isWarm(path)).toBe(false)
})

it.each([
  1, 2, 5,
])('a device is known by what is above %i names that are missing', async (count) => {
  const devices = new Devices()
  await devices.stat(join(dirname(path), 'no-such-name/'.repeat(count)))
  expect(devices.isLocal(dev)).toBe(true)
})

it('a device is asked about anew once something else is mounted: its number may be another', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const local = '1 0 0:1 / / rw - ext4 /dev/sda rw'
  let table = local
  const devices = new Devices(async () => table)
  await devices.stat(path)
  const seen = [devices.isLocal(dev), devices.isWarm(path)]
  table = `${local}\n2 1 0:2 / ${realpathSync(dirname(path))} rw - nfs server:/ rw`
  vi.spyOn(inThreadPool, 'stat').mockReturnValue(new Promise(() => {}))
  vi.advanceTimersByTime(1000)
  // Whoever asks, is told that it may have changed.
  devices.isWarm(path)
  await until(() => !devices.isLocal(dev))
  expect([...seen, devices.isWarm(path)]).toEqual([true, true, false])
})

it('what could not be asked of a device is asked again', async () => {
  const devices = untold()
  vi.spyOn(inThreadPool, 'stat').mockResolvedValueOnce(statSync(path))
  await devices.stat(`${path}-removed-since`)
  const seen = [devices.isLocal(dev)]
  await devices.stat(path)
  expect([...seen, devices.isLocal(dev)]).toEqual([false, true])
})

it('a name that no file can have is one where nothing is', async () => {
  expect(await new Devices().stat(`${path}${'x'.repeat(300)}`)).toBe(null)
})

it('a path of 2000 names below one that is missing takes 17 looks, and is not remembered', async () => {
  const looks = vi.spyOn(inThreadPool, 'stat')
  const devices = untold()
  const far = join(dirname(path), 'a/'.repeat(1800), 'file')
  expect(await devices.stat(far)).toBe(null)
  const near = join(dirname(path), 'a/'.repeat(15), 'file')
  expect(looks.mock.calls.length).toBe(17)
  await devices.stat(near)
  expect([far, near].map((each) => devices.isWarm(each))).toEqual([
    false,
    devices.isResponsive(dev),
  ])
})

it.each([
  ['one directory', (i: number) => `/net/directory/${i}`],
  ['a directory each', (i: number) => `/net/${i}/file`],
])('who looks into %s of a mount that stalls takes no more threads than may wait', async (_which, pathOf) => {
  const { devices, looks } = besideOneThatStalls()
  for (let i = 0; i < 8; i++) void devices.stat(pathOf(i))
  await until(() => looks.length >= THREADS - 1)
  await settle()
  expect(looks.length).toBe(THREADS - 1)
  // Whoever is the first to look at this machine's files waits for none of them.
  await devices.stat(path)
  expect(devices.isLocal(dev)).toBe(true)
})

it.each([
  ['a directory', (i: number) => `/unknown/${i}`],
  ['a directory each', (i: number) => `/unknown-${i}/file`],
])('they take no more where nobody says what is mounted, looking into %s', async (_which, pathOf) => {
  const devices = untold()
  await devices.stat(path)
  const looks = vi.spyOn(inThreadPool, 'stat').mockReturnValue(new Promise(() => {}))
  for (let i = 0; i < 8; i++) void devices.stat(pathOf(i))
  await settle()
  expect(looks.mock.calls.length).toBe(THREADS - 1)
})

it('whose client hangs up while it waits for a mount that stalls, waits no more', async () => {
  const { devices, looks } = besideOneThatStalls()
  void devices.locate('/net/file')
  await until(() => looks.length > 0)
  const client = new AbortController()
  const waiting = devices.locate('/net/file', () => client.signal)
  await settle()
  client.abort(new Error('gone'))
  await expect(waiting).rejects.toThrow('gone')
})

it('a healthy mount is asked once for each look', async () => {
  const { devices } = besideOneThatStalls()
  const looks = vi.mocked(inThreadPool.stat).mockResolvedValue(statSync(path))
  vi.mocked(inThreadPool.lstat).mockClear()
  for (let i = 0; i < 8; i++) await devices.stat(`/net/${i}/file`)
  expect([looks.mock.calls.length, vi.mocked(inThreadPool.lstat).mock.calls]).toEqual([8, [['/']]])
})

it.each<[what: string, dir: (stall: () => Promise<never>) => Promise<Dir>]>([
  ['opening it', (stall) => stall()],
  [
    'reading it',
    async (stall) => Object({ read: stall, [Symbol.asyncIterator]: () => ({ next: stall }) }),
  ],
])('a directory that is listed stalls no more threads than may wait, by %s', async (_what, dir) => {
  const devices = await looked()
  const root = new RootDirectory(dirname(path), 'inside', devices)
  let stalled = 0
  const stall = () => {
    stalled++
    return new Promise<never>(() => {})
  }
  vi.mocked(opendir).mockImplementation(() => dir(stall))
  onTestFinished(() => void vi.mocked(opendir).mockReset())
  devices.noteDuration(dev, SLOW)
  for (let i = 0; i < 8; i++) {
    mkdirSync(join(dirname(path), `listed-${i}`), { recursive: true })
    void listBelow(root, `listed-${i}`, devices).next()
  }
  await until(() => stalled >= THREADS - 1)
  await settle()
  expect(stalled).toBe(THREADS - 1)
})

it.each([
  ['a mount', 'net'],
  ['a link to one', 'link'],
])('a directory that is listed stalls no more threads than may wait, by %s in it', async (_what, name) => {
  const root = realpathSync(temporaryDirectory())
  const table = ['1 0 0:1 / / rw - ext4 /dev/sda rw', `2 1 0:2 / ${root}/net rw - nfs server:/ rw`]
  const devices = new Devices(async () => table.join('\n'))
  mkdirSync(join(root, 'net'))
  if (name === 'link') symlinkSync('net', join(root, name))
  let stalled = 0
  for (const call of ['stat', 'lstat', 'open'] as const) {
    const ask: (...asked: [never, never]) => Promise<unknown> = inThreadPool[call]
    vi.spyOn(inThreadPool, call).mockImplementation((...asked: unknown[]) => {
      // What is asked of a link itself is not asked of what it leads to.
      const isAway = String(asked[0]).endsWith(`/${name}`) && !(name === 'link' && call === 'lstat')
      if (!isAway) return Reflect.apply(ask, inThreadPool, asked)
      stalled++
      return new Promise<never>(() => {})
    })
  }
  for (let i = 0; i < 8; i++)
    void listBelow(new RootDirectory(root, 'inside', devices), '', devices).next()
  await until(() => stalled > 0)
  await settle()
  // Each path has one thread.
  expect(stalled).toBe(1)
})

it('a directory that is listed through a mount that stalls takes one thread', async () => {
  const away = realpathSync(temporaryDirectory())
  const disk = join(away, 'disk')
  mkdirSync(disk)
  const table = [
    '1 0 0:1 / / rw - ext4 /dev/sda rw',
    `2 1 0:2 / ${away} rw - nfs server:/ rw`,
    `3 2 0:3 / ${disk} rw - ext4 /dev/sdb rw`,
  ]
  const devices = new Devices(async () => table.join('\n'))
  await devices.stat(disk)
  expect(devices.isResponsive(statSync(disk).dev)).toBe(true)
  const opens = vi.spyOn(inThreadPool, 'open').mockReturnValue(new Promise(() => {}))
  for (let i = 0; i < 8; i++) {
    void listBelow(new RootDirectory(away, 'inside', devices), 'disk', devices).next()
  }
  await until(() => opens.mock.calls.length > 0)
  await settle()
  expect(opens.mock.calls.length).toBe(1)
})

it('a directory that is listed asks once about each that nothing is mounted on', async () => {
  // Named otherwise than above: some of the listings there still go on.
  const root = realpathSync(temporaryDirectory())
  for (const name of ['a', 'b', 'c', 'disk']) mkdirSync(join(root, name))
  const table = [
    '1 0 0:1 / / rw - ext4 /dev/sda rw',
    `2 1 0:2 / ${root}/disk rw - ext4 /dev/sdb rw`,
  ]
  const devices = new Devices(async () => table.join('\n'))
  const looks = vi.spyOn(inThreadPool, 'lstat')
  const names: string[] = []
  for await (const { name } of listBelow(new RootDirectory(root, 'inside', devices), '', devices)) {
    names.push(name)
  }
  const asked = looks.mock.calls.map(([at]) => basename(String(at)))
  const timesOf = (name: string) => asked.filter((each) => each === name).length
  expect(names.toSorted()).toEqual(['a', 'b', 'c', 'disk'])
  expect(['a', 'b', 'c', 'disk'].map(timesOf)).toEqual([1, 1, 1, 2])
})

it.runIf(canCountHandles)(
  'a directory is closed once it was listed, or nobody reads on',
  async () => {
    const root = temporaryDirectory()
    for (let i = 0; i < 10; i++) writeFileSync(join(root, `${i}`), '')
    const list = () =>
      listBelow(new RootDirectory(root, 'inside', new Devices()), '', new Devices())
    let count = 0
    for await (const _ of list()) count++
    for await (const _ of list()) break
    expect([count, openHandles(root)]).toEqual([10, 0])
  },
)

it.each([
  'EACCES',
  'EPERM',
  'ENOTCONN',
  'EIO',
  // ESTALE, for which Node has no name, nor has Deno.
  'Unknown system error -116',
  'UNKNOWN',
])('what can not be looked at is listed by its name, unless it is a link, which may lead out: %s', async (code) => {
  const { root, failing } = listedDirectory()
  failing('lstat', code)
  failing('open', code)
  expect(await entriesOf(root)).toEqual([
    { name: 'file', kind: 'file' },
    { name: 'folder', kind: 'directory' },
  ])
})

it('what was removed meanwhile is not listed', async () => {
  const { root, failing } = listedDirectory()
  failing('lstat', 'ENOENT')
  failing('open', 'ENOENT')
  expect(await entriesOf(root)).toEqual([])
})

it.each([
  ['lstat', 'ENOMEM'],
  ['open', 'EMFILE'],
  ['open', 'ENFILE'],
] as const)('a directory is not listed without what can not be looked at just now: %s, %s', async (call, code) => {
  const { root, failing } = listedDirectory()
  failing(call, code)
  await expect(entriesOf(root)).rejects.toThrow(code)
})

it.runIf(canCountHandles).each<[what: string, fail: (error: Error) => void]>([
  ['it is entered', (error) => void vi.spyOn(inThreadPool, 'open').mockRejectedValueOnce(error)],
  ['its names are read', (error) => void vi.mocked(opendir).mockRejectedValueOnce(error)],
])(
  'a directory is listed without files that nobody reads, if too many are open when %s',
  async (_what, fail) => {
    const { root } = listedDirectory()
    const idle = join(root, 'file')
    await (await nodeFile(idle, { keepOpen: 60_000 }))?.close?.()
    const before = openHandles(idle)
    fail(Object.assign(new Error('EMFILE'), { code: 'EMFILE' }))
    expect([before, (await entriesOf(root)).length, openHandles(idle)]).toEqual([1, 3, 0])
  },
)

it.runIf(canCountHandles)('a directory that can not be entered is not left open', async () => {
  const directory = temporaryDirectory()
  const root = new RootDirectory(directory, 'inside', new Devices())
  for (const name of ['fstat', 'readlink', 'realpath'] as const) {
    const calls = { ...inThreadPool, [name]: () => Promise.reject(new Error(name)) }
    await expect(root.enter(directory, calls)).rejects.toThrow(name)
  }
  expect(openHandles(directory)).toBe(0)
})

it.each<[told: string, devices: Devices, call: 'stat' | 'lstat']>([
  ['', new Devices(), 'lstat'],
  [', where nobody says what is mounted, too', untold(), 'stat'],
])('a known directory of this machine is looked into by all who come%s', async (_told, devices, call) => {
  await devices.stat(path)
  const looks = vi.spyOn(inThreadPool, call).mockReturnValue(new Promise(() => {}))
  for (let i = 0; i < 8; i++) void devices.stat(`${path}-${i}`)
  await settle()
  expect(looks.mock.calls.length).toBe(8)
})

it('a known directory of a slow disk stalls no more threads than may wait', async () => {
  const devices = await looked()
  const looks = vi.spyOn(inThreadPool, 'lstat').mockReturnValue(new Promise(() => {}))
  devices.noteDuration(dev, SLOW)
  for (let i = 0; i < 8; i++) void devices.stat(`${path}-${i}`)
  await settle()
  expect(looks.mock.calls.length).toBe(THREADS - 1)
})

it('who comes when one is done waits as long as there are as many as may be', async () => {
  // Nothing is known of the device.
  const devices = new Devices()
  const begun: number[] = []
  const ends: (() => void)[] = []
  const run = (i: number) =>
    devices.run(`${i}`, dev, () => {
      begun.push(i)
      return new Promise<void>((end) => ends.push(end))
    })
  for (let i = 0; i <= THREADS; i++) void run(i)
  ends.shift()?.()
  await settle()
  void run(THREADS + 1)
  await settle()
  expect(begun).toEqual(Array.from({ length: THREADS }, (_, i) => i))
})

it('a file on another machine is listed without a version', async () => {
  const devices = new Devices()
  const root = temporaryDirectory()
  writeFileSync(join(root, 'a'), '')
  utimesSync(join(root, 'a'), 1000, 1000)
  const versionOf = async () => {
    const { value } = await listBelow(
      new RootDirectory(root, 'inside', devices),
      '',
      devices,
    ).next()
    return typeof Object(value).version
  }
  await until(async () => (await versionOf()) === 'string')
  vi.spyOn(devices, 'isLocal').mockReturnValue(false)
  expect(await versionOf()).toBe('undefined')
})

it('a file whose descriptor can not be asked is in no root any more', async () => {
  const devices = new Devices()
  const file = Object({ path, fd: 0, stat: statSync(path) })
  const fails = () => Promise.reject(new Error('EIO'))
  const calls = { ...inThreadPool, readlink: fails, realpath: fails }
  expect(await new RootDirectory(dirname(path), 'inside', devices).contains(file, calls)).toBe(
    false,
  )
})

it('a file that was away for a moment is opened all the same', async () => {
  let tries = 0
  const open: typeof inThreadPool.open = (...asked) =>
    ++tries === 1 ? Promise.reject(enoent()) : inThreadPool.open(...asked)
  for (const scope of [new RootDirectory(dirname(path), 'inside', new Devices()), anywhere]) {
    tries = 0
    const opened = await scope.open(path, { ...inThreadPool, open })
    if (opened === null || opened === 'directory') throw new Error('Expected a file')
    expect(opened.stat.ino).toBe(statSync(path).ino)
    await inThreadPool.close(opened.fd)
  }
})

it('a file of which somebody has a lease is waited for', async () => {
  const busy = Object.assign(new Error('EAGAIN'), { code: 'EAGAIN' })
  const open = vi.fn(inThreadPool.open).mockRejectedValueOnce(busy).mockRejectedValueOnce(busy)
  const opened = await openRegular(path, { ...inThreadPool, open })
  expect([opened !== null, open.mock.calls.length]).toEqual([true, 3])
  if (opened !== null) await inThreadPool.close(opened.fd)
})

it.runIf(canCountHandles)('what is no file once it is open is closed', async () => {
  const fifo = join(temporaryDirectory(), 'fifo')
  execFileSync('mkfifo', [fifo])
  expect(await openRegular(fifo, inThreadPool)).toBe(null)
  const fstat = () => Promise.reject(new Error('EIO'))
  await expect(openRegular(path, { ...inThreadPool, fstat })).rejects.toThrow('EIO')
  expect([openHandles(fifo), openHandles(path)]).toEqual([0, 0])
})

it('names have to say the same again and again', async () => {
  const root = temporaryDirectory()
  const at = join(root, 'a', 'b', 'file')
  mkdirSync(dirname(at), { recursive: true })
  writeFileSync(at, '')
  const realPaths = new RealPaths(root, await looked())
  let looks = 0
  const realpath: typeof inThreadPool.realpath = async (of) => {
    // The last time, it leads elsewhere.
    const isLast = of === at && ++looks === 16
    return inThreadPool.realpath(isLast ? path : of)
  }
  const stat = statSync(at)
  expect(await realPaths.prove(at, stat, inThreadPool)).toBe('inside')
  expect(await realPaths.prove(at, stat, { ...inThreadPool, realpath })).toBe('unclear')
})

it('no link leads to a file whose name is not to be had as text', async () => {
  const root = temporaryDirectory()
  const outside = dirname(path)
  mkdirSync(join(root, 'folder'))
  writeFileSync(join(root, 'folder', 'file'), '')
  symlinkSync(outside, join(root, 'link'))
  const devices = await looked()
  const unspeakable = Object.assign(new Error(), { name: 'InvalidData' })
  const calls = { ...inThreadPool, realpath: () => Promise.reject(unspeakable) }
  const realPaths = new RealPaths(root, devices)
  const seen = ['folder/file', 'link/file', 'link'].map((name) => {
    const at = join(root, name)
    return realPaths.look(at, name === 'link' ? null : statSync(at), calls)
  })
  expect(await Promise.all(seen)).toEqual(['inside', 'outside', 'outside'])
})

/** A directory with one of each, and a way to let calls about its entries fail. */
function listedDirectory() {
  const root = realpathSync(temporaryDirectory())
  writeFileSync(join(root, 'file'), '')
  mkdirSync(join(root, 'folder'))
  symlinkSync('file', join(root, 'link'))
  const { lstat, open } = inThreadPool
  const isEntry = (at: unknown) => /\/self\/fd\/\d+\/./.test(String(at))
  const failing = (name: 'lstat' | 'open', code: string) => {
    const fail = () => Promise.reject(Object.assign(new Error(code), { code }))
    if (name === 'lstat') {
      vi.spyOn(inThreadPool, name).mockImplementation((at) => (isEntry(at) ? fail() : lstat(at)))
    } else {
      vi.spyOn(inThreadPool, name).mockImplementation((at, flags) => {
        return isEntry(at) ? fail() : open(at, flags)
      })
    }
  }
  return { root, failing }
}

async function entriesOf(root: string): Promise<Entry[]> {
  const devices = new Devices()
  const entries: Entry[] = []
  for await (const entry of listBelow(new RootDirectory(root, 'inside', devices), '', devices)) {
    entries.push(entry)
  }
  return entries.sort((one, other) => (one.name < other.name ? -1 : 1))
}

function enoent(): Error {
  return Object.assign(new Error('ENOENT'), { code: 'ENOENT' })
}
