import { describe, expect, it } from 'vitest'
import { BrokenReplyError, type Failure, fetchOnce, open, toRequest } from '../support/client.ts'
import { summary } from './ask.ts'
import { FILM, FIXTURES, type Fixture, LARGE, makeDirectory, ONE } from './fixtures.ts'
import { serving } from './serving.ts'
import { installed, TARGETS, type TargetName } from './targets.ts'

const names = installed(TARGETS)
const directory = makeDirectory()
const targets = serving(names, directory, FIXTURES)

describe.each(names)('%s', (name) => {
  it('answers requests sent in one go in their order', async () => {
    const expected = [
      [200, '0'],
      [206, summary(LARGE.bytes.subarray(1, 3000001))],
      [200, ''],
      [206, '0000992 '],
      [404, ''],
      [304, ''],
      [206, '0000000 '],
    ]
    const answers = await pipeline([
      toRequest([`GET ${ONE.target} HTTP/1.1`]),
      toRequest([`GET ${LARGE.target} HTTP/1.1`, 'Range: bytes=1-3000000']),
      toRequest([`HEAD ${LARGE.target} HTTP/1.1`]),
      toRequest([`GET ${FILM.target} HTTP/1.1`, 'Range: bytes=-8']),
      toRequest(['GET /missing.mp4 HTTP/1.1']),
      toRequest([`GET ${FILM.target} HTTP/1.1`, 'If-None-Match: *']),
      toRequest([`GET ${FILM.target} HTTP/1.1`, 'Range: bytes=0-7']),
    ])
    expect(answers).toEqual(isPipelined ? expected : expected.slice(0, answers.length))
  })

  it('answers a hundred requests sent in one go', async () => {
    const request = toRequest([`GET ${FILM.target} HTTP/1.1`, 'Range: bytes=8-15'])
    const answers = await pipeline(Array(100).fill(request))
    expect(answers).toEqual(Array(isPipelined ? 100 : answers.length).fill([206, '0000008 ']))
  })

  // Bun ends the connection when more comes while it waits for an answer, now and then.
  const isPipelined = name !== 'bun' && name !== 'bun-stable'

  async function pipeline(requests: string[]): Promise<[status: number, body: string][]> {
    const connection = await open(portOf(name))
    const answers: [number, string][] = []
    connection.send(requests.join(''))
    try {
      for (const request of requests) {
        const { status, body } = await connection.read(request.split(' ')[0])
        answers.push([status, summary(body)])
      }
    } catch (error) {
      if (isPipelined || !(error instanceof BrokenReplyError)) throw error
    } finally {
      connection.reset()
    }
    return answers
  }

  it('answers a request that comes byte by byte', async () => {
    const connection = await open(portOf(name))
    for (const byte of toRequest([`GET ${FILM.target} HTTP/1.1`, 'Range: bytes=8-15'])) {
      connection.send(byte)
      await new Promise(setImmediate)
    }
    const { status, body } = await connection.read()
    connection.reset()
    expect([status, String(body)]).toEqual([206, '0000008 '])
  })

  it('answers others while a hundred requests stop halfway through', async () => {
    const half = `GET ${FILM.target} HTTP/1.1\r\nHost: localhost\r\nRange: byt`
    const slow = await Promise.all(Array.from({ length: 100 }, () => open(portOf(name))))
    for (const connection of slow) connection.send(half)
    const lines = [`GET ${FILM.target} HTTP/1.1`, 'Range: bytes=8-15']
    expect(String((await fetchOnce(portOf(name), lines)).body)).toBe('0000008 ')
    // And these, once they have said the rest.
    for (const connection of slow) connection.send('es=0-7\r\n\r\n')
    for (const connection of slow) {
      expect(String((await connection.read()).body)).toBe('0000000 ')
      connection.reset()
    }
  })

  describe('a body that fails under way', () => {
    // Never as if the body were whole. Bun hangs up, and now and then its end outruns that.
    const ends = sameAs(name) === 'bun' ? ['RST', 'FIN'] : ['FIN']

    it.each([
      '/failing/read',
      '/failing/end',
      '/failing/stream',
      '/failing/short-stream',
      '/failing/long-stream',
    ])('breaks the connection: %s', async (target) => {
      const failure = await fetchOnce(portOf(name), [`GET ${target} HTTP/1.1`]).then(
        ({ body }) => `${body.length} bytes, whole`,
        (error: unknown) => (error instanceof BrokenReplyError ? error.failure : error),
      )
      expect(ends).toContain(failure)
    })
  })

  describe('takes no harm', () => {
    it.each(hostile())('$name', async ({ text, answers }) => {
      const connection = await open(portOf(name))
      connection.send(text)
      const answer = await connection.read().then(
        (reply) => reply.status,
        (error: unknown) => (error instanceof BrokenReplyError ? error.failure : String(error)),
      )
      connection.reset()
      expect(answersOf(name, answers)).toContain(answer)
      expect(await firstBytes()).toBe('0000000 ')
    })

    async function firstBytes(): Promise<string> {
      const lines = [`GET ${FILM.target} HTTP/1.1`, 'Range: bytes=0-7']
      return String((await fetchOnce(portOf(name), lines)).body)
    }
  })
})

