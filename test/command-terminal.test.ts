import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Terminal } from '../command/terminal.ts'
import type { Served } from '../src/served.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const CLEAR = '\r\x1b[K'

function makeTerminal(isColoured: boolean) {
  const printed: string[] = []
  const written: string[] = []
  let whenRead = () => {}
  const write = (text: string) => {
    written.push(text)
    return new Promise<void>((resolve) => (whenRead = resolve))
  }
  const terminal = new Terminal((line) => printed.push(line), write, isColoured)
  const read = () => {
    whenRead()
    return vi.advanceTimersByTimeAsync(0)
  }
  return { terminal, printed, written, read }
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
])('what %s has its colour, and none without colours', (_what, change, colour) => {
  const [coloured, plain] = [makeTerminal(true), makeTerminal(false)]
  for (const { terminal } of [coloured, plain]) terminal.end(served(change), 'a line')
  expect(coloured.printed).toEqual([colour === null ? 'a line' : `\x1b[${colour}ma line\x1b[m`])
  expect(plain.printed).toEqual(['a line'])
})

test('a download that runs shows how far it has come, below the lines of the others', async () => {
  const { terminal, printed, written, read } = makeTerminal(false)
  let sent = 0
  const { request, status, headers } = served()
  terminal.begin({
    request,
    status,
    headers,
    get sent() {
      return sent
    },
  })
  await vi.advanceTimersByTimeAsync(1000)
  expect(written).toEqual([])
  sent = 300_000
  await vi.advanceTimersByTimeAsync(500)
  expect(written).toEqual([`${CLEAR}/film.mp4  30 %  200 kB/s`])
  terminal.end(served({ request: { ...request } }), 'another')
  expect(printed).toEqual([`${CLEAR}another`])
  // Nobody reads: nothing more is written.
  await vi.advanceTimersByTimeAsync(5000)
  expect(written.length).toBe(1)
  await read()
  await vi.advanceTimersByTimeAsync(500)
  expect(written.length).toBe(2)
  terminal.end(served({ request }), 'film')
  expect(printed).toEqual([`${CLEAR}another`, `${CLEAR}film`])
  expect(vi.getTimerCount()).toBe(0)
})

test('what the runtime does not tell shows no progress', () => {
  const { terminal } = makeTerminal(false)
  terminal.begin(served({ sent: null }))
  terminal.begin(served({ headers: {} }))
  expect(vi.getTimerCount()).toBe(0)
})
