import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import jsqr from 'jsqr'
import { afterAll, describe, expect, test } from 'vitest'
import { type RuntimeName, startCommand, stopCommands } from './command-process.ts'
import { areInstalled } from './support/installed.ts'
import { run } from './support/process.ts'
import { isInstalled } from './support/runtimes.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { eventually } from './support/wait.ts'

const root = temporaryDirectory()
const bin = temporaryDirectory()
const opened = join(bin, 'opened')
writeFileSync(
  join(bin, 'xdg-open'),
  `#!/bin/sh\nprintf '%s\\n' "$@" >${opened}.new\nmv ${opened}.new ${opened}\n`,
)
chmodSync(join(bin, 'xdg-open'), 0o755)
const failing = temporaryDirectory()
// A required tool could not be found.
writeFileSync(join(failing, 'xdg-open'), '#!/bin/sh\nexit 3\n')
chmodSync(join(failing, 'xdg-open'), 0o755)

afterAll(stopCommands)

const isLinux = process.platform === 'linux'
const names: RuntimeName[] = ['node', 'bun', 'deno']

describe.each(names.filter(isInstalled))('--open under %s', (name) => {
  // Deno may run programs only if it is told so.
  test.runIf(isLinux && name !== 'deno')('opens the page, and nothing else', async () => {
    rmSync(opened, { force: true })
    const { url, log } = startCommand(name, [root, '--port', '0', '--open'], {
      PATH: `${bin}:${process.env.PATH}`,
    })
    const what = await eventually('a browser', () =>
      existsSync(opened) ? readFileSync(opened, 'utf8') : null,
    )
    expect([what, log()]).toEqual([`${await url}\n`, []])
  })

  test.runIf(isLinux)('says so where there is no browser', async () => {
    const { url, log } = startCommand(name, [root, '--port', '0', '--open'], { PATH: '/nowhere' })
    const address = await url
    await eventually('a word of it', () => log()[0] ?? null)
    expect(log()).toEqual([`can't open a browser with xdg-open: open ${address} yourself`])
    expect((await fetch(address)).status).toBe(200)
  })

  test.runIf(isLinux && name !== 'deno')('says so where no browser can be opened', async () => {
    const { url, log } = startCommand(name, [root, '--port', '0', '--open'], {
      PATH: `${failing}:${process.env.PATH}`,
    })
    const address = await url
    await eventually('a word of it', () => log()[0] ?? null)
    expect(log()).toEqual([`can't open a browser with xdg-open: open ${address} yourself`])
  })
})

describe('a QR code', () => {
  test.runIf(areInstalled('script')).each([
    ['white on black, whatever colours it has', '', '\x1b[97;40m', '\x1b[m'],
    ['in its own colours, if it shall have no others', '1', '', ''],
  ])('leads to the page, on a terminal: %s', async (_, noColour, before, after) => {
    const command = fileURLToPath(new URL('../dist/command/byteserve.js', import.meta.url))
    const line = [process.execPath, command, root, '--port', '0', '--qr'].join(' ')
    const terminal = run('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm', NO_COLOR: noColour },
    })
    try {
      const url = await terminal.says(/^(http:\S+)\r\n/)
      const code = await eventually('the code', () => decode(terminal.stdout()))
      expect(code).toBe(url)
      const drawn = terminal
        .stdout()
        .split(/\r?\n/)
        .filter((row) => /[█▀▄]/.test(row))
      expect(drawn).toEqual(drawn.map((row) => before + row.replace(/[^█▀▄ ]/g, '') + after))
    } finally {
      terminal.child.stdin.write('\x03')
      await terminal.ended
    }
  })

  test('of an address that leads a phone to itself comes with a word', async () => {
    const { log } = startCommand('node', [root, '--port', '0', '--qr'])
    const last = await eventually('it', () => log().find((line) => line.includes('only')) ?? null)
    expect(last).toBe(
      'only this machine can open the address of the QR code; --host 0.0.0.0 lets the network in',
    )
    expect(log().filter((line) => /[█▀▄]/.test(line)).length).toBe(log().length - 1)
  })

  test('is drawn into no log of JSON', async () => {
    const { child, ended, url } = startCommand('node', [root, '--port', '0', '--log=json', '--qr'])
    await url
    child.kill('SIGINT')
    const lines = (await ended).stderr.split('\n').slice(0, -1)
    expect(lines.map((line) => JSON.parse(line).notice)).toEqual(['without effect here: --qr'])
  })

  test('is for terminals, whoever may connect', async () => {
    const { child, ended, url } = startCommand('node', [root, '--port', '0', '--host', '0.0.0.0'])
    await url
    child.kill('SIGINT')
    const { stdout, stderr } = await ended
    expect(stdout + stderr).not.toMatch(/[█▀▄]/)
  })
})

/** Each character is two modules, one above the other: light where it is filled. */
const HALVES: Record<string, readonly [boolean, boolean]> = {
  '█': [true, true],
  '▀': [true, false],
  '▄': [false, true],
  ' ': [false, false],
}

/** How many pixels wide a module is drawn, and how many modules of paper are around them. */
const SCALE = 4
const MARGIN = 4

/** What a QR code says that was drawn by blocks; null as long as there is none. */
function decode(text: string): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are no part of the code
  const plain = text.replace(/\x1b\[[\d;]*m/g, '')
  const lines = plain.split(/\r?\n/).filter((line) => /^[█▀▄ ]{21,}$/.test(line))
  const rows = lines.flatMap((line) => {
    const halves = Array.from(line, (character) => HALVES[character] ?? [true, true])
    return [halves.map(([upper]) => upper), halves.map(([, lower]) => lower)]
  })
  const size = ((rows[0]?.length ?? 0) + 2 * MARGIN) * SCALE
  const pixels = new Uint8ClampedArray(size * size * 4).fill(255)
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const [row, column] = [y, x].map((at) => Math.floor(at / SCALE) - MARGIN)
      const isLight = rows[row ?? -1]?.[column ?? -1] ?? true
      if (!isLight) pixels.fill(0, (y * size + x) * 4, (y * size + x) * 4 + 3)
    }
  }
  return jsqr.default(pixels, size, size)?.data ?? null
}
