import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { linePrinter } from '../command/log/print.ts'
import { Progress } from '../command/log/progress.ts'
import { paint } from '../command/log/request-log.ts'
import { Terminal } from '../command/log/terminal.ts'
import type { Served } from '../src/served.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const CLEAR = '\r\x1b[K'

function makeTerminal() {
  const written: string[] = []
  let whenRead = () => {}
  const write = (text: string) => {
    written.push(text)
    return new Promise<number>((resolve) => (whenRead = () => resolve(0)))
  }
  const terminal = new Terminal(write)
  const read = () => {
    whenRead()
    return vi.advanceTimersByTimeAsync(0)
  }
  return { terminal, written, read }
}

function served(change: Partial<Served> = {}): Served {
  const request = { method: 'GET', url: 'http://host/film.mp4', headers: new Headers() }
  const headers = { 'content-length': '1000000' }
  return { request, status: 200, headers, sent: 1_000_000, aborted: false, duration: 1, ...change }
}

test.each<[what: string, change: Partial<Served>, colour: string | null]>([
  ['is ordinary', {}, null],
  ['is not found', { status: 404 }, '33'],
  ['was aborted', { aborted: true }, '2'],
  ['failed', { error: new Error('bad disk') }, '31'],
])('what %s has its colour', (_what, change, colour) => {
  const painted = colour === null ? 'a line' : `\x1b[${colour}ma line\x1b[m`
  expect(paint(served(change), 'a line')).toBe(painted)
})

test('a download that runs tells how far it has come, until it is over', async () => {
  const shown: string[] = []
  const progress = new Progress((text) => shown.push(text))
  let sent = 0
  const { request, status, headers } = served()
  progress.begin({
    request,
    status,
    headers,
    get sent() {
      return sent
    },
  })
  sent = 300_000
  await vi.advanceTimersByTimeAsync(1500)
  progress.end(served({ request: { ...request } }))
  expect(shown).toEqual(['', '', '30 %  200 kB/s  /film.mp4'])
  progress.end(served({ request }))
  expect(shown.at(-1)).toBe('')
  expect(vi.getTimerCount()).toBe(0)
})

test.each([
  ['/Films/a/film.mp4?view=k3f9x2', '/film.mp4'],
  ['/Films/?zip', '/Films/'],
  ['/?zip', '/'],
  ['/a%20film%20with%20a%20long%20name.mp4', '/a%20film%20with%20a'],
])('the progress names %s briefly, behind its figures', async (path, name) => {
  const shown: string[] = []
  const progress = new Progress((text) => shown.push(text))
  const { request } = served()
  const running = served({ request: { ...request, url: `http://host${path}` }, sent: 10_000 })
  progress.begin(running)
  await vi.advanceTimersByTimeAsync(1500)
  expect(shown.at(-1)).toBe(`1 %  6.7 kB/s  ${name}`)
  progress.end(running)
})

test('what the runtime does not tell shows no progress', () => {
  const progress = new Progress(() => {})
  progress.begin(served({ sent: null }))
  progress.begin(served({ headers: {} }))
  expect(vi.getTimerCount()).toBe(0)
})

test('the progress of all workers stands below their lines', async () => {
  const { terminal, written, read } = makeTerminal()
  terminal.show(1, 'one')
  expect(written).toEqual([`${CLEAR}one`])
  // Nobody reads: nothing more is written.
  terminal.show(2, 'two')
  expect(written.length).toBe(1)
  await read()
  terminal.show(2, 'two')
  expect(written.at(-1)).toBe(`${CLEAR}one   two`)
  await read()
  terminal.show(1, '')
  expect(written.at(-1)).toBe(`${CLEAR}two`)
  await read()
  // It had nothing to show.
  terminal.show(1, '')
  expect(written.length).toBe(3)
})

test('lines that were gathered while the progress was shown take its place', async () => {
  const { terminal, written, read } = makeTerminal()
  const { print } = linePrinter((lines) => terminal.write(lines))
  print('first')
  await read()
  print('second')
  print('third')
  terminal.show(1, 'one')
  await read()
  await vi.advanceTimersByTimeAsync(50)
  await read()
  terminal.show(1, 'one')
  await read()
  const lines = [`first\n`, `${CLEAR}one`, `${CLEAR}second\nthird\n`, `${CLEAR}one`]
  expect(written).toEqual(lines)
  expect(terminal.replaceBy('last\n')).toBe(`${CLEAR}last\n`)
  expect(terminal.replaceBy('last\n')).toBe('last\n')
})

test('nothing is left of the progress where the prompt will stand', async () => {
  const { terminal, written, read } = makeTerminal()
  await terminal.clear()
  expect(written).toEqual([])
  terminal.show(1, 'one')
  await read()
  const cleared = terminal.clear()
  expect(written).toEqual([`${CLEAR}one`, CLEAR])
  await read()
  await cleared
  await terminal.clear()
  expect(written.length).toBe(2)
})
