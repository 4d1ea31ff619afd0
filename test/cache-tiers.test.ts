import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  onTestFinished,
  vi,
} from 'vitest'
import { type BlockTier, cacheApiTier, cached } from '../adapters/cache.ts'
import { directoryTier } from '../adapters/cache-directory.ts'
import { devices } from '../adapters/local/shared.ts'
import { openBlockDirectory } from '../command/roots/block-directory.ts'
import { fileHandler } from '../src/serve.ts'
import type { FileSource } from '../src/source.ts'
import { fetchOnce } from './support/client.ts'
import { countingSource, someBytes } from './support/counting-source.ts'
import { startWorker, type WorkerServer } from './support/miniflare.ts'
import { isInstalled, runtimes } from './support/runtimes.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { expectNoUnhandledRejections } from './support/unhandled.ts'
import { settle, until } from './support/wait.ts'

expectNoUnhandledRejections()
vi.mock('node:fs/promises', { spy: true })

/** Before Node 23.5, the flag had another name. */
const nodePermission = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission'
const denoFlags = ['--no-lock', '--cached-only', '--no-prompt']

const scratch = temporaryDirectory()
const BLOCK = 1000
const DIGEST = 32
const film = someBytes(3 * BLOCK + 7)

function newDirectory(): string {
  return join(scratch, crypto.randomUUID())
}

/** What a cache that remembers one block answers, with this tier behind. */
function withTier(tier: BlockTier, bytes = film) {
  const source = countingSource(bytes, { etag: '"1"' })
  const lookup = cached(() => source, { blockSize: BLOCK, memory: BLOCK, readAhead: 0, tier })
  const handler = fileHandler(lookup, { onError: () => {} })
  const ask = async () => {
    const response = await handler(new Request('http://localhost/film'))
    return Buffer.compare(await response.bytes(), bytes) === 0
  }
  return { source, lookup, ask }
}

