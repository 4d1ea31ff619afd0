import { getEventListeners } from 'node:events'
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { inThreadPool } from '../adapters/local/calls.ts'
import { devices } from '../adapters/local/shared.ts'
import type { FileStat } from '../adapters/local/version.ts'
import { Watcher } from '../adapters/local/watcher.ts'
import { type GrowingOptions, growingFile, nodeDirectory, nodeFile } from '../adapters/node.ts'
import { isSource } from '../src/lookup.ts'
import { readBytes } from '../src/reader.ts'
import { fileHandler, serveFile } from '../src/serve.ts'
import { BrokenReplyError, fetchOnce, open, toRequest } from './support/client.ts'
import { canCountHandles, openHandles } from './support/handles.ts'
import { type Program, run } from './support/process.ts'
import { readerOf } from './support/reader.ts'
import { isInstalled, runtimes } from './support/runtimes.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { expectNoUnhandledRejections } from './support/unhandled.ts'
import { settle, until } from './support/wait.ts'

const project = fileURLToPath(new URL('../', import.meta.url))
const root = temporaryDirectory()
const DENO = ['run', '--cached-only', '--no-lock', '--allow-net', '--allow-read', '--allow-env']
let name = ''
let path = ''

beforeEach(() => {
  name = `${crypto.randomUUID()}.log`
  path = join(root, name)
  writeFileSync(path, 'one ')
})

describe.each(
  (['node', 'bun', 'deno'] as const).filter(isInstalled),
)('a file that grows, on %s', (runtime) => {
  let program: Program
  let port = 0

  beforeAll(async () => {
    const args = [...(runtime === 'deno' ? DENO : []), 'test/programs/growing.mjs', root]
    program = run(runtimes[runtime] ?? runtime, args, { cwd: project })
    port = Number(await program.says(/^(\d+)\n/))
  })
  afterAll(() => program?.stop())

  const handles = () => (canCountHandles ? openHandles(path, program.child.pid ?? 'self') : 0)

  /** Asks for the file, and reads on while it comes. */
  async function follow(...fields: string[]) {
    const connection = await open(port)
    let text = ''
    connection.send(toRequest([`GET /${name} HTTP/1.1`, ...fields]))
    const reply = connection.read('GET', (chunk) => {
      text += chunk
    })
    reply.catch(() => {})
    return { connection, reply, came: (expected: string) => until(() => text === expected) }
  }

  async function ask(...lines: string[]) {
    const { status, fields, body } = await fetchOnce(port, lines)
    const headers = new Map(fields.map(([field, value]) => [field.toLowerCase(), value]))
    return { status, headers, body: body.toString() }
  }

  it('is followed until it gets another name', async () => {
    const { reply, came } = await follow()
    await came('one ')
    appendFileSync(path, 'two ')
    await came('one two ')
    appendFileSync(path, 'three')
    await came('one two three')
    // Deno opens what it watches, and the file for each read, once more for a moment.
    await until(() => !canCountHandles || handles() === 1)
    renameSync(path, `${path}.1`)
    const { status, fields } = await reply
    const headers = Object.fromEntries(fields.map(([field, value]) => [field.toLowerCase(), value]))
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
      'transfer-encoding': 'chunked',
    })
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['content-length']))
    expect([headers.etag, headers['last-modified']]).toEqual([undefined, undefined])
    await until(() => handles() === 0)
  })

  it('is followed by who asks for all of it, and for what is to come', async () => {
    const [all, rest] = [
      await follow('Range: bytes=0-'),
      await follow('Range: bytes=2-9007199254740991'),
    ]
    await Promise.all([all.came('one '), rest.came('e ')])
    appendFileSync(path, 'two')
    await Promise.all([all.came('one two'), rest.came('e two')])
    rmSync(path)
    const [first, second] = [await all.reply, await rest.reply]
    const range = second.fields.find(([field]) => /^content-range$/i.test(field))?.[1]
    expect([first.status, second.status, range]).toEqual([200, 206, 'bytes 2-9007199254740991/*'])
  })

  it('ends when nothing came for some time', async () => {
    const { status, body } = await ask(`GET /${name}?idle=50 HTTP/1.1`)
    expect([status, body]).toEqual([200, 'one '])
    await until(() => handles() === 0)
  })

  it('gives ranges of what is there, as usual', async () => {
    const part = await ask(`GET /${name} HTTP/1.1`, 'Range: bytes=1-2')
    expect([part.status, part.headers.get('content-range'), part.body]).toEqual([
      206,
      'bytes 1-2/4',
      'ne',
    ])
    const last = await ask(`GET /${name} HTTP/1.1`, 'Range: bytes=-2')
    expect([last.status, last.body, last.headers.get('cache-control')]).toEqual([
      206,
      'e ',
      'no-store',
    ])
    expect((await ask(`GET /${name} HTTP/1.1`, 'Range: bytes=4-')).status).toBe(416)
    expect((await ask(`GET /${name} HTTP/1.1`, 'Range: bytes=5-9007199254740991')).status).toBe(416)
    const head = await ask(`HEAD /${name} HTTP/1.1`)
    expect([head.status, head.headers.get('content-length')]).toEqual([200, undefined])
    expect((await ask('GET /none HTTP/1.1')).status).toBe(404)
    await until(() => handles() === 0)
  })

  it('is closed when its client hangs up', async () => {
    const { connection, came } = await follow()
    await came('one ')
    connection.reset()
    await until(() => handles() === 0)
  })

  it('breaks off when it becomes shorter', async () => {
    const { reply, came } = await follow()
    await came('one ')
    truncateSync(path, 1)
    await expect(reply).rejects.toThrow(BrokenReplyError)
    await until(() => handles() === 0)
  })

  it('is played while it is filled in', async () => {
    const live = `/live/${name}`
    writeFileSync(path, Buffer.alloc(8_000_000))
    const connection = await open(port)
    connection.send(toRequest([`GET ${live} HTTP/1.1`]))
    let length = 0
    let last: number | undefined
    const { status, fields } = await connection.read('GET', (chunk) => {
      if (length === 0) {
        writeFileSync(path, Buffer.alloc(8_000_000, 'x'), { flag: 'r+' })
        appendFileSync(path, 'more')
      }
      length += chunk.length
      last = chunk.at(-1)
    })
    expect([status, length, last]).toEqual([200, 8_000_000, 'x'.charCodeAt(0)])
    const names = fields.map(([field]) => field.toLowerCase())
    expect(names).not.toEqual(expect.arrayContaining(['etag', 'last-modified']))
    const conditional = await ask(`GET ${live} HTTP/1.1`, 'Range: bytes=0-0', 'If-None-Match: "x"')
    expect([conditional.status, conditional.headers.get('content-range')]).toEqual([
      206,
      'bytes 0-0/8000004',
    ])
    // Bun drops the length of a stream.
    const large = await ask(`GET ${live} HTTP/1.1`, 'Range: bytes=0-999999')
    expect([large.headers.get('content-length'), large.body.length]).toEqual(['1000000', 1_000_000])
    connection.reset()
    await until(() => handles() === 0)
  })
})