/** A status, or how the connection ends; several where that is a race. */
type Answers = number | Failure | readonly (number | Failure)[]

/** Those that differ from the others by an option alone. */
type Runtime = Exclude<TargetName, 'bun-stable' | 'deno-native'>

interface Hostile {
  readonly name: string
  readonly text: string
  /** Of all targets, or of each runtime where they differ, which a comment explains. */
  readonly answers: Answers | Readonly<Record<Runtime, Answers>>
}

function sameAs(name: TargetName): Runtime {
  if (name === 'bun-stable') return 'bun'
  return name === 'deno-native' ? 'deno' : name
}

function answersOf(name: TargetName, answers: Hostile['answers']): readonly unknown[] {
  const own = isByRuntime(answers) ? answers[sameAs(name)] : answers
  return [own].flat()
}

function isByRuntime(answers: Hostile['answers']): answers is Readonly<Record<Runtime, Answers>> {
  return typeof answers === 'object' && 'workerd' in answers
}

/**
 * workerd alone takes a head of this size. Who refuses it need not read it to its end, and then, of
 * Node, RST outruns the 431.
 */
const TOO_LARGE = {
  'node-fetch': [431, 'RST'],
  'node-direct': [431, 'RST'],
  bun: 431,
  deno: 400,
  workerd: 200,
} as const

/** What an HTTP parser refuses: workerd's by a status of its own. */
const NO_HTTP = {
  'node-fetch': 400,
  'node-direct': 400,
  bun: 400,
  deno: 400,
  workerd: 501,
} as const

