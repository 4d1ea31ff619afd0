import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { type Program, run } from './support/process.ts'
import { temporaryDirectory } from './support/temporary.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const folder = temporaryDirectory()

it('wrangler dev serves the bucket of wrangler.toml, offline', async () => {
  const state = ['--persist-to', join(folder, 'state')]
  const object = ['media/folder/notes.mp3', '--file', 'examples/media/notes.mp3']
  const type = ['--content-type', 'audio/mpeg']
  const put = wrangler(['r2', 'object', 'put', ...object, ...type, '--local', ...state])
  const { code, stderr } = await put.ended
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) })
  const dev = wrangler(['dev', '--port', '0', '--inspector-port', '0', ...state])
  const url = await dev.says(/Ready on (http:\S+)/)
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
function wrangler(parameters: string[]): Program {
  const binary = join(ROOT, 'node_modules/wrangler/bin/wrangler.js')
  const env = {
    ...process.env,
    CI: 'true',
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_LOG_PATH: join(folder, 'log'),
  }
  const program = run(process.execPath, [binary, ...parameters], { cwd: ROOT, env, detached: true })
  onTestFinished(() => program.stop('SIGTERM'))
  return program
}
