import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { afterAll, expect, it } from 'vitest'
import { check, type Report, UnansweredError } from '../adapters/check.ts'
import { type Fault, type ModelFile, startModel } from './check/model-server.ts'

const HEAD = Buffer.from('\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x10moov', 'latin1')
const FILE: ModelFile = { size: 30_123, head: HEAD }

/** More than a check ever asks. */
const MOST = 60

const running: { close(): unknown }[] = []

afterAll(() => {
  for (const server of running) server.close()
})

async function start(file: ModelFile, fault?: Fault): Promise<number> {
  const model = await startModel(file, fault)
  running.push(model)
  return Number(new URL(model.url).port)
}

/** The URL of a server that gives each request to a port, or answers it with a text. */
async function front(route: (count: number, text: string) => number | string): Promise<string> {
  let count = 0
  const server: Server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (bytes) => {
      const to = route(++count, bytes.toString('latin1'))
      if (typeof to === 'string') {
        socket.end(to)
        return
      }
      const upstream = connect(to, '127.0.0.1')
      upstream.on('error', () => {})
      socket.on('close', () => upstream.destroy())
      upstream.end(bytes).pipe(socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  running.push(server)
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/film.mp4`
}

const REFUSAL = 'HTTP/1.1 429 Too Many Requests\r\nContent-Length: 9\r\n\r\nslow down'

/** What fails if something happens at the n-th request, for each n after those that open the file. */
async function failuresAt(check: (at: number) => Promise<Report>, opening = 1): Promise<string[]> {
  const failures: string[] = []
  for (let at = opening + 1; at <= MOST; at++) {
    const { rows, requests, passed } = await check(at)
    for (const { id, outcome, found } of rows) {
      if (outcome === 'fail') failures.push(`at ${at}: ${id}, ${found}`)
    }
    if (requests >= at) continue
    // It did not happen.
    expect(passed).toBe(true)
    return failures
  }
  return failures
}

it.each([
  ['grows', { ...FILE, size: FILE.size + 1000, version: 2 }],
  ['is replaced by one of the same size', { ...FILE, version: 2 }],
])(
  'accuses nobody of a file that %s while it is checked',
  async (_what, changed) => {
    const [before, after] = [await start(FILE), await start(changed)]
    const failures = await failuresAt(async (at) => {
      return check(await front((count) => (count < at ? before : after)))
    })
    expect(failures).toEqual([])
  },
  120_000,
)

/** A server that ignores If-Match, and whose first answer lacks a field that the others have. */
function lackingAtFirst(name: string): Fault {
  let count = 0
  return (plan, asked) => {
    if (asked.header('if-match') !== undefined) plan.status = 206
    if (++count === 1) delete plan.fields[name]
  }
}

/** Parts of which one byte too many is announced, and that have no version, as in PHP tutorials. */
const oneTooMany: Fault = (plan) => {
  const { status, fields } = plan
  if (status !== 206) return
  delete fields.etag
  delete fields['last-modified']
  fields['content-length'] = String(Number(fields['content-length']) + 1)
  plan.staysOpen = true
}

it.each<[what: string, failed: string[], fault: Fault]>([
  [
    'is chunked at first, as in a cache',
    ['known-length', 'if-match'],
    lackingAtFirst('content-length'),
  ],
  ['has no date at first', ['if-match'], lackingAtFirst('last-modified')],
  ['has a version only if it is whole', ['content-length', 'part-fields'], oneTooMany],
])(
  'finds what is wrong with a file that %s, and never changes',
  async (_what, failed, fault) => {
    const port = await start(FILE, fault)
    const { rows } = await check(`http://127.0.0.1:${port}/film.mp4`, { timeout: 500 })
    const failures = rows.filter(({ outcome }) => outcome === 'fail').map(({ id }) => id)
    expect(failures).toEqual(failed)
  },
  30_000,
)

it('accuses nobody who has had enough once', async () => {
  const model = await start(FILE)
  const failures = await failuresAt(async (at) => {
    const url = await front((count) => (count === at ? REFUSAL : model))
    return check(new URL('/moved', url), { origin: 'https://app.example' })
  }, 2)
  expect(failures).toEqual([])
}, 120_000)

it('tells nothing of a file whose server has had enough', async () => {
  const model = await start(FILE)
  const url = await front((count) => (count === 1 ? REFUSAL : model))
  const message = 'expected 200 for /film.mp4, got 429 Too Many Requests'
  await expect(check(url)).rejects.toThrow(new UnansweredError('answer', message))
})