describe('a second tier', () => {
  it('is asked before the lookup, and given what that reads', async () => {
    const stored = new Map<string, Uint8Array>()
    const asked: string[] = []
    const { source, lookup, ask } = withTier({
      get(key) {
        asked.push(key)
        return stored.get(key) ?? null
      },
      put: (key, bytes) => stored.set(key, bytes),
    })
    expect([await ask(), await ask()]).toEqual([true, true])
    expect(asked.length).toBe(8)
    expect(source.reads.length).toBe(4)
    expect(lookup.stats).toMatchObject({ misses: 4, tierHits: 4, failures: 0 })
    expect(Buffer.concat([...stored.values()])).toEqual(Buffer.from(film))
    expect([...stored.keys()]).toEqual(
      [0, 1, 2, 3].map((block) => `["http://localhost/film","\\"1\\"",3007,1000]${block}`),
    )
  })

  it.each<[string, BlockTier]>([
    [
      'throws',
      {
        get: () => {
          throw new Error('out of order')
        },
        put: () => {
          throw new Error('out of order')
        },
      },
    ],
    [
      'rejects',
      {
        get: () => Promise.reject(new Error('out of order')),
        put: () => Promise.reject(new Error('out of order')),
      },
    ],
  ])('that %s costs nobody his bytes, and is counted', async (_how, tier) => {
    const { lookup, ask } = withTier(tier)
    expect(await ask()).toBe(true)
    await until(() => lookup.stats.tierFailures === 8)
    expect(lookup.stats).toMatchObject({ misses: 4, tierHits: 0, failures: 0 })
  })

  it('that gives a block of another length is not believed', async () => {
    const { source, ask } = withTier({ get: () => new Uint8Array(999), put: () => {} })
    expect([await ask(), source.reads.length]).toEqual([true, 4])
  })

  it.each<[string, unknown]>([
    ['text', '.'.repeat(BLOCK)],
    ['an ArrayBuffer', new ArrayBuffer(BLOCK)],
    ['an Array', Array(BLOCK).fill(0)],
    ['other numbers', new Uint16Array(BLOCK)],
  ])('that gives %s is not believed, and that is counted', async (_what, given) => {
    const tier = { get: () => given as Uint8Array, put: () => {} }
    const { lookup, ask } = withTier(tier, film.subarray(0, BLOCK))
    expect([await ask(), await ask()]).toEqual([true, true])
    expect(lookup.stats).toMatchObject({ misses: 1, hits: 1, tierHits: 0, tierFailures: 1 })
  })

  it('that has nothing may say so as a Map does', async () => {
    const { lookup, ask } = withTier({ get: () => undefined as never, put: () => {} })
    expect(await ask()).toBe(true)
    expect(lookup.stats).toMatchObject({ misses: 4, tierFailures: 0 })
  })

  it('that never ends storing keeps nobody waiting', async () => {
    const { ask } = withTier({ get: () => null, put: () => new Promise(() => {}) })
    expect(await ask()).toBe(true)
  })

  it('that never answers is waited for once, and left alone for ten seconds', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const asked: (AbortSignal | undefined)[] = []
    const { lookup, ask } = withTier({
      get(_key, signal) {
        asked.push(signal)
        return new Promise(() => {})
      },
      put: () => {},
    })
    expect([await ask(), asked.length, lookup.stats.tierFailures]).toEqual([true, 1, 1])
    vi.advanceTimersByTime(9_999)
    expect([await ask(), asked.length]).toEqual([true, 1])
    vi.advanceTimersByTime(1)
    expect([await ask(), asked.length, lookup.stats.tierFailures]).toEqual([true, 2, 2])
    expect(asked.map((signal) => signal?.aborted)).toEqual([true, true])
    expect(lookup.stats).toMatchObject({ misses: 12, tierHits: 0, failures: 0 })
  })

  it('is not blamed for a thread that was busy', async () => {
    const path = newDirectory()
    writeFileSync(path, film.subarray(0, BLOCK))
    const tier = {
      get() {
        const bytes = readFile(path)
        setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1200))
        return bytes
      },
      put: () => {},
    }
    const { lookup, ask } = withTier(tier, film.subarray(0, BLOCK))
    expect(await ask()).toBe(true)
    expect(lookup.stats).toMatchObject({ misses: 0, tierHits: 1, tierFailures: 0 })
  })

  it('is told when nobody waits any more, and that is no failure of it', async () => {
    const asked: (AbortSignal | undefined)[] = []
    const { lookup } = withTier({
      get(_key, signal) {
        asked.push(signal)
        return new Promise(() => {})
      },
      put: () => {},
    })
    const found = (await lookup(new Request('http://localhost/film'))) as FileSource
    const reading = Promise.resolve(found.read(0, 10)).catch(() => 'left')
    await until(() => asked.length === 1)
    await found.close?.()
    expect([await reading, asked[0]?.aborted]).toEqual(['left', true])
    expect(lookup.stats).toMatchObject({ failures: 1, tierFailures: 0 })
  })

  it('that never ends storing is given no more than 64 MiB', async () => {
    const put: number[] = []
    const size = 100 * 1024 * 1024
    const source = { size, etag: '"1"', read: (start: number, end: number) => zeros(end - start) }
    const lookup = cached(() => source, {
      tier: {
        get: () => null,
        put(_key, bytes) {
          put.push(bytes.length)
          return new Promise(() => {})
        },
      },
    })
    const response = await fileHandler(lookup)(new Request('http://localhost/film'))
    let received = 0
    for await (const chunk of response.body ?? []) received += chunk.length
    expect([received, put.length]).toEqual([size, 64])
  })

  it('the host is told of what is being stored', async () => {
    const works: unknown[] = []
    const source = countingSource(film, { etag: '"1"' })
    const tier = { get: () => null, put: () => {} }
    const waitUntil = (work: Promise<unknown>, ...context: unknown[]) => works.push(context, work)
    const lookup = cached<readonly unknown[]>(() => source, { tier, waitUntil })
    const handler = fileHandler(lookup)
    await (await handler(new Request('http://localhost/film'), 'env', 'ctx')).bytes()
    expect(works).toEqual([['env', 'ctx'], Promise.resolve()])
  })

  it('a host that is not there costs nobody his bytes', async () => {
    const source = countingSource(film, { etag: '"1"' })
    const tier = { get: () => null, put: () => {} }
    const waitUntil = (work: Promise<unknown>, ctx: { waitUntil(work: unknown): void }) => {
      ctx.waitUntil(work)
    }
    const lookup = cached<[ctx: { waitUntil(work: unknown): void }]>(() => source, {
      tier,
      waitUntil,
    })
    const handler = fileHandler(lookup) as (request: Request) => Promise<Response>
    const response = await handler(new Request('http://localhost/film'))
    expect(Buffer.from(await response.bytes())).toEqual(Buffer.from(film))
    expect(lookup.stats).toMatchObject({ misses: 1, failures: 0, tierFailures: 1 })
  })
})

