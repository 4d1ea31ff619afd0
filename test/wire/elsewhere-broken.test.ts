import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fetchOnce, open, toRequest } from '../support/client.ts'
import {
  answerTo,
  type Behaviour,
  cuttingAfter,
  type Origin,
  type Representation,
  serving,
  startOrigin,
} from '../support/faulty-origin.ts'
import { until } from '../support/wait.ts'
import { summary } from './ask.ts'
import { ELSEWHERE, startElsewhere } from './elsewhere-targets.ts'
import { MIB, pattern } from './fixtures.ts'
import { forgetPeak, peakBytes, residentBytes } from './process-memory.ts'
import { stopTargets, type Target } from './targets.ts'

/*
 * What happens to long bodies of another server, on every runtime. In workerd, bodies are resumed only
 * where that is asked for.
 */

const FILM = { bytes: pattern(24 * MIB), etag: '"film"' }
/** More than all sockets and runtimes between a server and a reader that pauses hold. */
const LONG = { bytes: Buffer.alloc(64 * MIB, pattern(1_000_008)), etag: '"long"' }
const ZIPPED = { bytes: gzipSync(pattern(8 * MIB), { level: 0 }), etag: '"zipped"' }
const REDIRECTS: [string, string, number][] = [
  ['in a circle', '/film.mp4', 6],
  ['to nowhere', 'file:///etc/passwd', 1],
]
const REQUEST = ['GET /film.mp4 HTTP/1.1']
const HUGE = 5 * 1024 * MIB
/** What is asked of it: who kept what passes would keep all of it. */
const MANY = 256 * MIB

/** With a body that goes through workerd untouched. */
const UNTOUCHED = 'workerd, untouched'

