import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { blocksOf, startBlock, writeInPackage } from './support/blocks.ts'
import { fetchOnce, open } from './support/client.ts'
import { areInstalled } from './support/installed.ts'
import { freePort } from './support/ports.ts'
import { run } from './support/process.ts'
import { startNginx } from './support/proxies.ts'
import { isInstalled, runtimes } from './support/runtimes.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { eventually } from './support/wait.ts'

const folder = writeInPackage(new Map())
mkdirSync(join(folder, 'media'))
const film = join(folder, 'media/film.mp4')
writeFileSync(film, '')
truncateSync(film, 50_000_000)

/** Asks for a film, and hangs up after some of its bytes. */
async function hangUp(port: number, first: number, taken: number): Promise<void> {
  const connection = await open(port)
  connection.send(`GET /film.mp4 HTTP/1.1\r\nHost: a\r\nRange: bytes=${first}-\r\n\r\n`)
  await connection.readHead()
  await connection.take(taken)
  connection.reset()
}

describe("docs/sources.md: a stream of Node's", () => {
  const serve = {
    node: `import { serve } from '@hono/node-server'
serve({ fetch: handler, port: Number(process.env.PORT) })`,
    bun: 'Bun.serve({ port: Number(process.env.PORT), fetch: handler })',
    deno: 'Deno.serve({ port: Number(process.env.PORT) }, handler)',
  }

  it.each([
    'node',
    'bun',
    'deno',
  ] as const)('survives clients that hang up, on %s', async (name) => {
    if (!isInstalled(name)) return
    const program = `${blocksOf('sources.md').get('stored.ts')}
import { createReadStream } from 'node:fs'
import { fileHandler } from 'byteserve'
const stored = {
  size: 50_000_000,
  createReadStream: (range: object) => createReadStream('media/film.mp4', range),
}
const handler = fileHandler(() => sourceOf(stored))
${serve[name]}`
    const { port, program: server } = await startBlock(folder, program, name)
    try {
      for (let i = 0; i < 20; i += 1) {
        const four = [0, 1, 2, 3].map((k) => hangUp(port, i * 1000, (4 * i + k) * 10_000 + 1))
        await Promise.all(four)
      }
      expect([server.isAlive(), server.stderr().replace(/^Listening .*\n/, '')]).toEqual([true, ''])
    } finally {
      await server.stop()
    }
  })
})

describe('docs/observers.md: an access log', () => {
  it('names the client, also of a download that was aborted', async () => {
    const block = blocksOf('observers.md').get('access-log.ts') ?? ''
    const { port, program } = await startBlock(folder, block, 'node')
    try {
      await fetchOnce(port, ['GET /film.mp4 HTTP/1.1', 'Range: bytes=0-9'])
      await hangUp(port, 10, 1000)
      await program.says(/(GET .film.mp4 206 \d{3,})/)
      const lines = program.stdout().trimEnd().split('\n')
      // The first is that of the wait for the server.
      expect(
        lines.slice(1).map((line) => line.replace(/\d+ \d+$/, 'sent ms').replace('::ffff:', '')),
      ).toEqual(['127.0.0.1 GET /film.mp4 206 sent ms', '127.0.0.1 GET /film.mp4 206 sent ms'])
    } finally {
      await program.stop()
    }
  })
})

describe('docs/made.md: joined parts', () => {
  it('are those of today, once one was replaced', async () => {
    writeFileSync(join(folder, 'film.001'), 'aaaa')
    writeFileSync(join(folder, 'film.002'), 'bbbb')
    const block = blocksOf('made.md').get('join.ts') ?? ''
    const { port, program } = await startBlock(folder, block, 'node')
    const whole = async () => {
      const { status, body } = await fetchOnce(port, ['GET / HTTP/1.1'])
      return `${status} ${body}`
    }
    try {
      const before = await whole()
      writeFileSync(join(folder, 'new'), 'ccccc')
      renameSync(join(folder, 'new'), join(folder, 'film.002'))
      expect([before, await whole()]).toEqual(['200 aaaabbbb', '200 aaaaccccc'])
    } finally {
      await program.stop()
    }
  })
})