describe('a directory as a tier', () => {
  it('survives a restart', async () => {
    const directory = newDirectory()
    const first = withTier(directoryTier(directory))
    expect(await first.ask()).toBe(true)
    await until(() => filesIn(directory).length === 4)
    const second = withTier(directoryTier(directory))
    expect([await second.ask(), second.source.reads.length]).toEqual([true, 0])
    expect(second.lookup.stats).toMatchObject({ misses: 0, tierHits: 4, tierFailures: 0 })
  })

  it('gives back what was put, whatever the key', async () => {
    const tier = directoryTier(newDirectory())
    const keys = fc.string({ unit: 'binary', maxLength: 300 })
    await fc.assert(
      fc.asyncProperty(keys, fc.uint8Array({ maxLength: 3000 }), async (key, bytes) => {
        await tier.put(key, bytes)
        expect(Buffer.from((await tier.get(key)) ?? 'none')).toEqual(Buffer.from(bytes))
        expect(await tier.get(`${key}!`)).toBe(null)
      }),
      { numRuns: 20 },
    )
  })

  it('has files of safe names, which nobody else can read', async () => {
    const directory = newDirectory()
    await directoryTier(directory).put('../../etc/passwd', film)
    const [name = ''] = readdirSync(directory)
    expect(name).toMatch(/^[0-9a-f]{64}$/)
    const modes = [directory, join(directory, name)].map((path) => statSync(path).mode & 0o777)
    expect(modes).toEqual([0o700, 0o600])
  })

  it.each<[string, (path: string) => void]>([
    ['cut', (path) => truncateSync(path, 500)],
    ['emptied', (path) => truncateSync(path, 0)],
    ['changed in one bit', (path) => flip(path, 700)],
    ['changed in its checksum', (path) => flip(path, BLOCK + 1)],
    ['grown', (path) => writeFileSync(path, 'x', { flag: 'a' })],
  ])('a file that was %s is not there, and removed', async (_how, spoil) => {
    const directory = newDirectory()
    const tier = directoryTier(directory)
    await tier.put('key', film.subarray(0, BLOCK))
    const path = join(directory, filesIn(directory)[0] ?? '')
    spoil(path)
    expect([await tier.get('key'), existsSync(path)]).toEqual([null, false])
  })

  it('takes no more than its size: what was read longest ago goes first', async () => {
    const directory = newDirectory()
    const tier = directoryTier(directory, { size: 3 * (BLOCK + DIGEST) })
    const block = someBytes(BLOCK)
    for (const key of ['a', 'b', 'c']) await tier.put(key, block)
    await tier.get('a')
    await tier.put('d', block)
    const there: boolean[] = []
    for (const key of ['a', 'b', 'c', 'd']) there.push((await tier.get(key)) !== null)
    expect([there, filesIn(directory).length]).toEqual([[true, false, true, true], 3])
  })

  it('counts what is there from earlier, and removes what was left half written', async () => {
    const directory = newDirectory()
    const block = someBytes(BLOCK)
    const earlier = directoryTier(directory)
    for (const key of ['a', 'b', 'c']) await earlier.put(key, block)
    const youngest = filesIn(directory)
    // The one that a directory names last was written first.
    for (const [i, name] of youngest.entries()) utimesSync(join(directory, name), 3 - i, 3 - i)
    const left = `${'0'.repeat(64)}.${crypto.randomUUID()}`
    const young = `${'1'.repeat(64)}.${crypto.randomUUID()}`
    for (const name of [left, young, 'README']) writeFileSync(join(directory, name), '')
    utimesSync(join(directory, left), 1, 1)
    await directoryTier(directory, { size: 3 * (BLOCK + DIGEST) }).put('d', block)
    const names = readdirSync(directory)
    expect([left, young, 'README', ...youngest].map((name) => names.includes(name))).toEqual([
      false,
      true,
      true,
      true,
      true,
      false,
    ])
  })

  it('removes what was left half written over an hour ago, where there is room, too', async () => {
    const directory = newDirectory()
    const tier = directoryTier(directory)
    await directoryTier(directory).put('a', film)
    const left = join(directory, `${'0'.repeat(64)}.${crypto.randomUUID()}`)
    writeFileSync(left, '')
    const overAnHourAgo = Date.now() / 1000 - 3601
    utimesSync(left, overAnHourAgo, overAnHourAgo)
    await tier.put('b', film)
    expect([existsSync(left), filesIn(directory).length]).toEqual([false, 2])
  })

  it('counts what a process that ended just now left half written', async () => {
    const directory = newDirectory()
    const block = someBytes(BLOCK)
    const earlier = directoryTier(directory)
    for (const key of ['a', 'b']) await earlier.put(key, block)
    const left = join(directory, `${'0'.repeat(64)}.${crypto.randomUUID()}`)
    writeFileSync(left, someBytes(BLOCK + DIGEST))
    const aWhileAgo = Date.now() / 1000 - 60
    utimesSync(left, aWhileAgo, aWhileAgo)
    const tier = directoryTier(directory, { size: 3 * (BLOCK + DIGEST) })
    await tier.put('c', block)
    expect([existsSync(left), filesIn(directory).length]).toEqual([false, 3])
  })

  it.each([
    'EPERM',
    'EACCES',
    'EBUSY',
  ])('has stored a block that is there, which Windows refuses to replace by %s', async (code) => {
    const directory = newDirectory()
    const tier = directoryTier(directory)
    const refusal = Object.assign(new Error('It is being read'), { code })
    vi.mocked(rename).mockRejectedValueOnce(refusal)
    await expect(tier.put('key', film)).rejects.toThrow(refusal)
    await tier.put('key', film)
    vi.mocked(rename).mockRejectedValueOnce(refusal)
    await tier.put('key', film)
    const stored = await tier.get('key')
    expect([stored?.length, readdirSync(directory).length]).toEqual([film.length, 1])
  })

  it.runIf(existsSync('/proc/self'))('fails where no directory can be made', async () => {
    const tier = directoryTier('/proc/byteserve-blocks/films')
    await expect(tier.put('key', film)).rejects.toThrow('ENOENT')
  })

  it.each<['node' | 'deno', (path: string) => string[]]>([
    ['node', (path) => [nodePermission, '--allow-fs-read=*', `--allow-fs-write=${path}*`]],
    ['deno', (path) => ['run', ...denoFlags, `--allow-read=${path}`, `--allow-write=${path}`]],
  ])('is made on %s where nothing else may be written, and nobody is asked', (name, flagsFor) => {
    if (!isInstalled(name)) return
    const path = join(newDirectory(), 'films', 'blocks')
    const program = join(import.meta.dirname, 'programs/stored.mjs')
    const args = [...flagsFor(path), program, path]
    const { stdout, stderr } = spawnSync(runtimes[name] ?? '', args, { encoding: 'utf8' })
    expect(stdout, stderr).toBe('10\n')
    expect([dirname(path), path].map((each) => statSync(each).mode & 0o777)).toEqual([0o700, 0o700])
  })

  it('takes no more of the disk, whose pages small blocks leave empty', async () => {
    const directory = newDirectory()
    const tier = directoryTier(directory, { size: 2 * 1024 * 1024 })
    for (let key = 0; key < 600; key++) await tier.put(`${key}`, film.subarray(0, 10))
    const block = someBytes(1024 * 1024)
    expect([filesIn(directory).length, await tier.get('87'), await tier.get('88')]).toEqual([
      512,
      null,
      film.subarray(0, 10),
    ])
    await tier.put('large', block)
    // 257 pages.
    expect(filesIn(directory).length).toBe(512 - 257 + 1)
    await directoryTier(directory, { size: 1024 * 1024 + DIGEST }).put('another', film)
    expect(filesIn(directory).length).toBe(1)
  })

  it.each([
    'ENOSPC',
    'EDQUOT',
    // EDQUOT, by a name that libuv does not have.
    'Unknown system error -122',
  ])('gives up its oldest blocks for later ones where the disk is full, by %s', async (code) => {
    const directory = newDirectory()
    const tier = directoryTier(directory)
    const block = someBytes(BLOCK)
    for (const key of ['a', 'b', 'c']) await tier.put(key, block)
    const full = Object.assign(new Error('The disk is full'), { code })
    vi.mocked(writeFile).mockRejectedValueOnce(full)
    await tier.put('d', block)
    const there: boolean[] = []
    for (const key of ['a', 'b', 'c', 'd']) there.push((await tier.get(key)) !== null)
    expect([there, filesIn(directory).length]).toEqual([[false, true, true, true], 3])
  })

  it('gives up no more where others take the room that it makes', async () => {
    const directory = newDirectory()
    const tier = directoryTier(directory)
    const block = someBytes(BLOCK)
    for (const key of ['a', 'b', 'c']) await tier.put(key, block)
    const full = Object.assign(new Error('The disk is full'), { code: 'ENOSPC' })
    for (let i = 0; i < 4; i++) vi.mocked(writeFile).mockRejectedValueOnce(full)
    // Written twice, and once each of those that follow.
    for (const key of ['d', 'e', 'f']) await expect(tier.put(key, block)).rejects.toThrow(full)
    expect(filesIn(directory).length).toBe(2)
  })

  it('fails where the disk is full of other things', async () => {
    const tier = directoryTier(newDirectory())
    const full = Object.assign(new Error('The disk is full'), { code: 'ENOSPC' })
    vi.mocked(writeFile).mockClear().mockRejectedValueOnce(full)
    await expect(tier.put('a', film)).rejects.toThrow(full)
    expect(vi.mocked(writeFile).mock.calls.length).toBe(1)
  })

  it('declines what is larger than all of it', async () => {
    const directory = newDirectory()
    const tier = directoryTier(directory, { size: BLOCK })
    await tier.put('key', film.subarray(0, BLOCK))
    expect([await tier.get('key'), existsSync(directory)]).toEqual([null, false])
  })

  it('declines what is put faster than it can be written', async () => {
    const directory = newDirectory()
    const tier = directoryTier(directory)
    const block = new Uint8Array(10 * 1024 * 1024)
    await Promise.all(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((key) => tier.put(key, block)))
    // Of 80 MiB, what fits into 64.
    expect(filesIn(directory).length).toBe(6)
    await tier.put('h', block)
    expect(filesIn(directory).length).toBe(7)
  })

  it('that several write at once has one whole file of each block', async () => {
    const directory = newDirectory()
    const tiers = Array.from({ length: 4 }, () => directoryTier(directory))
    const puts = Array.from({ length: 40 }, (_, i) => {
      return tiers[i % 4]?.put(`${i % 5}`, someBytes(5000, i % 5))
    })
    await Promise.all(puts)
    expect(filesIn(directory).length).toBe(5)
    expect(readdirSync(directory).length).toBe(5)
    const read = await Promise.all([0, 1, 2, 3, 4].map((i) => tiers[i % 4]?.get(`${i}`)))
    expect(read.map((bytes) => bytes && Buffer.from(bytes))).toEqual(
      [0, 1, 2, 3, 4].map((i) => Buffer.from(someBytes(5000, i))),
    )
  })

  it('whose place is taken by a file is counted, and the bytes come from the lookup', async () => {
    const path = newDirectory()
    writeFileSync(path, '')
    const { lookup, ask } = withTier(directoryTier(path))
    expect(await ask()).toBe(true)
    await until(() => lookup.stats.tierFailures === 8)
  })

  it('is made again once it was removed, and counts from nothing', async () => {
    const path = newDirectory()
    const tier = directoryTier(path, { size: 3500 })
    for (const key of ['a', 'b']) await tier.put(key, someBytes(1000))
    rmSync(path, { recursive: true })
    await expect(tier.put('c', someBytes(1000))).rejects.toThrow('ENOENT')
    for (const key of ['d', 'e', 'f']) await tier.put(key, someBytes(1000))
    const kept = await Promise.all(['a', 'd', 'e', 'f'].map((key) => tier.get(key)))
    expect([kept.map((bytes) => bytes?.length), filesIn(path).length]).toEqual([
      [undefined, 1000, 1000, 1000],
      3,
    ])
  })

  describe('that stalls', () => {
    /** How many threads Node has for such calls. */
    const threads = Number(process.env.UV_THREADPOOL_SIZE) || 4
    let ends: (() => void)[]

    beforeEach(() => {
      ends = []
      const read = () => new Promise<never>((_, end) => ends.push(() => end(enoent())))
      vi.mocked(readFile).mockImplementation(read)
    })
    afterEach(() => {
      for (const end of ends) end()
      vi.mocked(readFile).mockReset()
      vi.restoreAllMocks()
    })

    /** Eight blocks, each of a tier of its own; what came, once all came or were left. */
    function askFor8(signal: AbortSignal) {
      const gets = Array.from({ length: 8 }, (_, i) => directoryTier(scratch).get(`${i}`, signal))
      return Promise.all(gets.map((get) => Promise.resolve(get).catch((error: unknown) => error)))
    }

    it('takes all threads but one, and none for what nobody waits for any more', async () => {
      const waiting = new AbortController()
      const came = askFor8(waiting.signal)
      await until(() => ends.length >= threads - 1)
      await settle()
      expect(ends.length).toBe(threads - 1)
      waiting.abort('left')
      await settle()
      for (const end of ends) end()
      const left = (await came).filter((each) => each === 'left')
      expect([left.length, ends.length]).toEqual([8 - (threads - 1), threads - 1])
    })

    it('did not for a second, is asked for all at once, until a call takes longer than 50 ms', async () => {
      vi.useFakeTimers({ toFake: ['performance'] })
      onTestFinished(() => void vi.useRealTimers())
      const tier = directoryTier(scratch)
      /** Asks for eight blocks, and ends what is read: how many were read at once. */
      async function readAtOnce(expected: number): Promise<number> {
        const before = ends.length
        const gets = Array.from({ length: 8 }, () => tier.get(crypto.randomUUID()))
        await until(() => ends.length >= before + expected)
        await settle()
        const count = ends.length - before
        await until(() => {
          for (const end of ends) end()
          return ends.length === before + 8
        })
        for (const end of ends) end()
        await Promise.all(gets)
        return count
      }
      const atOnce = [await readAtOnce(threads - 1), await readAtOnce(8)]
      vi.advanceTimersByTime(999)
      atOnce.push(await readAtOnce(8))
      vi.advanceTimersByTime(1000)
      atOnce.push(await readAtOnce(threads - 1), await readAtOnce(8))
      // One that takes its time.
      const slow = tier.get('slow')
      const { length } = ends
      await until(() => ends.length > length)
      vi.advanceTimersByTime(51)
      const endSlow = ends.splice(length)
      atOnce.push(await readAtOnce(threads - 1))
      for (const end of endSlow) end()
      await slow
      atOnce.push(await readAtOnce(threads - 1), await readAtOnce(8))
      const few = threads - 1
      expect(atOnce).toEqual([few, 8, 8, few, 8, few, few, 8])
    })

    it('on a mount takes those that other mounts leave it', async () => {
      vi.spyOn(devices, 'locate').mockResolvedValue(null)
      const stalled = Array.from({ length: threads - 2 }, (_, i) => {
        return devices.run(
          `/net/${i}`,
          Number.NaN,
          () => new Promise<void>((end) => ends.push(end)),
        )
      })
      const waiting = new AbortController()
      const came = askFor8(waiting.signal)
      await until(() => ends.length >= threads - 1)
      await settle()
      expect(ends.length).toBe(threads - 1)
      waiting.abort('left')
      for (const end of ends) end()
      await Promise.all([came, ...stalled])
    })

    it('from the first look at it on is not waited for either by who has left', async () => {
      let found = (_: null) => {}
      const looks = vi.spyOn(devices, 'locate')
      looks.mockReturnValue(new Promise((resolve) => (found = resolve)))
      const waiting = new AbortController()
      const get = directoryTier(scratch).get('key', waiting.signal)
      await until(() => looks.mock.calls.length === 1)
      waiting.abort('left')
      await expect(get).rejects.toBe('left')
      found(null)
      await settle()
      expect(ends.length).toBe(0)
    })

    it('is not asked for what nobody waited for from the first', async () => {
      const tier = directoryTier(scratch)
      const known = tier.get('known')
      await until(() => ends.length === 1)
      for (const end of ends) end()
      await known
      await expect(tier.get('key', AbortSignal.abort('left'))).rejects.toBe('left')
      expect(ends.length).toBe(1)
    })

    it('of the command, too, and nobody is told of blocks that no request waits for', async () => {
      const notices: string[] = []
      const tier = await openBlockDirectory(newDirectory(), (notice) => notices.push(notice))
      const waiting = new AbortController()
      const gets = Array.from({ length: threads }, (_, i) => tier.get(`${i}`, waiting.signal))
      await until(() => ends.length >= threads - 1)
      waiting.abort('left')
      await expect(gets.at(-1)).rejects.toBe('left')
      expect(notices).toEqual([])
    })
  })

  it('has a name', () => {
    expect(() => directoryTier('')).toThrow(`Expected the path of a directory, got ''`)
  })

  it('has a whole number of bytes', () => {
    const message = 'Expected size to be a whole number >= 0, got 1.5'
    expect(() => directoryTier('x', { size: 1.5 })).toThrow(message)
  })
})

