import { mkdirSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { blocksOf, startBlock, writeInPackage } from './support/blocks.ts'
import { fetchOnce, open } from './support/client.ts'
import { isInstalled } from './support/runtimes.ts'

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
