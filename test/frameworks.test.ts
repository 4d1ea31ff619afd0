import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { transform } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blocksOf, compile, listens, startBlock, writeInPackage } from './support/blocks.ts'
import { fetchOnce } from './support/client.ts'
import { someBytes } from './support/counting-source.ts'
import { startWorker } from './support/miniflare.ts'
import { freePort } from './support/ports.ts'
import { run } from './support/process.ts'
import { isInstalled } from './support/runtimes.ts'
import { temporaryDirectory } from './support/temporary.ts'

const blocks = blocksOf('frameworks.md')
// Nitro 2 has h3 1; ours is h3 2.
const nitro = 'server/middleware/media.ts'
blocks.set(nitro, (blocks.get(nitro) ?? '').replace("from 'h3'", "from 'h3-v1'"))
const page = readFileSync(join(import.meta.dirname, '../docs/frameworks.md'), 'utf8')

/** What the blocks that are compiled only use of their frameworks. */
const STUBS = new Map([
  [
    'stubs.d.ts',
    `declare module 'h3-v1' {
  import type { IncomingMessage, ServerResponse } from 'node:http'
  type Middleware = (req: IncomingMessage, res: ServerResponse, next: () => void) => unknown
  export function fromNodeMiddleware(handler: Middleware): object
}
declare module '@sveltejs/kit' {
  export type RequestHandler = (event: { request: Request }) => Response | Promise<Response>
}
declare module 'astro' {
  export type APIRoute = (context: { request: Request }) => Response | Promise<Response>
}
declare module '@nestjs/core' {
  interface Application {
    use(...handlers: unknown[]): this
    listen(port: number): Promise<unknown>
  }
  export const NestFactory: { create(module: unknown): Promise<Application> }
}
declare module '@tanstack/react-router' {
  type Handler = (context: { request: Request }) => Promise<Response>
  type Route = { server: { handlers: { GET: Handler; HEAD: Handler } } }
  export function createFileRoute(path: string): (route: Route) => object
}
declare module 'electron' {
  type Privileges = Readonly<Record<string, boolean>>
  export const app: { whenReady(): Promise<void> }
  export const protocol: {
    registerSchemesAsPrivileged(schemes: { scheme: string; privileges?: Privileges }[]): void
    handle(scheme: string, handler: (request: Request) => Response | Promise<Response>): void
  }
}
`,
  ],
  ['src/app.module.ts', 'export class AppModule {}\n'],
  [
    'dist/server/entry.d.mts',
    `import type { IncomingMessage, ServerResponse } from 'node:http'
export function handler(request: IncomingMessage, response: ServerResponse): void
`,
  ],
])

const folder = writeInPackage(new Map([...blocks, ...STUBS]))

const film = Buffer.from(someBytes(300_000))

beforeAll(() => {
  for (const directory of ['media', 'users/ann', 'users/bob']) {
    mkdirSync(join(folder, directory), { recursive: true })
    const path = join(folder, directory, 'film.mp4')
    writeFileSync(path, film)
    // Its tag is weak while it is new.
    utimesSync(path, 1_700_000_000, 1_700_000_000)
  }
  writeFileSync(join(folder, 'users/bob/only.mp4'), film)
  mkdirSync(join(folder, 'invoices'))
  writeFileSync(join(folder, 'invoices/a4c1.pdf'), 'an invoice')
})

