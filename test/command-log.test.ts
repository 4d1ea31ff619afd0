import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it, test } from 'vitest'
import { linePrinter } from '../command/log/print.ts'
import { lineWriter } from '../command/log/writer.ts'
import {
  MORE_THAN_SOCKETS_HOLD,
  type RuntimeName,
  startCommand,
  stopCommands,
} from './command-process.ts'
import { run } from './support/process.ts'
import { isInstalled, runtimes } from './support/runtimes.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { until } from './support/wait.ts'

const COMMAND = fileURLToPath(new URL('../dist/command/byteserve.js', import.meta.url))
const names: RuntimeName[] = ['node', 'bun', 'deno']
const media = temporaryDirectory()
writeFileSync(join(media, 'film.mp4'), new Uint8Array(1000))
writeFileSync(join(media, 'big.bin'), '')
truncateSync(join(media, 'big.bin'), MORE_THAN_SOCKETS_HOLD)
afterAll(stopCommands)

describe('linePrinter', () => {
  it('writes a line that comes alone at once, and those that follow together', async () => {
    const written: string[] = []
    const { print, flush } = linePrinter(writeTo(written))
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
    const { print } = linePrinter(writeTo(written))
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
        read = () => resolve(0)
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
    const toLine = (notice: string) => JSON.stringify({ notice })
    const { print, flush } = linePrinter(writeTo(written), 1, toLine)
    for (const line of ['1', '2', '3', '4']) print(line)
    await flush()
    expect(written).toEqual(['1\n', '2\n{"notice":"lines left out, as nobody read the log: 2"}\n'])
  })

  it('leaves out nothing that comes faster than it gathers', async () => {
    const written: string[] = []
    const { print } = linePrinter(writeTo(written))
    for (let batch = 0; batch < 50; batch++) {
      for (let i = 0; i < 400; i++) print('line')
      await new Promise((resolve) => setImmediate(resolve))
    }
    await until(() => written.join('').length === 20_000 * 5)
    expect(written.join('')).not.toContain('left out')
  })
})

describe('a log on a disk that is full for a while', () => {
  it('counts what is lost, and glues no line to half of another', async () => {
    const disk = makeDisk()
    const { print, flush } = linePrinter(lineWriter(disk.write))
    const printAll = (...lines: string[]) => {
      for (const line of lines) print(line)
      return flush()
    }
    disk.leave(10)
    await printAll('1 whole', '2 cut', '3 lost', '4 lost')
    await printAll('5 lost')
    disk.leave(Infinity)
    await printAll('6 whole', '7 whole')
    expect(disk.lines()).toEqual([
      '1 whole',
      '2 ',
      'lines left out, as the log could not be written: 4',
      '6 whole',
      '7 whole',
    ])
  })

  it.each([
    ['between two lines', 8, ['1 whole'], 1],
    ['before the first', 0, [], 2],
  ])('has no empty line where it was full %s', async (_, room, before, lost) => {
    const disk = makeDisk()
    const { print, flush } = linePrinter(lineWriter(disk.write))
    disk.leave(room)
    print('1 whole')
    print('2 lost')
    await flush()
    disk.leave(Infinity)
    print('3 whole')
    await flush()
    const notice = `lines left out, as the log could not be written: ${lost}`
    expect(disk.lines()).toEqual([...before, notice, '3 whole'])
  })

  it('does not forget how many, when that can not be written either', async () => {
    const disk = makeDisk()
    const { print, flush } = linePrinter(lineWriter(disk.write))
    for (const room of [0, 5, 0, Infinity]) {
      disk.leave(room)
      print('a line')
      await flush()
    }
    expect(disk.lines()).toEqual([
      'lines',
      'lines left out, as the log could not be written: 3',
      'a line',
    ])
  })
})

function writeTo(written: string[]): (text: string) => Promise<number> {
  return async (text) => {
    written.push(text)
    return 0
  }
}

/** A disk that takes so many bytes, and five of them at most at a time. */
function makeDisk() {
  let bytes = Buffer.alloc(0)
  let room = 0
  return {
    leave(count: number) {
      room = count
    },
    async write(more: Uint8Array) {
      const count = Math.min(room, more.length, 5)
      if (count === 0) throw new Error('no space left on device')
      room -= count
      bytes = Buffer.concat([bytes, more.subarray(0, count)])
      return count
    },
    lines: () => bytes.toString().split('\n').slice(0, -1),
  }
}

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
        // Not of the progress, which names a download that takes a second.
        const lines = () => terminal.stdout().split(/GET +\/film\.mp4/).length - 1
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

test.runIf(hasScript())('only a terminal that can clear a line shows progress', async () => {
  const command = [process.execPath, COMMAND, media, '--port', '0'].join(' ')
  const start = async (TERM: string) => {
    const env = { ...process.env, TERM }
    const terminal = run('script', ['-qfc', command, '/dev/null'], { env })
    // Nobody reads it: it runs on.
    const download = await fetch(`${await terminal.says(/(http:\S+)/)}big.bin?view=k3f9x2`)
    return { ...terminal, download }
  }
  const dumb = await start('dumb')
  const other = await start('xterm')
  try {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what clears a line
    const progress = await other.says(/\r\x1b\[K(\d+ % .*\/big\.bin)/)
    expect(progress).toMatch(/^\d+ % {2}[\d.]+ [kM]?B\/s {2}\/big\.bin$/)
    expect(dumb.stdout()).not.toContain('\x1b')
  } finally {
    for (const terminal of [dumb, other]) {
      await terminal.download.body?.cancel()
      terminal.child.stdin.write('\x03')
      await terminal.stop()
    }
  }
})

/** Whether a command can be given a terminal: that of util-linux, not BSD's. */
function hasScript(): boolean {
  return process.platform === 'linux' && spawnSync('script', ['--version']).status === 0
}