function hostile(): Hostile[] {
  const range = (value: string, file: Fixture = LARGE) =>
    toRequest([`GET ${file.target} HTTP/1.1`, `Range: bytes=${value}`])
  const line = `GET ${FILM.target} HTTP/1.1\r\nHost: localhost\r\n`
  return [
    { name: '15 kB of 0-0', text: range('0-0,'.repeat(3750)), answers: 200 },
    { name: '15 kB of 0-', text: range('0-,'.repeat(5000)), answers: 200 },
    { name: '15 kB of -1', text: range('-1,'.repeat(5000)), answers: 200 },
    { name: '15 kB of commas', text: range(','.repeat(15_000)), answers: 200 },
    { name: '15 kB of commas and a range', text: range(`${','.repeat(15_000)}0-0`), answers: 206 },
    { name: '15 kB of digits', text: range(`${'1'.repeat(15_000)}-`), answers: 416 },
    { name: '15 kB of zeros', text: range(`0-${'0'.repeat(15_000)}`), answers: 206 },
    { name: '15 kB of spaces', text: range(`0-0,${' '.repeat(15_000)}1`), answers: 200 },
    { name: '16 times all of it', text: range('0-,'.repeat(16)), answers: 200 },
    {
      name: '15 kB of entity tags',
      text: `${line}If-Match: ${'"a",'.repeat(3750)}\r\n\r\n`,
      answers: 412,
    },
    {
      name: '15 kB of an open tag',
      text: `${line}If-Match: "${'a'.repeat(15_000)}\r\n\r\n`,
      answers: 412,
    },
    {
      name: '15 kB of backslashes',
      text: `${line}If-None-Match: "${'\\"'.repeat(7500)}\r\n\r\n`,
      answers: 200,
    },
    {
      name: '15 kB of a date',
      text: `${line}If-Modified-Since: ${'Mon, '.repeat(3000)}\r\n\r\n`,
      answers: 200,
    },
    { name: '100 kB of Range', text: range('0-0,'.repeat(25_000)), answers: TOO_LARGE },
    {
      name: '100 kB of path',
      text: toRequest([`GET /${'a/'.repeat(50_000)} HTTP/1.1`]),
      answers: { ...TOO_LARGE, workerd: 404 },
    },
    {
      name: '3000 fields',
      text: `${line}${'Range: bytes=0-0\r\n'.repeat(3000)}\r\n`,
      answers: TOO_LARGE,
    },
    { name: 'no HTTP', text: 'hello\r\n\r\n', answers: NO_HTTP },
    {
      name: 'TLS',
      text: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',
      answers: NO_HTTP,
    },
    {
      name: 'a relative path',
      text: toRequest(['GET film.mp4 HTTP/1.1']),
      // workerd makes a URL of it only later, and fails then.
      answers: { ...NO_HTTP, workerd: 500 },
    },
    {
      name: 'a folded field',
      text: `${line}Range: bytes=0-0\r\n ,1-1\r\n\r\n`,
      // RFC 9112 §5.2: a server refuses it, or puts spaces in the place of the fold.
      answers: { ...NO_HTTP, workerd: 206 },
    },
    { name: 'a field without a colon', text: `${line}Range\r\n\r\n`, answers: 400 },
    {
      name: 'OPTIONS *',
      text: toRequest(['OPTIONS * HTTP/1.1']),
      // node-fetch and Bun refuse what makes no URL, workerd fails.
      answers: { 'node-fetch': 400, 'node-direct': 204, bun: 400, deno: 204, workerd: 500 },
    },
    {
      name: 'an unknown method',
      text: toRequest(['BREW /film.mp4 HTTP/1.1']),
      // Deno alone leaves it to us.
      answers: { 'node-fetch': 400, 'node-direct': 400, bun: 'FIN', deno: 405, workerd: 501 },
    },
    {
      name: 'a raw backslash',
      text: toRequest(['GET /..\\..\\etc\\passwd HTTP/1.1']),
      // node-fetch refuses what a URL would hold as another path.
      answers: { 'node-fetch': 400, 'node-direct': 404, bun: 404, deno: 404, workerd: 404 },
    },
    {
      name: 'raw UTF-8',
      text: toRequest(['GET /\xc3\xa4.mp4 HTTP/1.1']),
      // No character of a URL (RFC 3986 §2): Node refuses it, to the others it is a name.
      answers: { 'node-fetch': 400, 'node-direct': 400, bun: 404, deno: 404, workerd: 404 },
    },
    {
      name: 'a Host of no host',
      text: 'GET /film.mp4 HTTP/1.1\r\nHost: a b\r\n\r\n',
      // Nobody needs it but who makes a URL of it: Deno gives us one that can't be parsed.
      answers: { 'node-fetch': 400, 'node-direct': 200, bun: 200, deno: 404, workerd: 500 },
    },
    ...['/sub', '/page.html?', '\\sub', '?', '#'].map((path) => ({
      name: `a Host with ${path} behind it`,
      text: `GET /film.mp4 HTTP/1.1\r\nHost: localhost${path}\r\n\r\n`,
      // Whatever the answer, it is not with another file than the request line names.
      answers: { 'node-fetch': 400, 'node-direct': 200, bun: 200, deno: 404, workerd: 500 },
    })),
  ]
}

function portOf(name: TargetName): number {
  const target = targets.one(name)
  if (!target.isAlive()) throw new Error(`${name} does not run`)
  return target.port
}