describe('the Cache API as a tier, in workerd', () => {
  let worker: WorkerServer
  const size = 3_500_000
  const bytes = someBytes(size)

  beforeAll(async () => {
    worker = await startWorker({ 'film.mp4': { bytes } }, 'test/support/cache-worker.ts')
  })
  afterAll(() => worker?.stop())

  async function ask(path: string, range?: string): Promise<unknown> {
    const fields = range === undefined ? [] : [`Range: bytes=${range}`]
    const { status, body } = await fetchOnce(worker.port, [`GET ${path} HTTP/1.1`, ...fields])
    return { status, body: digestOf(body) }
  }

  async function stats(): Promise<Record<string, number>> {
    const { body } = await fetchOnce(worker.port, ['GET /stats HTTP/1.1'])
    return JSON.parse(String(body))
  }

  /** Of the Worker's counts, what was counted since. */
  async function statsSince(before: Record<string, number>): Promise<Record<string, number>> {
    const counts = Object.entries(await stats())
    return Object.fromEntries(counts.map(([name, count]) => [name, count - (before[name] ?? 0)]))
  }

  it('R2 is asked once for each block', async () => {
    // Nobody has asked for it yet.
    const name = `film ${crypto.randomUUID()}.mp4`
    const path = `/${encodeURIComponent(name)}`
    await worker.bucket.put(name, bytes)
    const before = await stats()
    const since = () => statsSince(before)
    expect(await ask(path)).toEqual({ status: 200, body: digestOf(bytes) })
    // The last is stored after the response.
    const first = { misses: 4, tierHits: 0, hits: 0, tierFailures: 0 }
    await until(async () => (await since()).stored === 4)
    expect(await since()).toMatchObject({ ...first, gets: 4, heads: 1 })
    expect(await stats()).toMatchObject({ bytes: 1024 * 1024 })
    expect(await ask(path)).toEqual({ status: 200, body: digestOf(bytes) })
    expect(await since()).toMatchObject({ ...first, tierHits: 4, gets: 4, heads: 2 })
    expect(await ask(path, '1048570-1048579')).toEqual({
      status: 206,
      body: digestOf(bytes.subarray(1048570, 1048580)),
    })
    expect(await since()).toMatchObject({ misses: 4, gets: 4, heads: 3 })
  })

  it('another version is another matter', async () => {
    const changed = someBytes(size, 2)
    await worker.bucket.put('film.mp4', changed)
    expect(await ask('/film.mp4', '0-9')).toEqual({
      status: 206,
      body: digestOf(changed.subarray(0, 10)),
    })
  })

  it('readers at once, each of its own request', async () => {
    await worker.bucket.put('film.mp4', bytes)
    const answers = await Promise.all(Array.from({ length: 12 }, () => ask('/film.mp4')))
    expect(answers).toEqual(answers.map(() => ({ status: 200, body: digestOf(bytes) })))
    expect(worker.complaints()).toBe('')
  })

  it('no client reads what is stored', async () => {
    expect(await ask('/stored')).toEqual({ status: 404, body: digestOf(Buffer.alloc(0)) })
  })
})

