import { once } from 'node:events'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { Agent, type IncomingMessage, request } from 'node:http'
import https from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect as expectOf, test } from 'vitest'
import { certificate } from './check/certificate.ts'
import {
  MORE_THAN_SOCKETS_HOLD as BIG,
  type RuntimeName,
  runCommand,
  startCommand,
  stopCommands,
} from './command-process.ts'
import { canCountHandles, openHandles } from './support/handles.ts'
import { run } from './support/process.ts'
import { isInstalled, runtimes } from './support/runtimes.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { until } from './support/wait.ts'

const PATIENT = { timeout: 30_000 }
/** What has 5 s to end may not get on in time on a busy machine: the best of three counts. */
const IN_TIME = { retry: 2 }
/** Of so many connections, no worker gets all: each has its turn, or a chance of one in two. */
const MANY = 24
const names: RuntimeName[] = ['node', 'bun', 'deno']
const media = temporaryDirectory()

beforeAll(() => {
  writeFileSync(join(media, 'film.mp4'), 'a film')
  writeFileSync(join(media, 'big.bin'), '')
  truncateSync(join(media, 'big.bin'), BIG)
  const { cert, key } = certificate()
  writeFileSync(join(media, '.cert.pem'), cert)
  writeFileSync(join(media, '.key.pem'), key)
})

afterAll(stopCommands)

describe.concurrent.each(names.filter(isInstalled))('byteserve --workers under %s', (name) => {
  async function serve(...args: string[]) {
    const running = startCommand(name, [media, '--workers', '2', '--port', '0', ...args])
    return { ...running, url: await running.url }
  }

  test.each([
    'SIGINT',
    'SIGTERM',
  ] as const)('has one log, complete when %s ends it', async (signal) => {
    const { url, child, ended } = await serve()
    const asked = Array.from({ length: 100 }, (_, i) => i)
    await Promise.all(asked.map((i) => ask(`${url}film.mp4?${i}`)))
    child.kill(signal)
    const { code, stdout, stderr } = await ended
    const logged = Array.from(stderr.matchAll(/film\.mp4\?(\d+)/g), ([, i]) => Number(i))
    expectOf({ code, stdout, logged: logged.sort((a, b) => a - b) }).toEqual({
      code: 0,
      stdout: `${url}\n`,
      logged: asked,
    })
    expectOf(stderr.split('\n').length).toBe(asked.length + 1)
  })

  // One for both tests that only ask it.
  let asked: Promise<string> | null = null
  function urlOfOne(): Promise<string> {
    asked ??= serve().then(({ url }) => url)
    return asked
  }

  test('a page hears of its requests, whoever answers them', async ({ expect }) => {
    const url = await urlOfOne()
    const events = await open(`${url}film.mp4?events=abcd`)
    let heard = ''
    events.setEncoding('utf8').on('data', (chunk) => (heard += chunk))
    const ranges = Array.from({ length: MANY }, (_, i) => `bytes=${i % 6}-`)
    for (const range of ranges) await ask(`${url}film.mp4?view=abcd`, { range })
    const rows = () => {
      const all = Array.from(heard.matchAll(/^data: (\[.*\])$/gm), ([, data = '']) =>
        JSON.parse(data),
      )
      return [...new Map(all.flat().map((row) => [row.id, row])).values()]
    }
    await expect
      .poll(() => rows().filter(({ state }) => state === 'done').length, PATIENT)
      .toBe(MANY)
    expect(
      rows()
        .map(({ range }) => range)
        .sort(),
    ).toEqual(ranges.sort())
    events.destroy()
  })

  // By itself, and one for each worker: what comes in the 5 s that it allows comes through this process.
  test.sequential('SIGTERM lets downloads end, whoever sends them', IN_TIME, async ({ expect }) => {
    const { url, child, ended } = await serve()
    const downloads = await Promise.all(Array.from({ length: 2 }, () => open(`${url}big.bin`)))
    child.kill('SIGTERM')
    const lengths = downloads.map(lengthOf)
    const isClosed = () =>
      ask(url).then(
        () => false,
        () => true,
      )
    await expect.poll(isClosed, PATIENT).toBe(true)
    expect(await Promise.all(lengths)).toEqual(downloads.map(() => BIG))
    expect((await ended).code).toBe(0)
  })

  test('what is wrong is said once', async ({ expect }) => {
    const { port } = new URL(await urlOfOne())
    const missing = join(media, 'nope')
    const args = ['--workers', '2', '--port']
    const outcomes = [
      runCommand(name, [media, ...args, port]),
      runCommand(name, [missing, ...args, '0']),
    ]
    const choice = 'choose another with --port N, or 0 for any free port'
    expect(await Promise.all(outcomes)).toEqual([
      { code: 1, stdout: '', stderr: `byteserve: port ${port} is in use; ${choice}\n` },
      { code: 1, stdout: '', stderr: `byteserve: ${missing} does not exist\n` },
    ])
  })

  test('all have the certificate and the password', async ({ expect }) => {
    const tls = ['--cert', join(media, '.cert.pem'), '--key', join(media, '.key.pem')]
    const { url } = await serve(...tls, '--auth', 'me:secret')
    const statusFor = (auth?: string) => {
      return new Promise((resolve, reject) => {
        const options = { agent: false as const, rejectUnauthorized: false, ...(auth && { auth }) }
        const asked = https.get(`${url}film.mp4`, options, (incoming) => {
          incoming.resume()
          resolve(incoming.statusCode)
        })
        asked.on('error', reject)
      })
    }
    const statuses = await Promise.all(
      Array.from({ length: MANY }, (_, i) => statusFor(i % 2 === 0 ? 'me:secret' : undefined)),
    )
    expect(statuses).toEqual(statuses.map((_, i) => (i % 2 === 0 ? 200 : 401)))
  })
})

