import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { blocksOf, compile, startBlock, writeInPackage } from './support/blocks.ts'
import { fetchOnce } from './support/client.ts'
import { findClient } from './support/clients.ts'
import { startWorker } from './support/miniflare.ts'
import { run } from './support/process.ts'
import { isInstalled, runtimes } from './support/runtimes.ts'
import { temporaryDirectory } from './support/temporary.ts'

const blocks = blocksOf('site.md')
const folder = writeInPackage(blocks)

const FILES = {
  'public/index.html': '<h1>Home',
  'public/404.html': '<h1>Nothing',
  'public/assets/app-3f2a.js': 'not encoded',
  'public/assets/app-3f2a.js.br': 'encoded',
  'public/film.mp4': '0123456789',
  'files/Blade Runner (1982).mp4': 'film',
  'files/\u00dcbung.pdf': 'pdf',
  'data/all.json': '[]',
  'data/all.json.br': 'br of all.json',
}

for (const [path, text] of Object.entries(FILES)) {
  const file = join(folder, path)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, text)
  utimesSync(file, 1_700_000_000, 1_700_000_000)
}

async function ask(port: number, path: string, ...lines: string[]) {
  const [method, ...fields] =
    lines.length > 0 && !lines[0]?.includes(':') ? lines : ['GET', ...lines]
  const reply = await fetchOnce(port, [`${method} ${path} HTTP/1.1`, ...fields])
  const headers = new Map(reply.fields.map(([name, value]) => [name.toLowerCase(), value]))
  return {
    status: reply.status,
    body: reply.body.toString(),
    field: (name: string) => headers.get(name),
  }
}

/** Lines that someone had to write: not empty, and no comment. */
function linesOf(name: string): number {
  const lines = (blocks.get(name) ?? '').split('\n')
  return lines.filter((line) => /^\s*(?!\/\/)\S/.test(line)).length
}

describe('docs/site.md', () => {
  it('shows what compiles', () => {
    expect(blocks.size).toBe(8)
    expect(compile(folder, [...blocks.keys()])).toBe('')
  })

  it('shows a web site in 12 lines', async () => {
    expect(linesOf('site.ts')).toBeLessThanOrEqual(12)
    const { port, program } = await startBlock(folder, blocks.get('site.ts') ?? '', 'node')
    try {
      expect(await ask(port, '/')).toMatchObject({ status: 200, body: '<h1>Home' })
      expect(await ask(port, '/none')).toMatchObject({ status: 404, body: '<h1>Nothing' })
      expect(await ask(port, '/film.mp4', 'Range: bytes=2-3')).toMatchObject({
        status: 206,
        body: '23',
      })
      const asset = await ask(port, '/assets/app-3f2a.js', 'Accept-Encoding: gzip, br')
      const fields = ['content-encoding', 'cache-control', 'vary'].map(asset.field)
      expect([asset.body, ...fields]).toEqual([
        'encoded',
        'br',
        'public, max-age=31536000, immutable',
        'Accept-Encoding',
      ])
      expect((await ask(port, '/film.mp4')).field('cache-control')).toBe('no-cache')
    } finally {
      await program.stop()
    }
  })

  it('shows downloads in 15 lines', async () => {
    expect(linesOf('downloads.ts')).toBeLessThanOrEqual(15)
    const { port, program } = await startBlock(folder, blocks.get('downloads.ts') ?? '', 'node')
    try {
      const file = await ask(port, '/files/%C3%9Cbung.pdf')
      expect(['content-disposition', 'cache-control'].map(file.field)).toEqual([
        `attachment; filename="Ubung.pdf"; filename*=UTF-8''%C3%9Cbung.pdf`,
        'public, max-age=3600',
      ])
      const data = await ask(port, '/data/all.json', 'Accept-Encoding: br')
      expect([data.body, data.field('content-encoding'), data.field('content-type')]).toEqual([
        'br of all.json',
        'br',
        'application/json',
      ])
      expect((await ask(port, '/files/none.pdf')).status).toBe(404)
      const curl = findClient('curl')
      if (curl === null) return
      const to = temporaryDirectory()
      const url = `http://127.0.0.1:${port}/files/Blade%20Runner%20(1982).mp4`
      await run(curl, ['-sOJ', url], { cwd: to }).ended
      const { stdout } = spawnSync('ls', [to], { encoding: 'utf8' })
      expect(stdout).toBe('Blade Runner (1982).mp4\n')
    } finally {
      await program.stop()
    }
  })

  it('shows a Worker with CORS in 9 lines', async () => {
    expect(linesOf('worker.ts')).toBeLessThanOrEqual(9)
    const stored = { bytes: new TextEncoder().encode('0123456789') }
    const worker = await startWorker({ 'film.mp4': stored }, join(folder, 'worker.ts'))
    try {
      const origin = 'Origin: https://app.example'
      const part = await ask(worker.port, '/film.mp4', 'Range: bytes=2-3', origin)
      expect([part.status, part.body, part.field('access-control-allow-origin')]).toEqual([
        206,
        '23',
        '*',
      ])
      const asked = ['Access-Control-Request-Method: GET', 'Access-Control-Request-Headers: range']
      const preflight = await ask(worker.port, '/film.mp4', 'OPTIONS', origin, ...asked)
      expect([preflight.status, preflight.field('access-control-allow-headers')]).toEqual([
        204,
        expect.stringContaining('Range'),
      ])
    } finally {
      await worker.stop()
    }
  })

  // Bun, since Node has node:sqlite from 22.5 on only.
  it.runIf(isInstalled('bun'))('shows a site in a database', async () => {
    const rows = [
      ['index.html', '<h1>Home'],
      ['app.js', 'start()'],
      ['404.html', '<h1>Nothing'],
    ]
    rmSync(join(folder, 'files.db'), { force: true })
    const make = `import { DatabaseSync } from 'node:sqlite'
      const database = new DatabaseSync('files.db')
      database.exec('CREATE TABLE files (path TEXT PRIMARY KEY, data BLOB, etag TEXT)')
      const insert = database.prepare('INSERT INTO files VALUES (?, ?, ?)')
      const bytes = new TextEncoder()
      for (const [path, text] of ${JSON.stringify(rows)}) insert.run(path, bytes.encode(text), path)`
    const { status, stderr } = spawnSync(runtimes.bun ?? 'bun', ['-e', make], {
      cwd: folder,
      encoding: 'utf8',
    })
    expect([status, stderr]).toEqual([0, ''])
    const serve = 'Bun.serve({ port: Number(process.env.PORT), fetch: handler })'
    const code = `${blocks.get('database.ts')}\n${serve}`
    const { port, program } = await startBlock(folder, code, 'bun')
    try {
      const answers = await Promise.all(
        ['/', '/app.js', '/none'].map(async (path) => {
          const answer = await ask(port, path)
          return [answer.status, answer.body, answer.field('content-type')]
        }),
      )
      expect(answers).toEqual([
        [200, '<h1>Home', 'text/html; charset=utf-8'],
        [200, 'start()', 'text/javascript; charset=utf-8'],
        [404, '<h1>Nothing', 'text/html; charset=utf-8'],
      ])
    } finally {
      await program.stop()
    }
  })
})