it.each<[string, unknown]>([
  ['undefined', undefined],
  ['Promise', Promise.resolve({ match() {}, put() {} })],
  ['Object', { match() {} }],
  ['Object', { put() {} }],
])('a Cache that is none is refused: %s', (kind, given) => {
  const message = `Expected a Cache, such as caches.default, got ${kind}`
  expect(() => cacheApiTier(given as Parameters<typeof cacheApiTier>[0])).toThrow(message)
})

describe('the URLs of blocks in a Cache', () => {
  const stored = new Map<string, Response>()
  /** As a Cache does: what is behind a hash sign tells nothing apart. */
  const cache = {
    match: async (url: string) => stored.get(new URL(url.replace(/#.*/, '')).href)?.clone(),
    put: async (url: string, response: Response) => {
      stored.set(new URL(url.replace(/#.*/, '')).href, response)
    },
  }

  it.each([
    ['https://x.invalid/films', 'https://x.invalid/music'],
    ['https://x.invalid/films/', 'https://x.invalid/films'],
    ['https://x.invalid/?films=', 'https://x.invalid/?music='],
    ['https://x.invalid', undefined],
  ])('are others with base %s than with %s', async (one, other) => {
    stored.clear()
    const [first, second] = [one, other].map((base) => cacheApiTier(cache, { base }))
    await first?.put('a', someBytes(9))
    expect([(await first?.get('a'))?.length, await second?.get('a')]).toEqual([9, null])
    expect([...stored.keys()].map((url) => url.startsWith(one))).toEqual([true])
  })

  it.each([
    'films/',
    '',
    'https://x.invalid/#films',
    'https://x.invalid/#',
  ])('do not begin with %j', (base) => {
    expect(() => cacheApiTier(cache, { base })).toThrow(TypeError)
  })
})

function zeros(length: number): Uint8Array {
  return new Uint8Array(length)
}

function enoent(): Error {
  return Object.assign(new Error('There is nothing'), { code: 'ENOENT' })
}

/** What is quickly compared, and shown when it differs. */
function digestOf(bytes: Uint8Array): string {
  return `${bytes.length} bytes, ${createHash('sha256').update(bytes).digest('hex')}`
}

function filesIn(directory: string): string[] {
  return existsSync(directory)
    ? readdirSync(directory).filter((name) => /^[0-9a-f]{64}$/.test(name))
    : []
}

function flip(path: string, position: number): void {
  const bytes = readFileSync(path)
  bytes[position] = (bytes[position] ?? 0) ^ 1
  writeFileSync(path, bytes)
}
