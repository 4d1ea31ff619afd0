import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it, test } from 'vitest'
import { linePrinter } from '../command/log/print.ts'
import { type RuntimeName, startCommand, stopCommands } from './command-process.ts'
import { run } from './support/process.ts'
import { isInstalled, runtimes } from './support/runtimes.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { until } from './support/wait.ts'

const COMMAND = fileURLToPath(new URL('../dist/command/byteserve.js', import.meta.url))
const names: RuntimeName[] = ['node', 'bun', 'deno']
const media = temporaryDirectory()
writeFileSync(join(media, 'film.mp4'), new Uint8Array(1000))
afterAll(stopCommands)

describe('linePrinter', () => {
  it('writes a line that comes alone at once, and those that follow together', async () => {
    const written: string[] = []
    const { print, flush } = linePrinter(async (text) => void written.push(text))
    print('one')
    expect(written).toEqual(['one\n'])
    print('two')
    print('three')
    expect(written).toEqual(['one\n'])
    await flush()
    expect(written).toEqual(['one\n', 'two\nthree\n'])
    print('four')
    expect(written).toEqual(['one\n', 'two\nthree\n', 'four\n'])
  })

  it('writes them without being told, too', async () => {
    const written: string[] = []
    const { print } = linePrinter(async (text) => void written.push(text))
    print('one')
    print('two')
    await until(() => written.length === 2)
    expect(written).toEqual(['one\n', 'two\n'])
  })

  it('leaves out what nobody reads beyond 1000 lines, and says so in its place', async () => {
    const written: string[] = []
    let read = () => {}
    const { print, flush } = linePrinter((text) => {
      written.push(text)
      return new Promise((resolve) => {
        read = resolve
      })
    })
    for (let i = 0; i < 1101; i++) print(`${i}`)
    expect(written).toEqual(['0\n'])
    read()
    await until(() => written.length === 2)
    const lines = Array.from({ length: 1000 }, (_, i) => `${i + 1}\n`)
    const note = 'lines left out, as nobody read the log: 100\n'
    expect(written).toEqual(['0\n', lines.join('') + note])
    print('after')
    read()
    const flushed = flush()
    await until(() => written.length === 3)
    read()
    await flushed
    expect(written.at(-1)).toBe('after\n')
  })

  it('says how many as the log wants it', async () => {
    const written: string[] = []
    const write = async (text: string) => void written.push(text)
    const { print, flush } = linePrinter(write, 1, (notice) => JSON.stringify({ notice }))
    for (const line of ['1', '2', '3', '4']) print(line)
    await flush()
    expect(written).toEqual(['1\n', '2\n{"notice":"lines left out, as nobody read the log: 2"}\n'])
  })

  it('leaves out nothing that comes faster than it gathers', async () => {
    const written: string[] = []
    const { print } = linePrinter(async (text) => void written.push(text))
    for (let batch = 0; batch < 50; batch++) {
      for (let i = 0; i < 400; i++) print('line')
      await new Promise((resolve) => setImmediate(resolve))
    }
    await until(() => written.join('').length === 20_000 * 5)
    expect(written.join('')).not.toContain('left out')
  })
})

describe.concurrent.each(names.filter(isInstalled))('the log of byteserve under %s', (name) => {
  test.each(['SIGINT', 'SIGTERM'] as const)('is complete when %s ends it', async (signal) => {
    const { url, child, ended } = startCommand(name, [media, '--port', '0'])
    const address = await url
    const ask = (i: number) => fetch(`${address}film.mp4?${i}`).then((film) => film.arrayBuffer())
    await Promise.all(Array.from({ length: 100 }, (_, i) => ask(i)))
    child.kill(signal)
    const { code, stderr } = await ended
    const logged = Array.from(stderr.matchAll(/film\.mp4\?(\d+)/g), ([, i]) => Number(i))
    expect([code, logged.sort((a, b) => a - b)]).toEqual([
      0,
      Array.from({ length: 100 }, (_, i) => i),
    ])
  })

  test.runIf(hasScript()).each([1, 2])(
    'goes on when its terminal was stopped, and so does the server, of %d workers',
    async (workers) => {
      const permissions = name === 'deno' ? ['run', '-A', '--unstable-net'] : []
      const args = [media, '--port', '0', '--workers', workers]
      const command = [runtimes[name], ...permissions, COMMAND, ...args].join(' ')
      const terminal = run('script', ['-qfc', command, '/dev/null'])
      try {
        const url = await terminal.says(/(http:\S+)/)
        const ask = async () => (await fetch(`${url}film.mp4`)).arrayBuffer()
        const lines = () => terminal.stdout().split('film.mp4').length - 1
        await ask()
        await until(() => lines() === 1)
        const [STOP, START] = ['\x13', '\x11']
        terminal.child.stdin.write(STOP)
        // Echoed characters are not: the terminal tells of nothing, so some of these may still show.
        for (let i = 0; i < 300; i++) await ask()
        terminal.child.stdin.write(START)
        await until(() => lines() === 301)
      } finally {
        terminal.child.stdin.write('\x03')
        await terminal.stop()
      }
    },
  )
})

test('the log is complete when an error ends the command', async () => {
  const fault = 'data:text/javascript,process.once("SIGUSR2",()=>{throw new Error("a fault")})'
  const child = spawn(process.execPath, ['--import', fault, COMMAND, media, '--port', '0'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  const [url] = await once(child.stdout, 'data')
  const address = String(url).trim()
  for (let i = 0; i < 3; i++) await (await fetch(`${address}film.mp4?${i}`)).arrayBuffer()
  child.kill('SIGUSR2')
  await once(child, 'close')
  expect(Array.from(stderr.matchAll(/film\.mp4\?(\d)/g), ([, i]) => i)).toEqual(['0', '1', '2'])
  expect(stderr).toContain('a fault')
})

/** Whether a command can be given a terminal: that of util-linux, not BSD's. */
function hasScript(): boolean {
  return process.platform === 'linux' && spawnSync('script', ['--version']).status === 0
}