describe.runIf(canCountHandles)('the workers of Node', () => {
  test('are replaced when they die, and end with the one who started them', async () => {
    const { url, child, log } = startCommand('node', [media, '--workers', '2', '--port', '0'])
    const address = await url
    const first = workersOf(child.pid)
    expectOf(first.length).toBe(2)
    process.kill(first[0] ?? 0, 'SIGKILL')
    await until(() => log().length > 0 && workersOf(child.pid).length === 2)
    expectOf(log()).toEqual([
      expectOf.stringMatching(/^worker \d ended \(SIGKILL\); another takes its place$/),
    ])
    for (let i = 0; i < MANY; i++) expectOf((await ask(`${address}film.mp4`)).body).toBe('a film')
    const left = workersOf(child.pid)
    child.kill('SIGKILL')
    await until(() => left.every((pid) => !isAlive(pid)))
  })

  test('end without a word when they go on after the one who started them is gone', async () => {
    const { url, child, ended } = startCommand('node', [media, '--workers', '2', '--port', '0'])
    const address = await url
    const workers = workersOf(child.pid)
    const sockets = () => openHandles('socket:', child.pid)
    const before = sockets()
    for (const pid of workers) process.kill(pid, 'SIGSTOP')
    // It hands these on; each worker will answer that it took one.
    const asked = workers.map(() => ask(`${address}film.mp4`).catch(() => {}))
    await until(() => sockets() >= before + asked.length)
    child.kill('SIGKILL')
    await once(child, 'exit')
    for (const pid of workers) process.kill(pid, 'SIGCONT')
    await Promise.all(asked)
    expectOf((await ended).stderr).toBe('')
  })
})

test.runIf(isInstalled('deno'))('Deno says what it needs for them', async () => {
  const command = new URL('../dist/command/byteserve.js', import.meta.url).pathname
  const permissions = ['run', '--allow-net', '--allow-read']
  const args = [command, media, '--workers', '2', '--port', '0']
  const { ended } = run(runtimes.deno ?? '', [...permissions, ...args])
  expectOf(await ended).toEqual({
    code: 1,
    stdout: '',
    stderr: 'byteserve: --workers needs deno run --unstable-net, for workers to share a port\n',
  })
})

/** Each time over a connection of its own. */
function open(url: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, { headers, agent: new Agent() }, resolve).on('error', reject).end()
  })
}

async function ask(url: string, headers: Record<string, string> = {}) {
  const incoming = await open(url, headers)
  return { status: incoming.statusCode, body: await text(incoming) }
}

async function lengthOf(incoming: IncomingMessage): Promise<number> {
  let length = 0
  for await (const chunk of incoming) length += chunk.length
  return length
}

function workersOf(pid = 0): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return children === '' ? [] : children.split(' ').map(Number)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
