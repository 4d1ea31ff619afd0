import { utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeDirectory, nodeListener } from '../adapters/node.ts'
import { fetchOnce } from './support/client.ts'
import { someBytes } from './support/counting-source.ts'
import { startWorker, type WorkerServer } from './support/miniflare.ts'
import { run } from './support/process.ts'
import { isInstalled, runtimes } from './support/runtimes.ts'
import { temporaryDirectory } from './support/temporary.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What a runtime needs to be told to run a program. */
const RUNTIMES = [
  ['node', []],
  ['bun', []],
  ['deno', ['run', '--allow-all', '--cached-only', '--no-lock']],
] as const

/** What each runtime answers, for an example of `examples/` as it was built. */
async function ask(name: keyof typeof runtimes, flags: readonly string[], ...words: string[]) {
  const [example, ...requests] = words
  const args = [...flags, 'test/programs/ask.mjs', `dist/examples/${example}.js`, ...requests]
  const env = { ...process.env, NO_COLOR: '1', NODE_NO_WARNINGS: '1' }
  const { stdout, stderr, code } = await run(runtimes[name] ?? name, args, { cwd: root, env }).ended
  if (code !== 0) throw new Error(stderr)
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

const NOT_FOUND = { status: 404, type: null, length: 0, range: null, isWhole: false }

describe.each(RUNTIMES)('on %s', (name, flags) => {
  it.runIf(isInstalled(name))('examples/map.ts serves a Map', async () => {
    const path = '/notes/hello.txt'
    const type = 'text/plain; charset=utf-8'
    const requests = ['GET', path, '-', 'GET', path, 'bytes=7-', 'GET', '/notes/none', '-']
    expect(await ask(name, flags, 'map', ...requests)).toEqual([
      { status: 200, type, length: 12, range: null, isWhole: false },
      { status: 206, type, length: 5, range: 'bytes 7-11/12', isWhole: false },
      NOT_FOUND,
    ])
  })

  it.runIf(isInstalled(name) && hasSqlite(name))('examples/sqlite.ts serves a table', async () => {
    const path = '/films/noise.bin'
    const type = 'application/octet-stream'
    const ranges = ['bytes=65530-65540', 'bytes=5-599999', 'bytes=-1', 'bytes=0-0,999999-']
    const requests = ['-', ...ranges].flatMap((range) => ['GET', path, range])
    const multipart = expect.stringMatching(/^multipart\/byteranges; boundary=/)
    const answers = await ask(name, flags, 'sqlite', ...requests, 'GET', '/films/none', '-')
    expect(answers).toEqual([
      { status: 200, type, length: 1_000_000, range: null, isWhole: true },
      { status: 206, type, length: 11, range: 'bytes 65530-65540/1000000', isWhole: false },
      { status: 206, type, length: 599_995, range: 'bytes 5-599999/1000000', isWhole: false },
      { status: 206, type, length: 1, range: 'bytes 999999-999999/1000000', isWhole: false },
      { status: 206, type: multipart, length: expect.any(Number), range: null, isWhole: false },
      NOT_FOUND,
    ])
  })
})

/** Node has SQLite from 22.5 on. */
function hasSqlite(name: keyof typeof runtimes): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (name !== 'node' || major > 22 || (major === 22 && minor >= 5)) return true
  console.warn(`SKIPPED: Node ${process.versions.node} has no node:sqlite: examples/sqlite.ts`)
  return false
}

describe('examples/private.ts', () => {
  const bytes = someBytes(100_000)
  let worker: WorkerServer

  beforeAll(async () => {
    const bindings = { SECRET: 'a long secret', PASSWORD: 'open sesame' }
    worker = await startWorker({ 'film.mp4': { bytes } }, 'examples/private.ts', bindings)
  })
  afterAll(() => worker?.stop())

  async function logIn(password: string): Promise<{ status: number; cookie: string }> {
    const response = await fetch(`http://127.0.0.1:${worker.port}/login`, {
      method: 'POST',
      body: new URLSearchParams({ password }),
      redirect: 'manual',
    })
    const [cookie = ''] = (response.headers.get('set-cookie') ?? '').split(';')
    return { status: response.status, cookie }
  }

  async function film(...fields: string[]): Promise<unknown> {
    const { status, body } = await fetchOnce(worker.port, [
      'GET /films/film.mp4 HTTP/1.1',
      ...fields,
    ])
    return { status, same: Buffer.compare(body, bytes.subarray(5, 10)) === 0 }
  }

  it('gives its films to who has logged in, and to nobody else', async () => {
    const range = 'Range: bytes=5-9'
    expect(await film(range)).toEqual({ status: 401, same: false })
    expect(await logIn('guessed')).toEqual({ status: 403, cookie: '' })
    const { status, cookie } = await logIn('open sesame')
    expect(status).toBe(303)
    expect(await film(range, `Cookie: ${cookie}`)).toEqual({ status: 206, same: true })
    const later = cookie.replace('session=', 'session=9')
    expect(await film(range, `Cookie: ${later}`)).toEqual({ status: 401, same: false })
  })
})

describe('examples/worker-s3.ts', () => {
  const bytes = someBytes(3_000_000)
  const directory = temporaryDirectory()
  const files = nodeListener(nodeDirectory(directory, { base: '/films/' }))
  /** What was asked of the store; it does not look at the signatures. */
  const asked: string[] = []
  const store = createServer((incoming, outgoing) => {
    const { authorization = '', range = '' } = incoming.headers
    const isSigned = authorization.startsWith('AWS4-HMAC-SHA256 Credential=AKTEST/')
    asked.push(`${incoming.method} ${incoming.url} ${range} ${isSigned}`)
    void files(incoming, outgoing)
  })
  let worker: WorkerServer

  beforeAll(async () => {
    writeFileSync(join(directory, 'film.bin'), bytes)
    utimesSync(join(directory, 'film.bin'), 1e9, 1e9)
    await new Promise<void>((resolve) => store.listen(0, '127.0.0.1', resolve))
    // What `address` gives once the server listens on a port.
    const { port } = store.address() as AddressInfo
    worker = await startWorker({}, 'examples/worker-s3.ts', {
      S3_ENDPOINT: `http://127.0.0.1:${port}`,
      S3_BUCKET: 'films',
      S3_REGION: 'us-east-1',
      S3_ACCESS_KEY_ID: 'AKTEST',
      S3_SECRET_ACCESS_KEY: 'SKTEST',
    })
  })
  afterAll(async () => {
    await worker?.stop()
    store.closeAllConnections()
    store.close()
  })

  it('asks the store for each block once', async () => {
    const ask = async (...fields: string[]) => {
      const { status, body } = await fetchOnce(worker.port, ['GET /film.bin HTTP/1.1', ...fields])
      const expected = fields.length > 0 ? bytes.subarray(1_000_000, 2_000_000) : bytes
      return { status, same: Buffer.compare(body, expected) === 0 }
    }
    const range = 'Range: bytes=1000000-1999999'
    expect(await ask(range)).toEqual({ status: 206, same: true })
    expect(await ask(range)).toEqual({ status: 206, same: true })
    expect(await ask()).toEqual({ status: 200, same: true })
    expect(asked).toEqual([
      'HEAD /films/film.bin  true',
      'GET /films/film.bin bytes=0-1048575 true',
      'GET /films/film.bin bytes=1048576-2097151 true',
      'GET /films/film.bin bytes=2097152-2999999 true',
    ])
  })
})