describe('growingFile', () => {
  const request = new Request('http://localhost/')

  it('ends when its writer says so, with all that is there', async () => {
    const writer = new AbortController()
    const found = await growingFile(path, request, { until: writer.signal, poll: 60_000 })
    if (found === null || isSource(found)) throw new Error('Expected an answer')
    const text = new Response(found.stream?.()).text()
    appendFileSync(path, 'two')
    writer.abort()
    expect(await text).toBe('one two')
    await until(() => !canCountHandles || openHandles(path) === 0)
  })

  it.each<[string, () => AbortSignal]>([
    ['of its own', () => new AbortController().signal],
    ['that follows another', () => AbortSignal.any([new AbortController().signal])],
  ])('leaves nothing at a signal %s, which Node keeps while somebody listens', async (_what, make) => {
    const options = { until: make(), idle: 0, poll: 1 }
    const follow = async () => serveFile(request, await growingFile(path, request, options))
    const listening = () => getEventListeners(options.until, 'abort').length
    const [first, second] = (await Promise.all([follow(), follow()])).map(readerOf)
    await Promise.all([first?.read(), second?.read()])
    const seen = [listening()]
    for (const reader of [first, second]) {
      await reader?.cancel()
      await reader?.cancel()
      seen.push(listening())
    }
    const third = readerOf(await follow())
    await third.read()
    await first?.cancel()
    seen.push(listening())
    await third.cancel()
    expect([...seen, listening()]).toEqual([1, 1, 0, 1, 0])
  })

  it.each([null, undefined])('goes on to its end where `until` is %s', async (none) => {
    const options = { until: none, idle: 0, poll: 1 } as GrowingOptions
    const response = await serveFile(request, await growingFile(path, request, options))
    expect([response.status, await response.text()]).toEqual([200, 'one '])
  })

  it('has any number of readers until one signal, without a warning of a leak', async () => {
    const warnings: Error[] = []
    const warn = (warning: Error) => void warnings.push(warning)
    process.on('warning', warn)
    onTestFinished(() => void process.off('warning', warn))
    const writer = new AbortController()
    const options = { until: writer.signal, poll: 60_000 }
    const readers = Array.from({ length: 12 }, async () => {
      const response = await serveFile(request, await growingFile(path, request, options))
      const reader = readerOf(response)
      await reader.read()
      return reader
    })
    const rest = (await Promise.all(readers)).map((reader) => reader.read())
    await settle()
    writer.abort()
    expect((await Promise.all(rest)).map(({ done }) => done)).toEqual(Array(12).fill(true))
    expect(warnings).toEqual([])
  })

  it.runIf(canCountHandles)('holds no reader who left until that signal', async () => {
    const writer = new AbortController()
    const options = { until: writer.signal, poll: 60_000 }
    const watched = vi.spyOn(Watcher.prototype, 'wait')
    onTestFinished(() => void vi.restoreAllMocks())
    for (let readers = 1; readers <= 3; readers++) {
      const response = await serveFile(request, await growingFile(path, request, options))
      const reader = readerOf(response)
      await reader.read()
      const next = reader.read()
      await until(() => watched.mock.calls.length === readers)
      await reader.cancel()
      await next
    }
    await until(() => openHandles(path) === 0)
    const told = vi.spyOn(Watcher.prototype, 'notify')
    writer.abort()
    expect(told.mock.calls).toEqual([])
  })

  it.runIf(canCountHandles).each([
    [1, 'on a disk of this machine'],
    [0, 'on one that may keep the thread waiting'],
  ])('has %i watch of the system %s', async (count) => {
    const found = await growingFile(path, request, { poll: 5 })
    if (found === null || isSource(found)) throw new Error('Expected an answer')
    // So it takes some seconds before the device is trusted again.
    const { dev } = statSync(path)
    for (let i = 0; i < 4 && count === 0; i++) devices.noteDuration(dev, 1000)
    // On a busy machine, a call may have made it suspect that waited for this process alone.
    const trust = vi.spyOn(devices, 'isResponsive')
    if (count === 1) trust.mockReturnValue(true)
    const looks = vi.spyOn(devices, 'stat')
    onTestFinished(() => {
      for (const spy of [trust, looks]) spy.mockRestore()
    })
    const before = watches()
    const reader = readerOf(new Response(found.stream?.()))
    await reader.read()
    const next = reader.read()
    await until(() => looks.mock.calls.length > 2)
    expect(watches() - before).toBe(count)
    appendFileSync(path, 'two')
    expect(String(Buffer.from((await next).value ?? []))).toBe('two')
    await reader.cancel()
  })

  it('ends when it was moved away and another one has its name', async () => {
    const found = await growingFile(path, request, { poll: 5 })
    if (found === null || isSource(found)) throw new Error('Expected an answer')
    const reader = readerOf(new Response(found.stream?.()))
    const next = async () => Buffer.from((await reader.read()).value ?? []).toString()
    const seen = [await next()]
    writeFileSync(`${path}.next`, 'of the next day')
    appendFileSync(path, 'two')
    renameSync(path, `${path}.1`)
    renameSync(`${path}.next`, path)
    expect([...seen, await next(), await next()]).toEqual(['one ', 'two', ''])
  })

  it.each<[what: string, other: Partial<FileStat>, rest: string]>([
    ['goes on', {}, 'two'],
    ['ends where another one has its name, which is shorter,', { size: 3 }, ''],
    ['ends where another device is', { dev: 1 }, ''],
  ])('%s on a mount that numbers files anew', async (_what, other, rest) => {
    const found = await growingFile(path, request, { poll: 5 })
    if (found === null || isSource(found)) throw new Error('Expected an answer')
    vi.spyOn(devices, 'isLocal').mockReturnValue(false)
    let ino = 1
    const looks = vi.spyOn(devices, 'stat').mockImplementation(async (at) => {
      return { ...statSync(at), ino: ino++, ...other }
    })
    onTestFinished(() => void vi.restoreAllMocks())
    const reader = readerOf(new Response(found.stream?.()))
    await reader.read()
    const next = reader.read()
    await until(() => looks.mock.calls.length > 0)
    if (rest !== '') appendFileSync(path, rest)
    expect(Buffer.from((await next).value ?? []).toString()).toBe(rest)
    await reader.cancel()
  })

  it('sends nothing while it is as long as it was said to be, and has no more', async () => {
    const found = await growingFile(path, request, { poll: 5 })
    if (found === null || isSource(found)) throw new Error('Expected an answer')
    const reader = readerOf(new Response(found.stream?.()))
    await reader.read()
    const looks = vi
      .spyOn(inThreadPool, 'fstat')
      .mockResolvedValueOnce({ ...statSync(path), size: 99 })
    const next = reader.read()
    await until(() => looks.mock.calls.length > 1)
    looks.mockRestore()
    appendFileSync(path, 'two')
    expect(Buffer.from((await next).value ?? []).toString()).toBe('two')
    await reader.cancel()
  })

  it('ends at once when its writer says so, although it has just begun to wait', async () => {
    const writer = new AbortController()
    const found = await growingFile(path, request, { until: writer.signal, poll: 2 ** 31 - 1 })
    if (found === null || isSource(found)) throw new Error('Expected an answer')
    const looks = vi.spyOn(devices, 'locate')
    const reader = readerOf(new Response(found.stream?.()))
    await reader.read()
    const next = reader.read()
    // Once it is followed, and once more before it is watched.
    await until(() => looks.mock.calls.length > 2)
    looks.mockRestore()
    await settle()
    writer.abort()
    expect((await next).done).toBe(true)
  })

  it('hears what came before it waits', async () => {
    const watcher = new Watcher(2 ** 31 - 1)
    watcher.notify()
    await watcher.wait()
    const next = watcher.wait()
    watcher.close()
    await next
  })

  it('opens nothing before its body is wanted', async () => {
    await growingFile(path, request)
    if (canCountHandles) expect(openHandles(path)).toBe(0)
  })

  it('says the same of what it follows as of what is there', async () => {
    const fields = { 'content-type': 'a/b', etag: '"x"', 'content-digest': 'x', 'x-a': 'b' }
    const ask = async (range: string, options: GrowingOptions) => {
      const asked = new Request('http://localhost/', { headers: { range } })
      const response = await serveFile(asked, await growingFile(path, asked, options))
      await response.body?.cancel()
      const {
        'content-range': _,
        'content-length': __,
        ...said
      } = Object.fromEntries(response.headers)
      return { status: response.status, ...said }
    }
    for (const options of [
      {},
      { type: 'c/d' },
      { headers: fields },
      { type: '', headers: fields },
    ]) {
      const there = await ask('bytes=1-2', options)
      expect(await ask('bytes=1-9007199254740991', options)).toEqual(there)
      const whole = {
        ...there,
        status: 200,
        ...('headers' in options && { 'content-digest': 'x' }),
      }
      expect(await ask('bytes=0-', options)).toEqual(whole)
    }
  })

  it.each([
    [{ 'if-match': '"x"' }, 412],
    [{ 'if-match': '*' }, 200],
    [{ 'if-none-match': '*' }, 304],
    [{ 'if-none-match': '"x"' }, 200],
    [{ 'if-modified-since': 'Fri, 31 Dec 2100 00:00:00 GMT' }, 200],
  ] as const)('meets the preconditions %j whether it is followed or not: %i', async (fields, status) => {
    const ask = async (range: string | null, method = 'GET') => {
      const headers = new Headers(fields)
      if (range !== null) headers.set('range', range)
      const asked = new Request('http://localhost/', { method, headers })
      const response = await serveFile(asked, await growingFile(path, asked, { idle: 0 }))
      await response.body?.cancel()
      return response.status
    }
    const answers = [await ask(null), await ask(null, 'HEAD'), await ask('bytes=0-')]
    answers.push(await ask('bytes=1-2'), await ask('bytes=4-9007199254740991'))
    const part = status === 200 ? 206 : status
    expect(answers).toEqual([status, status, status, part, part])
  })

  it('does not follow what is no regular file', async () => {
    expect(await growingFile(root, request)).toBe(null)
    expect(await growingFile('/dev/null', request)).toBe(null)
  })

  it.each([
    { idle: -1 },
    { poll: 0 },
    { poll: 2 ** 31 },
    { idle: Number.NaN },
  ])('%j is refused', async (options) => {
    await expect(growingFile(path, request, options)).rejects.toThrow(RangeError)
  })
})

