import { describe, expect, it } from 'vitest'
import { BrokenReplyError, fetchOnce, open, toRequest } from '../support/client.ts'
import { openHandles } from '../support/handles.ts'
import { until } from '../support/wait.ts'
import { everywhere } from './everywhere.ts'
import { type Fixture, MIB } from './fixtures.ts'
import { residentBytes } from './process-memory.ts'
import type { Target } from './targets.ts'

const ABORTS = 1000
const AT_A_TIME = 8

/** After this many, whatever a runtime warms up is warm. */
const WARM = 400

/**
 * What the later aborts may add to a process. If each left one chunk behind, of 512 KiB, it would
 * be 300 MiB; a garbage collector that has yet to run may hold some tens.
 */
const MOST_GROWTH = 100 * MIB

/** More than the sockets hold, so that no response is over before its client hangs up. */
const FILE: Fixture = {
  path: 'big.mp4',
  target: '/big.mp4',
  bytes: Buffer.alloc(24 * MIB, 'a'),
  type: 'video/mp4',
}

/** In turn. */
const REQUESTS = [
  [],
  ['Range: bytes=1000000-'],
  ['Range: bytes=1-20000000'],
  ['Range: bytes=0-9999999,10000000-19999999'],
].map((fields) => toRequest([`GET ${FILE.target} HTTP/1.1`, ...fields]))

/** What is left of the downloads of one target. */
interface Remains {
  readonly growth: number
  readonly answer: string
  readonly isAlive: boolean
  readonly complaints: string
}

const { names, outcomeOf } = everywhere(FILE, abortAll)

describe.each(names)('%s', (name) => {
  // workerd's own process is not known: of it, only that it answers on, and does not complain.
  const leaves = name === 'workerd' ? 'answers on' : 'leaves nothing behind'
  it(`${leaves} after ${ABORTS} aborted downloads`, { timeout: 90_000 }, async () => {
    const { growth, ...others } = await outcomeOf(name)
    expect(others).toEqual({ answer: '206 aaaaa', isAlive: true, complaints: '' })
    expect(growth).toBeLessThan(MOST_GROWTH)
  })
})

async function abortAll(target: Target, path: string): Promise<Remains> {
  const { port, pid } = target
  const memory = () => (pid === null ? 0 : residentBytes(pid))
  const left = () => (pid === null ? 0 : openHandles(path, pid))
  await abort(port, WARM)
  const before = memory()
  await abort(port, ABORTS - WARM)
  // Nobody tells when Bun has opened what it was given: the one descriptor of the file stays for a while.
  const leased = target.name === 'bun' ? 1 : 0
  await until(() => left() <= leased)
  const growth = memory() - before
  const lines = [`GET ${FILE.target} HTTP/1.1`, 'Range: bytes=-5']
  const { status, body } = await fetchOnce(port, lines)
  const [isAlive, complaints] = [target.isAlive(), target.complaints()]
  return { growth, answer: `${status} ${body}`, isAlive, complaints }
}

async function abort(port: number, count: number): Promise<void> {
  let started = 0
  const lane = async () => {
    while (started < count) await abortOne(port, started++)
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, lane))
}

/** Hangs up with the first bytes of the body; every eighth time before any came. */
async function abortOne(port: number, index: number): Promise<void> {
  const connection = await open(port)
  connection.send(REQUESTS[index % REQUESTS.length] ?? '')
  if (index % 8 === 7) {
    await new Promise(setImmediate)
    connection.reset()
    return
  }
  const failure = await connection.read('GET', () => connection.reset()).catch((error) => error)
  if (!(failure instanceof BrokenReplyError))
    throw new Error('Expected to hang up', { cause: failure })
}
