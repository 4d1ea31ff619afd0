import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Connection, fetchOnce, open, toRequest } from '../support/client.ts'
import { openHandles } from '../support/handles.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { eventually, until } from '../support/wait.ts'
import { MIB } from './fixtures.ts'
import { forgetPeak, peakBytes, residentBytes } from './process-memory.ts'
import { serving } from './serving.ts'
import {
  FILE_TARGETS,
  installed,
  startTargets,
  stopTargets,
  type Target,
  type TargetName,
} from './targets.ts'

const KIB = 1024
const GIB = 1024 * MIB
const SIZE = 5 * GIB

/** What stands in the sparse file, and where. */
const MARKS = [
  [2 ** 31 - 4, 'at 2^31'],
  [2 ** 32 - 4, 'at 2^32!'],
  [SIZE - 7, 'the end'],
] as const

const names = installed(FILE_TARGETS)
const root = temporaryDirectory()
const path = join(root, 'huge.mp4')
const targets = serving(names, root)

beforeAll(() => {
  const fd = openSync(path, 'w')
  ftruncateSync(fd, SIZE)
  for (const [at, text] of MARKS) writeSync(fd, text, at)
  closeSync(fd)
})

describe.each(names)('%s: a file of 5 GiB', (name) => {
  it.each([
    ['bytes=2147483644-2147483650', 'bytes 2147483644-2147483650/5368709120', 'at 2^31'],
    ['bytes=4294967292-4294967299', 'bytes 4294967292-4294967299/5368709120', 'at 2^32!'],
    ['bytes=4294967296-4294967297', 'bytes 4294967296-4294967297/5368709120', '^3'],
    ['bytes=5368709113-', 'bytes 5368709113-5368709119/5368709120', 'the end'],
    ['bytes=-3', 'bytes 5368709117-5368709119/5368709120', 'end'],
  ])('%s', async (range, contentRange, text) => {
    const lines = ['GET /huge.mp4 HTTP/1.1', `Range: ${range}`]
    const { status, fields, body } = await fetchOnce(targetOf(name).port, lines)
    const sent = fields.find(([field]) => field.toLowerCase() === 'content-range')?.[1]
    expect([status, sent, String(body)]).toEqual([206, contentRange, text])
  })

  it('two parts beyond 2^32', async () => {
    const lines = ['GET /huge.mp4 HTTP/1.1', 'Range: bytes=4294967292-4294967299,-7']
    const { status, body } = await fetchOnce(targetOf(name).port, lines)
    const parts = String(body).split('\r\n')
    expect([status, parts.filter((line) => /^at|^the/.test(line))]).toEqual([
      206,
      ['at 2^32!', 'the end'],
    ])
  })

  it('takes no memory in proportion', { timeout: 120_000 }, async () => {
    const { port, pid } = targetOf(name)
    forgetPeak(pid)
    const before = residentBytes(pid)
    let received = 0
    const lines = ['GET /huge.mp4 HTTP/1.1', 'Range: bytes=4160749568-4429185023']
    await fetchOnce(port, lines, (chunk) => {
      received += chunk.length
    })
    const growth = peakBytes(pid) - before
    expect(received).toBe(GIB / 4)
    // Who kept what passes would keep all of it.
    expect(growth).toBeLessThan((3 * GIB) / 16)
  })
})

/**
 * What a stalled reader may cost the server, in bytes: what it reads into, the socket's objects and,
 * under Fetch, chunks that have left and wait for a collection: up to half of it.
 */
const MOST = { 'node-fetch': 256 * KIB, 'node-direct': 160 * KIB }
/** V8's young generation grows by what passes through, on Node 24 to over 100 MB: not the readers'. */
const YOUNG = '--max-semi-space-size=2'
const READERS = 500
const LONG = ['GET /huge.mp4 HTTP/1.1', 'Range: bytes=0-9999999']

/** Before the last is answered, the others have filled their sockets: some 2 GB, in ms. */
const PATIENCE = 60_000

// What waits for a collection, and what malloc keeps, only ever adds, up to 100 KiB for each: so the
// least of three runs counts.
const PATIENT = { timeout: 120_000, retry: 2 }

describe.each(['node-fetch', 'node-direct'] as const)('%s', (name) => {
  it(`${READERS} stalled readers`, PATIENT, async () => {
    vi.stubEnv('NODE_OPTIONS', YOUNG)
    onTestFinished(() => void vi.unstubAllEnvs())
    const [target] = await startTargets([name], root)
    const { port, pid } = expectProcess(target)
    onTestFinished(() => stopTargets(target === undefined ? [] : [target]))
    await fetchOnce(port, LONG, () => {})
    const before = residentBytes(pid)
    const readers = await stall(port)
    const served = () => openHandles(path, pid)
    expect(served()).toBe(1)
    // As to a server that goes on serving: what has left before is collected by then.
    for (let i = 0; i < 10; i++) await fetchOnce(port, LONG, () => {})
    const after = await settled(() => residentBytes(pid))
    for (const reader of readers) reader.reset()
    await until(() => served() === 0)
    expect((after - before) / READERS).toBeLessThanOrEqual(MOST[name])
  })
})

/** Begins downloads, and reads nothing of them but the first chunk and what the sockets take. */
async function stall(port: number): Promise<Connection[]> {
  const readers: Connection[] = []
  const begun: Promise<void>[] = []
  for (let index = 0; index < READERS; index++) {
    const reader = await open(port, PATIENCE)
    reader.send(toRequest(['GET /huge.mp4 HTTP/1.1', `Range: bytes=${index * MIB}-`]))
    readers.push(reader)
    begun.push(begin(reader))
  }
  await Promise.all(begun)
  return readers
}

function begin(reader: Connection): Promise<void> {
  return new Promise((resolve, reject) => {
    const take = () => {
      resolve()
      return new Promise<never>(() => {})
    }
    reader.read('GET', take).catch(reject)
  })
}

/** A figure once it no longer changes by much. */
function settled(measure: () => number): Promise<number> {
  const recent: number[] = []
  return eventually('the figure to settle', () => {
    recent.push(measure())
    const last = recent.slice(-100)
    const spread = Math.max(...last) - Math.min(...last)
    return last.length === 100 && spread < MIB / 2 ? Math.max(...last) : null
  })
}

function targetOf(name: TargetName): Target & { readonly pid: number } {
  return expectProcess(targets.one(name))
}

function expectProcess(target: Target | undefined): Target & { readonly pid: number } {
  if (target === undefined || target.pid === null) throw new Error('Expected a process, got none')
  return { ...target, pid: target.pid }
}
