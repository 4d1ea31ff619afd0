import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fetchOnce } from './support/client.ts'
import { startWorker } from './support/miniflare.ts'
import { isInstalled, runtimes } from './support/runtimes.ts'
import { type Started, start } from './support/start.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const film = readFileSync(`${root}examples/media/film.mp4`)
const size = film.length

const nothing = digest(Buffer.alloc(0))

const examples = [
  { example: 'node', runtime: 'node', path: '/film.mp4' },
  { example: 'express', runtime: 'node', path: '/media/film.mp4' },
  { example: 'bun', runtime: 'bun', path: '/film.mp4' },
  { example: 'deno', runtime: 'deno', path: '/film.mp4' },
  { example: 'worker', runtime: 'node', path: '/film.mp4' },
  { example: 'hono-node', runtime: 'node', path: '/media/film.mp4', song: '/song.txt' },
  { example: 'hono-bun', runtime: 'bun', path: '/media/film.mp4', song: '/song.txt' },
  { example: 'hono-deno', runtime: 'deno', path: '/media/film.mp4', song: '/song.txt' },
  { example: 'hono-worker', runtime: 'node', path: '/media/film.mp4', song: '/song.txt' },
  { example: 'hono-direct', runtime: 'node', path: '/media/film.mp4' },
] as const

/** What each of them answers about the film, whose entity tag is its file system's or R2's. */
const answers: [string, (etag: string) => string[], (etag: string) => Received][] = [
  [
    'the whole film',
    () => ['GET'],
    (etag) => ({ status: 200, length: size, etag, body: digest(film) }),
  ],
  [
    'its header fields only',
    () => ['HEAD'],
    (etag) => ({ status: 200, length: size, etag, body: nothing }),
  ],
  [
    'nothing, where the client has it already',
    (etag) => ['GET', `If-None-Match: ${etag}`],
    (etag) => ({ status: 304, etag, body: nothing }),
  ],
  [
    'a range of it',
    () => ['GET', 'Range: bytes=100000-299999'],
    (etag) => ({
      status: 206,
      length: 200_000,
      range: `bytes 100000-299999/${size}`,
      etag,
      body: digest(film.subarray(100_000, 300_000)),
    }),
  ],
  [
    'the rest of a download that broke off',
    (etag) => ['GET', 'Range: bytes=670000-', `If-Range: ${etag}`],
    (etag) => ({
      status: 206,
      length: size - 670_000,
      range: `bytes 670000-${size - 1}/${size}`,
      etag,
      body: digest(film.subarray(670_000)),
    }),
  ],
]

for (const { example, runtime, path, ...others } of examples) {
  describe.runIf(isInstalled(runtime))(`examples/${example}.ts`, () => {
    const isWorker = example.endsWith('worker')
    let server: Started
    let etag: string

    beforeAll(async () => {
      server = await (isWorker ? startOnWorkerd : startAsItSays)(example)
      etag = (await ask(path, 'HEAD')).etag ?? ''
    })

    afterAll(() => server.stop())

    async function ask(path: string, method: string, ...fields: string[]): Promise<Received> {
      return summary(await fetchOnce(server.port, [`${method} ${path} HTTP/1.1`, ...fields]))
    }

    test.each(answers)('%s', async (_, request, expected) => {
      const [method = '', ...fields] = request(etag)
      expect(await ask(path, method, ...fields)).toEqual(expected(etag))
    })

    test('no such file', async () => {
      const missing = { status: 404, length: 0, body: nothing }
      expect(await ask(`${path}.bak`, 'GET')).toEqual(missing)
    })

    if (!isWorker) {
      test('prints where it is, and no complaint', () => {
        expect(server.printed()).toMatch(/^(?:Listening on )?http:\/\/127\.0\.0\.1:\d+\/\n$/)
      })
    }

    if (!('song' in others)) return
    test('a range of bytes in memory', async () => {
      expect(await ask(others.song, 'GET', 'Range: bytes=3-4')).toEqual({
        status: 206,
        length: 2,
        range: 'bytes 3-4/3000',
        etag: '"la-1000"',
        body: digest(Buffer.from('la')),
      })
    })
  })
}

interface Received {
  readonly status: number
  readonly length?: number
  readonly range?: string
  readonly etag?: string
  /** The digest of what came. */
  readonly body: string
}

function summary({ status, fields, body }: Awaited<ReturnType<typeof fetchOnce>>): Received {
  const values = new Map(fields.map(([name, value]) => [name.toLowerCase(), value]))
  const length = values.get('content-length')
  const range = values.get('content-range')
  const etag = values.get('etag')
  return {
    status,
    ...(length !== undefined && { length: Number(length) }),
    ...(range !== undefined && { range }),
    ...(etag !== undefined && { etag }),
    body: digest(body),
  }
}

/** What can be compared as a whole, and shown when it differs, within a moment. */
function digest(bytes: Buffer): string {
  return `${bytes.length} bytes ${createHash('sha256').update(bytes).digest('hex')}`
}

/** Starts an example by the command in its first line, where all is installed and built. */
function startAsItSays(example: string): Promise<Started> {
  const [line = ''] = readFileSync(`${root}examples/${example}.ts`, 'utf8').split('\n')
  const command = /^\/\/ npm ci && npm run build && (?:npx )?(node|bun|deno) (.*) \[PORT\]$/
  const [, runtime, args] = command.exec(line) ?? []
  if (args === undefined) throw new Error(`Expected a command in the first line, got '${line}'`)
  // The pattern names no other runtime.
  const binary = runtimes[runtime as keyof typeof runtimes] ?? ''
  return start(binary, [...args.split(' '), '0'], root)
}

async function startOnWorkerd(example: string): Promise<Started> {
  const stored = { bytes: film, httpMetadata: { contentType: 'video/mp4' } }
  const worker = await startWorker({ 'film.mp4': stored }, `examples/${example}.ts`)
  return { ...worker, printed: () => '' }
}