describe.runIf(isInstalled('bun'))('docs/made.md: on Bun, what is made', () => {
  const imports = `import { createServer } from 'node:http'
import { fileHandler } from 'byteserve'
import { concat } from 'byteserve/concat'
import { nodeFile, nodeListener } from 'byteserve/node'
const film = async () => concat([await nodeFile('media/film.mp4')])
const port = Number(process.env.PORT)`

  it.each([
    [
      'has no length above 128 KiB',
      'Bun.serve({ port, fetch: fileHandler(film) })',
      [131_072, null],
    ],
    [
      "has one by Bun's node:http",
      'createServer(nodeListener(film)).listen(port)',
      [131_072, 131_073],
    ],
  ])('%s', async (_what, serve, lengths) => {
    const { port, program } = await startBlock(folder, `${imports}\n${serve}`, 'bun')
    try {
      const lengthOf = async (last: number) => {
        const { fields } = await fetchOnce(port, ['GET / HTTP/1.1', `Range: bytes=0-${last}`])
        const field = fields.find(([name]) => name.toLowerCase() === 'content-length')
        return field === undefined ? null : Number(field[1])
      }
      expect([await lengthOf(131_071), await lengthOf(131_072)]).toEqual(lengths)
    } finally {
      await program.stop()
    }
  })
})

describe.runIf(areInstalled('openssl', 'curl'))('docs/runtimes/node.md: HTTP/2', () => {
  it('and HTTP/1.1 get a part', async () => {
    const page = readFileSync(new URL('../docs/runtimes/node.md', import.meta.url), 'utf8')
    const [, certify = ''] = /^ {4}(openssl .*)$/m.exec(page) ?? []
    execFileSync('sh', ['-c', certify], { cwd: folder, stdio: 'ignore' })
    writeFileSync(join(folder, 'http2.mjs'), blocksOf('runtimes/node.md').get('http2.ts') ?? '')
    const port = await freePort()
    const env = { ...process.env, PORT: String(port) }
    const server = run(runtimes.node, ['http2.mjs'], { cwd: folder, env })
    try {
      const ask = (version: string) => {
        const format = '%{http_version} %{http_code} %{size_download}'
        const args = ['-sk', version, '-r', '0-99', '-o', '/dev/null', '-w', format]
        return spawnSync('curl', [...args, `https://localhost:${port}/film.mp4`]).stdout.toString()
      }
      await eventually('an answer', () => (ask('--http2').startsWith('0') ? null : true))
      expect([ask('--http2'), ask('--http1.1')]).toEqual(['2 206 100', '1.1 206 100'])
    } finally {
      await server.stop()
    }
  })
})

describe('docs/deploy.md', () => {
  const block = blocksOf('deploy.md').get('server.ts') ?? ''

  it('a program ends by SIGTERM, whoever keeps a connection', async () => {
    const { port, program } = await startBlock(folder, block, 'node')
    try {
      const idle = await open(port)
      idle.send('HEAD /film.mp4 HTTP/1.1\r\nHost: a\r\n\r\n')
      await idle.read('HEAD')
      const stalled = await open(port)
      stalled.send('GET /film.mp4 HTTP/1.1\r\nHost: a\r\n\r\n')
      await stalled.readHead()
      program.child.kill('SIGTERM')
      expect(await program.ended).toEqual({ code: 0, stdout: '', stderr: '' })
    } finally {
      await program.stop()
    }
  })

  it.runIf(areInstalled('nginx'))('nginx hands on ranges, and whose they are', async () => {
    const page = readFileSync(new URL('../docs/deploy.md', import.meta.url), 'utf8')
    const [, config = ''] = /^```nginx\n(.*?)^```$/ms.exec(page) ?? []
    const log = blocksOf('observers.md').get('access-log.ts') ?? ''
    const asked = log.replace('clients.get(request)', "request.headers.get('x-forwarded-for')")
    const { port, program } = await startBlock(folder, asked, 'node')
    const nginx = await startNginx(temporaryDirectory(), config.replace(':8080', `:${port}`))
    try {
      const forged = 'X-Forwarded-For: 192.0.2.1'
      const lines = ['GET /film.mp4 HTTP/1.1', 'Range: bytes=0-9', forged]
      const { status, body } = await fetchOnce(nginx.port, lines)
      expect([status, body.length]).toEqual([206, 10])
      expect(await program.says(/^(\S+ GET \/film.mp4 206 10) \d+$/m)).toBe(
        '127.0.0.1 GET /film.mp4 206 10',
      )
    } finally {
      await nginx.stop()
      await program.stop()
    }
  })
})
