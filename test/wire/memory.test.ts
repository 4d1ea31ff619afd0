import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Connection, fetchOnce, open, toRequest } from './client.ts'
import { MIB } from './fixtures.ts'
import { descriptors, forgetPeak, peakBytes, residentBytes } from './processes.ts'
import { FILE_TARGETS, installed, startTargets, stopTargets, type Target } from './targets.ts'
import { eventually } from './wait.ts'

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
const root = mkdtempSync(join(tmpdir(), 'byteserve-memory-'))
const path = join(root, 'huge.mp4')
let targets: Target[] = []

beforeAll(async () => {
  const fd = openSync(path, 'w')
  ftruncateSync(fd, SIZE)
  for (const [at, text] of MARKS) writeSync(fd, text, at)
  closeSync(fd)
  targets = await startTargets(names, root)
}, 60_000)

afterAll(async () => {
  await stopTargets(targets)
  rmSync(root, { recursive: true, force: true })
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

  it('takes no memory in proportion', { timeout: 60_000 }, async () => {
    const { port, pid } = targetOf(name)
    forgetPeak(pid)
    const before = residentBytes(pid)
    let received = 0
    const lines = ['GET /huge.mp4 HTTP/1.1', 'Range: bytes=3758096384-4831838207']
    await fetchOnce(port, lines, (chunk) => {
      received += chunk.length
    })
    const growth = peakBytes(pid) - before
    if (process.env.WT) console.log('>>>', name, 'GiB', Math.round(growth / MIB))
    expect(received).toBe(GIB)
    expect(growth).toBeLessThan(GIB / 4)
  })
})

/** What a stalled reader may hold at the server, in bytes (issues 2 and 4). */
const PER_READER = { 'node-fetch': 256 * KIB, 'node-direct': 128 * KIB }
const READERS = 500

describe.each(['node-fetch', 'node-direct'] as const)('%s', (name) => {
  it(`${READERS} stalled readers`, { timeout: 60_000 }, async () => {
    const { port, pid } = targetOf(name)
    await fetchOnce(port, ['GET /huge.mp4 HTTP/1.1', 'Range: bytes=0-9999999'], () => {})
    const before = residentBytes(pid)
    const readers = await stall(port)
    // One descriptor each, once all were heard.
    await eventually('all to be served', () => (descriptors(pid, path) === READERS ? true : null))
    const after = await settled(() => residentBytes(pid))
    if (process.env.WT)
      console.log('>>>', name, 'per', Math.round((after - before) / READERS / KIB))
    for (const reader of readers) reader.reset()
    expect((after - before) / READERS).toBeLessThanOrEqual(PER_READER[name])
    await eventually('every file to be closed', () => (descriptors(pid, path) === 0 ? true : null))
  })
})

/** Opens downloads and reads nothing of them but what the socket takes by itself. */
async function stall(port: number): Promise<Connection[]> {
  const readers: Connection[] = []
  for (let index = 0; index < READERS; index++) {
    const reader = await open(port)
    reader.send(toRequest(['GET /huge.mp4 HTTP/1.1', `Range: bytes=${index * MIB}-`]))
    readers.push(reader)
  }
  return readers
}

/** A figure once it no longer changes by much. */
function settled(measure: () => number): Promise<number> {
  const recent: number[] = []
  return eventually('the figure to settle', () => {
    recent.push(measure())
    const last = recent.slice(-20)
    const spread = Math.max(...last) - Math.min(...last)
    return last.length === 20 && spread < MIB / 2 ? Math.max(...last) : null
  })
}

function targetOf(name: string): Target & { readonly pid: number } {
  const target = targets.find((one) => one.name === name)
  if (target === undefined || target.pid === null) throw new Error(`${name} does not run`)
  return { ...target, pid: target.pid }
}
