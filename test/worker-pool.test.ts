import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Host } from '../command/hosts/host.ts'
import type { Output } from '../command/log/output.ts'
import { type Job, listenFailure } from '../command/server.ts'
import type { FromWorker, ToWorker } from '../command/workers/messages.ts'
import { startWorkers } from '../command/workers/pool.ts'
import { settle, until } from './support/wait.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

const FACTS = { port: 1, place: '/media', isListed: true }

/** A worker that does what the test says. */
interface Puppet {
  readonly heard: ToWorker[]
  readonly say: (message: FromWorker) => void
  readonly die: () => void
  isStopped: boolean
}

function makePool(workers: number) {
  const puppets: Puppet[] = []
  const printed: string[] = []
  const startWorker: Host['startWorker'] = (say, leave) => {
    const puppet: Puppet = { heard: [], say, die: () => leave('a fault'), isStopped: false }
    puppets.push(puppet)
    return {
      say: (message) => void puppet.heard.push(message),
      stop: () => {
        puppet.isStopped = true
      },
    }
  }
  const print = (line: string) => void printed.push(line)
  const output = { print, say: (notice: string) => print(`notice: ${notice}`), show() {} }
  const options = { workers, host: '127.0.0.1' }
  const address = { address: '127.0.0.1', port: 0, tls: null, isShared: true }
  const started = startWorkers(
    { options, address } as unknown as Job,
    { startWorker } as Host,
    output as unknown as Output,
  )
  started.catch(() => {})
  return { started, puppets, printed }
}

/** A pool of two that serves. */
async function startTwo() {
  const pool = makePool(2)
  await until(() => pool.puppets.length === 2)
  for (const { say } of pool.puppets) say({ kind: 'listening', facts: FACTS })
  const server = await pool.started
  return { ...pool, server }
}

test('workers get a number and a port each, once they hear', async () => {
  const { puppets } = makePool(2)
  await until(() => puppets.length === 2)
  expect(puppets.map(({ heard }) => heard)).toEqual([[], []])
  for (const { say } of puppets) say({ kind: 'here' })
  const jobs = puppets
    .flatMap(({ heard }) => heard)
    .map((message) => {
      return message.kind === 'start' ? [message.number, message.job.address.port > 0] : null
    })
  expect(jobs).toEqual([
    [1, true],
    [2, true],
  ])
})

test('one that fails before it serves ends them all, with its reason', async () => {
  const { started, puppets } = makePool(2)
  await until(() => puppets.length === 2)
  puppets[0]?.say({ kind: 'failure', message: 'no such thing' })
  await expect(started).rejects.toThrow('no such thing')
  expect(puppets.map(({ isStopped }) => isStopped)).toEqual([true, true])
  puppets[0]?.die()
  await settle()
  expect(puppets.length).toBe(2)
})

test('one that may not listen beside others says so', () => {
  const inUse = Object.assign(new Error(), { code: 'EADDRINUSE' })
  const address = { address: '127.0.0.1', port: 8080, tls: null }
  const failures = [true, false].map((isShared) => {
    return listenFailure(inUse, '127.0.0.1', { ...address, isShared }).message
  })
  expect(failures).toEqual([
    'port 8080 is in use, or this system lets no two workers share one: leave out --workers',
    'port 8080 is in use; choose another with --port N, or 0 for any free port',
  ])
})

test('one that dies before it serves ends them all, too', async () => {
  const { started, puppets } = makePool(2)
  await until(() => puppets.length === 2)
  puppets[1]?.die()
  await expect(started).rejects.toThrow('a worker ended before it served: a fault')
  expect(puppets.length).toBe(2)
})

test('one that dies is replaced, and those who fall soon wait longer and longer', async () => {
  const { puppets, printed } = await startTwo()
  const last = () => puppets.at(-1)
  /** How long it takes until there is another, in ms. */
  const pause = async () => {
    const before = puppets.length
    await settle()
    for (let ms = 0; ms < 60_000; ms++) {
      if (puppets.length > before) return ms
      vi.advanceTimersByTime(1)
    }
    return Infinity
  }
  vi.advanceTimersByTime(60_000)
  puppets[0]?.die()
  expect(await pause()).toBe(1)
  last()?.say({ kind: 'listening', facts: FACTS })
  const pauses: number[] = []
  for (let falls = 0; falls < 9; falls++) {
    last()?.die()
    pauses.push(await pause())
  }
  expect(pauses).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000])
  expect(printed.slice(0, 3)).toEqual([
    'notice: worker 1 ended (a fault); another takes its place',
    'notice: worker 1 ended (a fault); another takes its place',
    "notice: worker 1 can't be replaced: a worker ended before it served: a fault",
  ])
})

test('what one reports, the others hear; its lines and notices are printed', async () => {
  const { puppets, printed } = await startTwo()
  const row = {
    id: 1,
    at: 0,
    range: null,
    status: 200,
    start: 0,
    end: 1,
    sent: 0,
    state: 'running',
  }
  const message = { kind: 'report', report: { view: 'abcd', path: 'film.mp4', row } } as FromWorker
  puppets[0]?.say(message)
  puppets[1]?.say({ kind: 'lines', lines: ['one', 'two'] })
  puppets[0]?.say({ kind: 'notice', notice: 'three' })
  expect(puppets.map(({ heard }) => heard)).toEqual([[], [message]])
  expect(printed).toEqual(['one', 'two', 'notice: three'])
})

test.each(['drain', 'end'] as const)('%s waits for what all have logged', async (kind) => {
  const { puppets, server } = await startTwo()
  let isOver = false
  const over = server[kind]().then(() => (isOver = true))
  expect(puppets.map(({ heard }) => heard)).toEqual([[{ kind }], [{ kind }]])
  puppets[0]?.say({ kind: 'over' })
  await settle()
  expect(isOver).toBe(false)
  // One that dies has said all.
  puppets[1]?.die()
  await over
  expect(puppets.length).toBe(2)
})
