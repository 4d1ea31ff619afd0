import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startBlock, writeInPackage } from './support/blocks.ts'
import { fetchOnce } from './support/client.ts'
import { startWorker } from './support/miniflare.ts'
import { isInstalled } from './support/runtimes.ts'

const folder = writeInPackage(new Map())
const film = join(folder, 'media/film.mp4')
mkdirSync(join(folder, 'media'))
writeFileSync(film, '0123456789')
// Its tag is weak while it is new.
utimesSync(film, 1_700_000_000, 1_700_000_000)

/** Who runs a program, by what is in it. */
const RUNTIMES = [
  ['bun', /Bun\.serve/],
  ['deno', /Deno\.serve/],
  ['workerd', /byteserve\/r2/],
  ['node', /\blisten\(|\bserve\(/],
] as const

async function start(code: string, runtime: (typeof RUNTIMES)[number][0]) {
  if (runtime === 'workerd') {
    const script = join(folder, 'worker.ts')
    writeFileSync(script, code)
    return startWorker({ 'film.mp4': { bytes: new TextEncoder().encode('0123456789') } }, script)
  }
  const program = code.replaceAll('8080', 'Number(process.env.PORT)')
  const started = await startBlock(folder, program, runtime)
  return { port: started.port, stop: () => started.program.stop() }
}

describe.each(['README.md', 'docs/getting-started.md'])('%s', (page) => {
  const text = readFileSync(join(import.meta.dirname, '..', page), 'utf8')
  const programs = Array.from(text.matchAll(/^```ts\n(.*?)^```$/gms)).flatMap(([, code = '']) => {
    const path = code.includes("'/media") ? '/media/film.mp4' : '/film.mp4'
    const [runtime] = RUNTIMES.find(([, pattern]) => pattern.test(code)) ?? []
    return runtime === undefined ? [] : [{ code, runtime, path }]
  })

  it('has programs for all', () => {
    const runtimes = new Set(programs.map(({ runtime }) => runtime))
    expect(RUNTIMES.map(([name]) => name).filter((name) => !runtimes.has(name))).toEqual([])
  })

  it.each(programs)('$runtime: a film at $path', async ({ code, runtime, path }) => {
    if (runtime !== 'workerd' && !isInstalled(runtime)) return
    const { port, stop } = await start(code, runtime)
    try {
      const { status, body } = await fetchOnce(port, [`GET ${path} HTTP/1.1`, 'Range: bytes=2-3'])
      expect([status, body.toString()]).toEqual([206, '23'])
    } finally {
      await stop()
    }
  })
})