it('docs/frameworks.md shows what compiles', () => {
  // docs.test.ts leaves this page to this test: each of its blocks must have a name.
  expect(page.match(/^ *```(?:ts|js|tsx)$/gm)?.length).toBe(blocks.size)
  expect(compile(folder, [...blocks.keys(), 'stubs.d.ts'])).toBe('')
})

/** Asks for the film in all ways. */
async function answersOf(port: number, path = '/media'): Promise<unknown> {
  const ask = async (method: string, name: string, ...fields: string[]) => {
    const reply = await fetchOnce(port, [`${method} ${path}/${name} HTTP/1.1`, ...fields])
    const headers = new Map(reply.fields.map(([name, value]) => [name.toLowerCase(), value]))
    return { ...reply, headers }
  }
  const whole = await ask('GET', 'film.mp4')
  const etag = whole.headers.get('etag') ?? ''
  const head = await ask('HEAD', 'film.mp4')
  const part = await ask('GET', 'film.mp4', 'Range: bytes=1000-1009')
  const rest = await ask('GET', 'film.mp4', 'Range: bytes=200000-', `If-Range: ${etag}`)
  const known = await ask('GET', 'film.mp4', `If-None-Match: ${etag}`)
  const missing = await ask('GET', 'none.mp4')
  return {
    whole: [whole.status, whole.headers.get('content-type'), whole.body.equals(film)],
    head: [head.status, head.headers.get('content-length')],
    part: [
      part.status,
      part.headers.get('content-range'),
      part.body.equals(film.subarray(1000, 1010)),
    ],
    rest: [rest.status, rest.body.equals(film.subarray(200_000))],
    known: [known.status, known.body.length],
    missing: missing.status,
  }
}

const ANSWERS = {
  whole: [200, 'video/mp4', true],
  head: [200, '300000'],
  part: [206, 'bytes 1000-1009/300000', true],
  rest: [206, true],
  known: [304, 0],
  missing: 404,
}

describe('docs/frameworks.md', () => {
  it.for<[string, 'node' | 'bun', ((code: string) => string)?]>([
    ['hono.ts', 'node'],
    ['express.ts', 'node'],
    ['express.ts', 'node', (code) => code.replace("from 'express'", "from 'express4'")],
    ['fastify.ts', 'node'],
    ['koa.ts', 'node'],
    ['h3.ts', 'node'],
    ['elysia.ts', 'bun'],
    ['srvx.ts', 'node'],
  ])('%s on %s', async ([name, runtime, change = (code) => code], { skip }) => {
    if (!isInstalled(runtime)) return skip(`${runtime} is not installed`)
    const { port, program } = await startBlock(folder, change(blocks.get(name) ?? ''), runtime)
    try {
      expect(await answersOf(port)).toEqual(ANSWERS)
    } finally {
      await program.stop()
    }
  })

  it('vite.config.ts, by vite dev', async () => {
    const port = await freePort()
    const vite = join(import.meta.dirname, '../node_modules/vite/bin/vite.js')
    const flags = ['--port', String(port), '--strictPort', '--host', '127.0.0.1']
    const program = run(process.execPath, [vite, 'dev', ...flags], { cwd: folder })
    try {
      await listens(port, program)
      expect(await answersOf(port)).toEqual(ANSWERS)
    } finally {
      await program.stop()
    }
  })

  it.each([
    ['src/routes/media/[...path]/+server.ts', '{ request }'],
    ['app/media/[...path]/route.ts', 'request'],
  ])('%s needs no folder while its framework builds', async (name, event) => {
    const { code } = await transform(blocks.get(name) ?? '', { loader: 'ts', format: 'esm' })
    const module = join(folder, `${crypto.randomUUID()}.mjs`)
    writeFileSync(module, code)
    const program = `
      import { mkdirSync, writeFileSync } from 'node:fs'
      const { GET } = await import(${JSON.stringify(pathToFileURL(module))})
      mkdirSync('media')
      writeFileSync('media/film.mp4', '0123456789')
      const headers = { range: 'bytes=2-3' }
      const request = new Request('http://localhost/media/film.mp4', { headers })
      const response = await GET(${event})
      console.log(response.status, await response.text())`
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '--eval', program],
      { cwd: temporaryDirectory(), encoding: 'utf8' },
    )
    expect([stdout, stderr]).toEqual(['206 23\n', ''])
  })

  it.each(['express', 'express4'])('invoices.ts, by %s', async (express) => {
    const code = (blocks.get('invoices.ts') ?? '').replace("from 'express'", `from '${express}'`)
    const { port, program } = await startBlock(folder, code, 'node')
    const ask = async (method: string, id: string, ...fields: string[]) => {
      const reply = await fetchOnce(port, [`${method} /invoices/${id} HTTP/1.1`, ...fields])
      const headers = new Map(reply.fields.map(([name, value]) => [name.toLowerCase(), value]))
      const names = ['content-disposition', 'content-type', 'content-length', 'cache-control']
      return [reply.status, `${reply.body}`, ...names.map((name) => headers.get(name))]
    }
    try {
      const saved = 'attachment; filename="Invoice 2026-11.pdf"'
      const fields = (length: string) => [saved, 'application/pdf', length, 'private, no-cache']
      expect(await ask('GET', '2026-11')).toEqual([200, 'an invoice', ...fields('10')])
      expect(await ask('HEAD', '2026-11')).toEqual([200, '', ...fields('10')])
      expect(await ask('GET', '2026-11', 'Range: bytes=3-')).toEqual([
        206,
        'invoice',
        ...fields('7'),
      ])
      const [status, body] = await ask('GET', '..%2finvoices%2fa4c1.pdf')
      expect([status, body]).toEqual([404, expect.stringContaining('Cannot GET /invoices/')])
    } finally {
      await program.stop()
    }
  })

  it('session.ts: nobody reads what is not theirs', async () => {
    const block = blocks.get('session.ts') ?? ''
    const unsigned = startBlock(folder, block, 'node')
    await expect(unsigned).rejects.toThrow('Expected SECRET, which signs the sessions')
    const signed = `process.env.SECRET = 'of this test'\n${block}`
    const { port, program } = await startBlock(folder, signed, 'node')
    const statusOf = async (path: string, ...fields: string[]) =>
      (await fetchOnce(port, [`GET ${path} HTTP/1.1`, ...fields])).status
    const logIn = async (user: string) => {
      const { fields } = await fetchOnce(port, [
        `POST /login/${user} HTTP/1.1`,
        'Content-Length: 0',
      ])
      const cookie = fields.find(([name]) => name.toLowerCase() === 'set-cookie')?.[1] ?? ''
      return `Cookie: ${cookie.split(';')[0]}`
    }
    try {
      expect(await statusOf('/videos/film.mp4')).toBe(401)
      const ann = await logIn('ann')
      expect(await statusOf('/videos/film.mp4', ann)).toBe(200)
      expect(await statusOf('/videos/film.mp4', ann, 'Range: bytes=0-9')).toBe(206)
      for (const path of [
        '/videos/only.mp4',
        '/videos/../bob/only.mp4',
        '/videos/..%2fbob/only.mp4',
      ]) {
        expect(await statusOf(path, ann)).toBe(404)
      }
      expect(await statusOf('/videos/only.mp4', await logIn('bob'))).toBe(200)
      for (const user of ['carol', '..%2fmedia', '%2e%2e%2fusers%2fbob', '..%2f..']) {
        expect(await statusOf('/videos/film.mp4', await logIn(user))).toBe(404)
      }
    } finally {
      await program.stop()
    }
  })

  describe('worker.ts', () => {
    let stop: () => Promise<void> = async () => {}
    afterAll(() => stop())

    it('on workerd', async () => {
      const stored = { bytes: new Uint8Array(film), httpMetadata: { contentType: 'video/mp4' } }
      const worker = await startWorker({ 'film.mp4': stored }, join(folder, 'worker.ts'))
      stop = worker.stop
      expect(await answersOf(worker.port)).toEqual(ANSWERS)
    })
  })
})
