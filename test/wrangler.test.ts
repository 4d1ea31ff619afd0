import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

test('wrangler dev serves the bucket of wrangler.toml, offline', { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'byteserve-wrangler-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))
  const state = ['--persist-to', join(folder, 'state')]
  const object = ['media/folder/notes.mp3', '--file', 'examples/media/notes.mp3']
  const type = ['--content-type', 'audio/mpeg']
  const put = wrangler(folder, ['r2', 'object', 'put', ...object, ...type, '--local', ...state])
  expect(await once(put, 'exit')).toEqual([0, null])
  const dev = wrangler(folder, ['dev', '--port', '0', '--inspector-port', '0', ...state])
  const url = await readyUrl(dev)
  const response = await fetch(`${url}/folder/notes.mp3`, { headers: { range: 'bytes=100-149' } })
  const file = await readFile(join(ROOT, 'examples/media/notes.mp3'))
  expect({
    status: response.status,
    type: response.headers.get('content-type'),
    length: response.headers.get('content-length'),
    range: response.headers.get('content-range'),
    body: Buffer.from(await response.arrayBuffer()),
  }).toEqual({
    status: 206,
    type: 'audio/mpeg',
    length: '50',
    range: `bytes 100-149/${file.length}`,
    body: file.subarray(100, 150),
  })
})

/** In a process group of its own, since it starts others; it ends with the test. */
function wrangler(folder: string, parameters: string[]): ChildProcess {
  const child = spawn(
    process.execPath,
    [join(ROOT, 'node_modules/wrangler/bin/wrangler.js'), ...parameters],
    {
      cwd: ROOT,
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        CI: 'true',
        WRANGLER_SEND_METRICS: 'false',
        WRANGLER_LOG_PATH: join(folder, 'log'),
      },
    },
  )
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM')
    await once(child, 'exit')
  })
  return child
}

async function readyUrl({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('Expected wrangler to have an output')
  const lines: string[] = []
  for await (const line of createInterface(stdout)) {
    const url = /Ready on (http:\S+)/.exec(line)?.[1]
    if (url !== undefined) {
      stdout.resume()
      return url
    }
    lines.push(line)
  }
  throw new Error(`Expected wrangler to be ready, got ${lines.join('\n')}`)
}