describe('live', () => {
  expectNoUnhandledRejections()

  it('is what is there when it is read, and breaks off only where nothing is', async () => {
    const lasting = { 'cache-control': 'max-age=9', 'cdn-cache-control': 'max-age=9' }
    const file = await nodeFile(path, { live: true, headers: { ...lasting, 'x-a': 'b' } })
    if (file === null) throw new Error('Expected a file')
    const { size, etag, lastModified, headers } = file
    expect({ size, etag, lastModified, headers }).toEqual({
      size: 4,
      etag: undefined,
      lastModified: undefined,
      headers: { 'cache-control': 'no-store', 'x-a': 'b' },
    })
    writeFileSync(path, 'ONE TWO')
    expect(Buffer.from(await readBytes(file, 0, 4)).toString()).toBe('ONE ')
    truncateSync(path, 2)
    await expect(readBytes(file, 2, 4)).rejects.toThrow('became shorter')
    await file.close?.()
    await file.close?.()
    if (canCountHandles) expect(openHandles(path)).toBe(0)
  })

  it('may be some files of a directory, below it as all others', async () => {
    writeFileSync(join(root, 'film.mp4.part'), 'part')
    const lookup = nodeDirectory(root, { live: (path) => path.endsWith('.part') })
    const tagOf = async (at: string) => {
      const found = await lookup(new Request(`http://localhost/${at}`))
      if (!isSource(found)) return null
      await found.close?.()
      return found.etag ?? 'none'
    }
    expect([await tagOf('film.mp4.part'), await tagOf('../film.mp4.part')]).toEqual([
      'none',
      'none',
    ])
    expect(await tagOf(name)).toMatch(/^(?:W\/)?"/)
    expect(await tagOf('none.part')).toBe(null)
  })

  it.each<unknown>([
    false,
    null,
    undefined,
    '',
    0,
  ])('is no file of a directory by a function that gives %j, which is no', async (no) => {
    const none: object = { live: () => no, listing: true }
    const handler = fileHandler(nodeDirectory(root, none))
    const answers = [name, ''].map(async (at) => {
      const { status, headers, body } = await handler(new Request(`http://localhost/${at}`))
      await body?.cancel()
      return [status, headers.get('cache-control')]
    })
    expect(await Promise.all(answers)).toEqual([
      [200, 'no-cache'],
      [200, 'no-cache'],
    ])
  })

  it('is stored nowhere, whatever a directory says of its files', async () => {
    const asked = vi.fn(() => 'max-age=60')
    const headers = { 'cdn-cache-control': 'max-age=60', 'x-a': 'b' }
    const live = nodeDirectory(root, { live: true, cacheControl: asked, headers })
    const response = await fileHandler(live)(new Request(`http://localhost/${name}`))
    await response.body?.cancel()
    const names = ['cache-control', 'cdn-cache-control', 'x-a']
    const fields = names.map((name) => response.headers.get(name))
    expect([response.status, ...fields]).toEqual([200, 'no-store', null, 'b'])
    expect(asked).not.toHaveBeenCalled()
  })

  // Each is of a type that TypeScript refuses.
  it.each<[string, object]>([
    ['Promise', { live: async () => false }],
    ['Promise', { live: () => Promise.reject(new Error('no')) }],
    ['no', { live: () => 'no' }],
  ])('is no file of a directory by a function that gives %s', async (given, options) => {
    const told: unknown[] = []
    const handler = fileHandler(nodeDirectory(root, { ...options, listing: true }), {
      onError: (error) => told.push(error),
    })
    const statuses = [name, ''].map(async (at) => {
      const response = await handler(new Request(`http://localhost/${at}`))
      await response.body?.cancel()
      return response.status
    })
    const error = new TypeError(`Expected live() to give a boolean, got ${given}`)
    expect([await Promise.all(statuses), told]).toEqual([
      [503, 503],
      [error, error],
    ])
  })
})

/** What this process has asked the system to tell of. */
function watches(): number {
  const directory = '/proc/self/fdinfo'
  const all = readdirSync(directory).map((fd) => {
    try {
      return readFileSync(`${directory}/${fd}`, 'utf8')
    } catch {
      // Closed since it was listed.
      return ''
    }
  })
  return all.join('').split('inotify wd:').length - 1
}