// Beside each other, but one test after the other: what the other server does is set by each.
describe.concurrent.each([...ELSEWHERE, UNTOUCHED] as const)('%s', (name) => {
  let origin: Origin
  let target: Target
  beforeAll(async () => {
    origin = await startOrigin()
    const runtime = name === UNTOUCHED ? 'workerd' : name
    const options = name === 'workerd' ? { resume: true } : {}
    target = await startElsewhere(runtime, { http: origin.url, options })
  }, 60_000)
  afterAll(async () => {
    await stopTargets([target])
    origin.stop()
  })

  it.sequential.each([
    ['all', [], 200],
    ['a part', ['Range: bytes=5-1999999'], 206],
  ])('gives %s of what is stored encoded as it is stored', async (_what, lines, status) => {
    origin.behave(serving({ ...ZIPPED, fields: { 'content-encoding': 'gzip' } }))
    const reply = await fetchOnce(target.port, [...REQUEST, ...lines])
    const known = Object.fromEntries(reply.fields.map(([key, value]) => [key.toLowerCase(), value]))
    const expected = status === 200 ? ZIPPED.bytes : ZIPPED.bytes.subarray(5, 2_000_000)
    expect([reply.status, known['content-encoding'], summary(reply.body)]).toEqual([
      status,
      'gzip',
      summary(expected),
    ])
  })

  it.sequential.each(REDIRECTS)('gives up on a redirect %s', async (_what, location, most) => {
    origin.behave((_, outgoing) => outgoing.writeHead(302, { location }).end())
    const { status } = await fetchOnce(target.port, REQUEST)
    expect([status, origin.asked.length]).toEqual([502, most])
  })

  it.sequential('gives every byte of a body cut twenty times', async ({ skip }) => {
    if (name === UNTOUCHED) return skip('it is not resumed')
    origin.behave(cuttingAfter(FILM.bytes.length / 20, FILM))
    const { body } = await fetchOnce(target.port, REQUEST)
    expect(summary(body)).toBe(summary(FILM.bytes))
    expect(origin.asked.length).toBeGreaterThan(20)
  })

  it.sequential('gives every byte to one who pauses until the cut', async ({ skip }) => {
    if (name === UNTOUCHED) return skip('it is not resumed')
    let cuts = 0
    origin.behave(
      impatient(1000, LONG, () => {
        cuts++
      }),
    )
    let received = 0
    let isSame = true
    await fetchOnce(target.port, REQUEST, async (chunk) => {
      if (received === 0) await until(() => cuts > 0)
      isSame &&= chunk.equals(LONG.bytes.subarray(received, received + chunk.length))
      received += chunk.length
    })
    expect({ received, isSame }).toEqual({ received: LONG.bytes.length, isSame: true })
  })

  it.sequential('does not wait for a small body that falls silent', async (test) => {
    const { skip, onTestFinished } = test
    if (name === UNTOUCHED || name === 'deno') return skip('nobody looks at it')
    const small = { bytes: FILM.bytes.subarray(0, 1_000_000), etag: '"small"' }
    origin.behave((incoming, outgoing) => {
      const { status, headers, bytes } = answerTo(incoming, small)
      outgoing.writeHead(status, headers)
      if (bytes.length > 500_000) outgoing.write(bytes.subarray(0, 500_000))
      else outgoing.end(bytes)
    })
    const options = { timeout: 1000, ...(name === 'workerd' && { resume: true }) }
    const impatient = await startElsewhere(name, { http: origin.url, options })
    onTestFinished(() => stopTargets([impatient]))
    // All of it, or visibly not.
    const end = fetchOnce(impatient.port, REQUEST).then(({ body }) => summary(body), String)
    expect([summary(small.bytes), expect.stringMatching(/FIN|RST/)]).toContainEqual(await end)
  })

  it.sequential('lets go of the other server when clients hang up', async () => {
    origin.behave(impatient(60_000, FILM, () => {}))
    const hangUp = async () => {
      const connection = await open(target.port)
      connection.send(toRequest([...REQUEST, 'Range: bytes=1-']))
      await connection.readHead()
      connection.reset()
    }
    for (let i = 0; i < 5; i++) await Promise.all(Array.from({ length: 8 }, hangUp))
    await until(() => origin.connections.size <= 2)
    expect(origin.asked.length).toBe(40)
  })

  it.sequential('lets go of a small body that falls silent once its client is gone', async (test) => {
    if (name !== 'node' && name !== 'node-direct' && name !== 'bun') {
      return test.skip('nobody is told of it')
    }
    let hasStalled = false
    origin.behave((incoming, outgoing) => {
      const small = { bytes: FILM.bytes.subarray(0, 1_000_000), etag: '"small"' }
      const { status, headers, bytes } = answerTo(incoming, small)
      outgoing.writeHead(status, headers).write(bytes.subarray(0, 500_000))
      hasStalled = true
    })
    const connection = await open(target.port)
    connection.send(toRequest(REQUEST))
    await until(() => hasStalled)
    connection.reset()
    await until(() => origin.connections.size === 0)
    expect(origin.asked.length).toBe(1)
  })

  it.sequential('breaks the answer off when the file changes under way', async () => {
    const other = { ...FILM, etag: '"other"' }
    origin.behave((incoming, outgoing) => {
      delete incoming.headers['if-match']
      const isFirst = incoming.headers.range === 'bytes=0-'
      cuttingAfter(8 * MIB, isFirst ? FILM : other)(incoming, outgoing)
    })
    await expect(fetchOnce(target.port, REQUEST)).rejects.toThrow(/FIN|RST/)
  })

  it.sequential('takes no memory in proportion', { timeout: 180_000 }, async ({ skip }) => {
    const { pid } = target
    if (pid === null) return skip('it has no process of its own')
    origin.behave(endless)
    const lines = [...REQUEST, `Range: bytes=0-${MANY - 1}`]
    await fetchOnce(target.port, [...REQUEST, `Range: bytes=0-${64 * MIB - 1}`], () => {})
    forgetPeak(pid)
    const before = residentBytes(pid)
    let received = 0
    await fetchOnce(target.port, lines, (chunk) => {
      received += chunk.length
    })
    expect(received).toBe(MANY)
    expect(peakBytes(pid) - before).toBeLessThan(MANY / 2)
  })
})

/** Gives a file at the pace of its reader, and cuts one off that does not read for so many ms. */
function impatient(ms: number, file: Representation, tell: () => void): Behaviour {
  return async (incoming, outgoing) => {
    const { status, headers, bytes } = answerTo(incoming, file)
    outgoing.writeHead(status, headers)
    for (let at = 0; at < bytes.length && !outgoing.destroyed; at += MIB) {
      if (outgoing.write(bytes.subarray(at, at + MIB))) continue
      if (await drained(outgoing, ms)) continue
      tell()
      return outgoing.destroy()
    }
    outgoing.end()
  }
}

async function drained(outgoing: ServerResponse, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (isDrained: boolean) => {
      clearTimeout(timer)
      outgoing.off('drain', goOn).off('close', goOn)
      resolve(isDrained)
    }
    const goOn = () => end(true)
    const timer = setTimeout(end, ms, false)
    outgoing.on('drain', goOn).on('close', goOn)
  })
}

const ZEROS = Buffer.alloc(MIB)

/** A file of 5 GiB. */
const endless: Behaviour = async ({ headers }, outgoing) => {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? []
  const [start, end] = [Number(first), Number(last) + 1]
  outgoing.writeHead(206, {
    etag: '"huge"',
    'content-length': end - start,
    'content-range': `bytes ${start}-${end - 1}/${HUGE}`,
  })
  for (let left = end - start; left > 0 && !outgoing.destroyed; left -= MIB) {
    if (!outgoing.write(ZEROS.subarray(0, left))) await drained(outgoing, 60_000)
  }
  outgoing.end()
}
