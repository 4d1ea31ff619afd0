import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type HttpFileOptions, httpFile, httpOrigin, OriginError } from '../adapters/http.ts'
import { fileHandler, isSource, readBytes } from '../src/index.ts'
import { someBytes } from './support/counting-source.ts'
import {
  answerTo,
  type Behaviour,
  cuttingAfter,
  type Origin,
  type Part,
  serving,
  startOrigin,
} from './support/faulty-origin.ts'
import { readerOf } from './support/reader.ts'
import { until } from './support/wait.ts'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz'
const FILE = { bytes: new TextEncoder().encode(ALPHABET), etag: '"v1"' }
const WEAK = { ...FILE, etag: 'W/"v1"' }

let origin: Origin
beforeAll(async () => {
  origin = await startOrigin()
})
afterAll(() => origin.stop())

interface Row {
  readonly name: string
  readonly origin: Behaviour
  readonly request?: string
  readonly headers?: Record<string, string>
  readonly options?: HttpFileOptions
  /** Status, Content-Range or another field that matters, and body. */
  readonly answer: readonly [status: number, field: string | null, body: string]
  readonly asked: readonly string[]
}

const good = serving(FILE)
/** Fails on the first request, and then is right. */
function once(fault: (part: Part) => Part): Behaviour {
  let isFirst = true
  return (incoming, outgoing) => {
    const part = answerTo(incoming, FILE)
    const { status, headers, bytes } = isFirst ? fault(part) : part
    isFirst = false
    outgoing.writeHead(status, headers).end(incoming.method === 'HEAD' ? undefined : bytes)
  }
}
/** All of the file, whatever range was asked for. */
const wholeFile = (): Part => ({
  status: 200,
  headers: { etag: '"v1"', 'content-length': '26' },
  bytes: FILE.bytes,
})
const saying = (headers: Record<string, string>) => (part: Part) => {
  return { ...part, headers: { ...part.headers, ...headers } }
}
const status = (status: number, headers: Record<string, string> = {}) => (): Part => {
  return { status, headers: { 'content-length': '4', ...headers }, bytes: Buffer.from('oops') }
}
const all = [200, null, ALPHABET] as const

const ROWS: Row[] = [
  // As it should be: one request
  { name: 'all of a file', origin: good, answer: all, asked: ['GET /f bytes=0-'] },
  {
    name: 'a range',
    origin: good,
    headers: { range: 'bytes=5-9' },
    answer: [206, 'bytes 5-9/26', 'fghij'],
    asked: ['GET /f bytes=5-9'],
  },
  {
    name: 'a suffix',
    origin: good,
    headers: { range: 'bytes=-3' },
    answer: [206, 'bytes 23-25/26', 'xyz'],
    asked: ['GET /f bytes=-3'],
  },
  {
    name: 'a range and preconditions that hold',
    origin: good,
    headers: { range: 'bytes=5-9', 'if-match': '"v1"', 'if-none-match': '"x"', 'if-range': '"v1"' },
    answer: [206, 'bytes 5-9/26', 'fghij'],
    asked: ['GET /f bytes=5-9'],
  },
  {
    name: 'If-None-Match that matches',
    origin: good,
    headers: { 'if-none-match': 'W/"v1"' },
    answer: [304, null, ''],
    asked: ['GET /f bytes=0-'],
  },
  {
    name: 'If-Match that fails',
    origin: good,
    headers: { 'if-match': '"x"', range: 'bytes=5-9' },
    answer: [412, null, ''],
    asked: ['GET /f bytes=5-9'],
  },
  { name: 'HEAD', origin: good, request: 'HEAD', answer: [200, null, ''], asked: ['HEAD /f'] },
  {
    name: 'three ranges',
    origin: good,
    headers: { range: 'bytes=0-1,5-6,-1' },
    answer: [206, null, 'ab fg z'],
    asked: ['GET /f bytes=0-1', 'GET /f bytes=5-6', 'GET /f bytes=25-25'],
  },
  // Two where one can't do
  {
    name: 'a range beyond the end',
    origin: good,
    headers: { range: 'bytes=26-' },
    answer: [416, 'bytes */26', ''],
    asked: ['GET /f bytes=26-', 'HEAD /f'],
  },
  {
    name: 'a suffix of no bytes',
    origin: good,
    headers: { range: 'bytes=-0' },
    answer: [416, 'bytes */26', ''],
    asked: ['HEAD /f'],
  },
  {
    name: 'If-Range that fails',
    origin: good,
    headers: { range: 'bytes=5-9', 'if-range': '"x"' },
    answer: all,
    asked: ['GET /f bytes=5-9', 'GET /f bytes=0-25'],
  },
  {
    name: 'If-Range that fails, from the first byte',
    origin: good,
    headers: { range: 'bytes=0-4', 'if-range': '"x"' },
    answer: all,
    asked: ['GET /f bytes=0-4', 'GET /f bytes=5-25'],
  },
  // An empty file
  ...[undefined, 'bytes=0-', 'bytes=-1'].map((range): Row => ({
    name: `an empty file, ${range ?? 'no range'}`,
    origin: serving({ bytes: new Uint8Array(0), etag: '"e"' }),
    ...(range === undefined ? {} : { headers: { range } }),
    answer: [200, null, ''],
    asked: [`GET /f ${range ?? 'bytes=0-'}`, 'HEAD /f'],
  })),
  {
    name: 'an empty file with a range of no bytes, as MinIO had it',
    origin: serving({ bytes: new Uint8Array(0), etag: '"e"' }, () => ({
      status: 206,
      headers: { 'content-range': 'bytes 0--1/0', 'content-length': '0', etag: '"e"' },
      bytes: new Uint8Array(0),
    })),
    answer: [200, null, ''],
    asked: ['GET /f bytes=0-'],
  },
  // What is not there
  {
    name: 'no such file',
    origin: serving(FILE, status(404)),
    answer: [404, null, ''],
    asked: ['GET /f bytes=0-'],
  },
  {
    name: 'a file that is gone',
    origin: serving(FILE, status(410)),
    answer: [404, null, ''],
    asked: ['GET /f bytes=0-'],
  },
  {
    name: 'a 403 that means 404',
    origin: serving(FILE, status(403)),
    options: { missing: [403] },
    answer: [404, null, ''],
    asked: ['GET /f bytes=0-'],
  },
  {
    name: 'a 403 that means that we may not',
    origin: serving(FILE, status(403)),
    answer: [502, null, 'Expected the file, got status 403\n'],
    asked: ['GET /f bytes=0-'],
  },
  // HEAD is not allowed, as with a presigned URL
  {
    name: 'HEAD where only GET is allowed',
    origin: (incoming, outgoing) => {
      if (incoming.method === 'HEAD') return outgoing.writeHead(403).end()
      return good(incoming, outgoing)
    },
    request: 'HEAD',
    answer: [200, null, ''],
    asked: ['HEAD /f', 'GET /f bytes=0-0'],
  },
  {
    name: 'a range beyond the end where only GET is allowed',
    origin: (incoming, outgoing) => {
      if (incoming.method === 'HEAD') return outgoing.writeHead(403).end()
      return good(incoming, outgoing)
    },
    headers: { range: 'bytes=99-' },
    answer: [416, 'bytes */26', ''],
    asked: ['GET /f bytes=99-', 'HEAD /f', 'GET /f bytes=0-0'],
  },
  {
    name: 'an empty file where only GET is allowed',
    origin: (incoming, outgoing) => {
      if (incoming.method === 'HEAD') return outgoing.writeHead(403).end()
      return serving({ bytes: new Uint8Array(0), etag: '"e"' })(incoming, outgoing)
    },
    answer: [200, null, ''],
    asked: ['GET /f bytes=0-', 'HEAD /f', 'GET /f bytes=0-0'],
  },
  // Ranges are ignored
  {
    name: 'a 200 to the whole file',
    origin: serving(FILE, wholeFile),
    answer: all,
    asked: ['GET /f bytes=0-'],
  },
  {
    name: 'a 200 to a range from the first byte on',
    origin: serving(FILE, wholeFile),
    headers: { range: 'bytes=0-4' },
    answer: [206, 'bytes 0-4/26', 'abcde'],
    asked: ['GET /f bytes=0-4'],
  },
  {
    name: 'a 200 to a suffix that is all of the file',
    origin: serving(FILE, wholeFile),
    headers: { range: 'bytes=-5000' },
    answer: [206, 'bytes 0-25/26', ALPHABET],
    asked: ['GET /f bytes=-5000'],
  },
  {
    name: 'a 200 to any other range',
    origin: serving(FILE, wholeFile),
    headers: { range: 'bytes=5-9' },
    answer: [
      502,
      null,
      'Expected bytes=5-9 of the file, got status 200 without Content-Range\n',
    ],
    asked: ['GET /f bytes=5-9', 'GET /f bytes=5-9', 'GET /f bytes=5-9'],
  },
  {
    name: 'a 200 to a range, once, while a cache is filled',
    origin: once(wholeFile),
    headers: { range: 'bytes=5-9' },
    answer: [206, 'bytes 5-9/26', 'fghij'],
    asked: ['GET /f bytes=5-9', 'GET /f bytes=5-9'],
  },
  {
    name: 'a 200 without a length, which HEAD has',
    origin: serving(FILE, (part) => {
      if (part.status === 200) return part
      return { status: 200, headers: { etag: '"v1"' }, bytes: FILE.bytes }
    }),
    answer: all,
    asked: ['GET /f bytes=0-', 'HEAD /f'],
  },
  {
    name: 'a 200 without a length anywhere',
    origin: serving(FILE, () => ({ status: 200, headers: {}, bytes: FILE.bytes })),
    answer: [502, null, 'Expected the size of the file, got none\n'],
    asked: ['GET /f bytes=0-', 'HEAD /f', 'GET /f bytes=0-0'],
  },
  // Wrong parts
  {
    name: 'the first bytes in place of the last, as s3rver gives them',
    origin: (incoming, outgoing) => {
      const isSuffix = incoming.headers.range?.startsWith('bytes=-')
      if (isSuffix) incoming.headers.range = 'bytes=0-3'
      good(incoming, outgoing)
    },
    headers: { range: 'bytes=-3' },
    answer: [206, 'bytes 23-25/26', 'xyz'],
    asked: ['GET /f bytes=-3', 'GET /f bytes=23-25'],
  },
  {
    name: 'another range than was asked for, always',
    origin: serving(FILE, saying({ 'content-range': 'bytes 1-5/26' })),
    headers: { range: 'bytes=5-9' },
    answer: [502, null, 'Expected bytes=5-9 of the file, got bytes 1-5/26\n'],
    asked: ['GET /f bytes=5-9', 'GET /f bytes=5-9', 'GET /f bytes=5-9'],
  },
  {
    name: 'less than was asked for, as of a server that cuts its answers',
    origin: (incoming, outgoing) => {
      const [, first = ''] = /(\d+)-/.exec(incoming.headers.range ?? '') ?? []
      incoming.headers.range = `bytes=${first}-${Number(first) + 9}`
      good(incoming, outgoing)
    },
    headers: { range: 'bytes=2-' },
    answer: [206, 'bytes 2-25/26', ALPHABET.slice(2)],
    asked: ['GET /f bytes=2-', 'GET /f bytes=12-25', 'GET /f bytes=22-25'],
  },
  {
    name: 'more than was asked for',
    origin: serving(FILE, (part) => ({
      ...part,
      headers: { etag: '"v1"', 'content-length': '21', 'content-range': 'bytes 5-25/26' },
      bytes: FILE.bytes.subarray(5),
    })),
    headers: { range: 'bytes=5-9' },
    answer: [206, 'bytes 5-9/26', 'fghij'],
    asked: ['GET /f bytes=5-9'],
  },
  {
    name: 'a length that is not that of the range',
    origin: once(saying({ 'content-range': 'bytes 5-8/26' })),
    headers: { range: 'bytes=5-9' },
    answer: [206, 'bytes 5-9/26', 'fghij'],
    asked: ['GET /f bytes=5-9', 'GET /f bytes=5-9'],
  },
  {
    name: 'a part of unknown size',
    origin: once(saying({ 'content-range': 'bytes 5-9/*' })),
    headers: { range: 'bytes=5-9' },
    answer: [206, 'bytes 5-9/26', 'fghij'],
    asked: ['GET /f bytes=5-9', 'HEAD /f'],
  },
  {
    name: 'a multipart of one range',
    origin: once((part) => {
      const { 'content-range': _, ...headers } = part.headers
      return { ...part, headers: { ...headers, 'content-type': 'multipart/byteranges; boundary=b' } }
    }),
    headers: { range: 'bytes=5-9' },
    answer: [206, 'bytes 5-9/26', 'fghij'],
    asked: ['GET /f bytes=5-9', 'HEAD /f', 'GET /f bytes=5-9'],
  },
  {
    name: 'a 416 to a suffix longer than the file, as of Swift',
    origin: (incoming, outgoing) => {
      if (incoming.headers.range === 'bytes=-5000') return outgoing.writeHead(416).end()
      return good(incoming, outgoing)
    },
    headers: { range: 'bytes=-5000' },
    answer: [206, 'bytes 0-25/26', ALPHABET],
    asked: ['GET /f bytes=-5000', 'HEAD /f', 'GET /f bytes=0-25'],
  },
  // It is busy, or fails
  ...[408, 429, 500, 502, 503, 504].map((code): Row => ({
    name: `a ${code}, once`,
    origin: once(status(code, { 'retry-after': '0' })),
    answer: all,
    asked: ['GET /f bytes=0-', 'GET /f bytes=0-'],
  })),
  {
    name: 'a 503 for longer than is worth waiting',
    origin: serving(FILE, status(503, { 'retry-after': '77' })),
    answer: [503, '77', 'Expected the file, got status 503\n'],
    asked: ['GET /f bytes=0-'],
  },
  {
    name: 'a 429 without end',
    origin: serving(FILE, status(429, { 'retry-after': '0' })),
    options: { retries: 3 },
    answer: [503, '0', 'Expected the file, got status 429\n'],
    asked: Array(4).fill('GET /f bytes=0-'),
  },
  {
    name: 'a 400',
    origin: serving(FILE, status(400)),
    answer: [502, null, 'Expected the file, got status 400\n'],
    asked: ['GET /f bytes=0-'],
  },
  {
    name: 'a connection that ends before the head, once',
    origin: (() => {
      let isFirst = true
      return (incoming, outgoing) => {
        if (!isFirst) return good(incoming, outgoing)
        isFirst = false
        incoming.socket.destroy()
      }
    })(),
    answer: all,
    asked: ['GET /f bytes=0-', 'GET /f bytes=0-'],
  },
  {
    name: 'silence',
    origin: () => {},
    options: { timeout: 100, retries: 0 },
    answer: [504, null, 'Expected an answer within 100 ms, got none\n'],
    asked: ['GET /f bytes=0-'],
  },
  // Elsewhere
  {
    name: 'a redirect',
    origin: (incoming, outgoing) => {
      if (incoming.url === '/f') return outgoing.writeHead(302, { location: '/g' }).end()
      return good(incoming, outgoing)
    },
    headers: { range: 'bytes=5-9' },
    answer: [206, 'bytes 5-9/26', 'fghij'],
    asked: ['GET /f bytes=5-9', 'GET /g bytes=5-9'],
  },
  // No strong entity tag
  {
    name: 'one range of a file with a weak tag',
    origin: serving(WEAK),
    headers: { range: 'bytes=5-9' },
    answer: [206, 'bytes 5-9/26', 'fghij'],
    asked: ['GET /f bytes=5-9'],
  },
  ...[WEAK, { bytes: FILE.bytes }].map((file): Row => ({
    name: `two ranges of a file with ${file === WEAK ? 'a weak' : 'no'} tag`,
    origin: serving(file),
    headers: { range: 'bytes=0-1,5-6' },
    answer: [
      502,
      null,
      'Expected a strong entity tag, by which to join two responses, got none\n',
    ],
    asked: ['GET /f bytes=0-1'],
  })),
  {
    name: 'two ranges of a file with no tag that never changes',
    origin: serving({ bytes: FILE.bytes }),
    headers: { range: 'bytes=0-1,5-6' },
    options: { immutable: true },
    answer: [206, null, 'ab fg'],
    asked: ['GET /f bytes=0-1', 'GET /f bytes=5-6'],
  },
  {
    name: 'If-Range that fails, of a file with a weak tag',
    origin: serving(WEAK),
    headers: { range: 'bytes=0-4', 'if-range': '"x"' },
    answer: all,
    asked: ['GET /f bytes=0-4', 'GET /f bytes=0-25'],
  },
]

/** The bodies of the parts of a multipart, or the body. */
async function bodyOf(response: Response): Promise<string> {
  const text = await response.text()
  if (!response.headers.get('content-type')?.startsWith('multipart/')) return text
  return Array.from(text.matchAll(/\r\n\r\n(.*?)\r\n--/gs), ([, body]) => body).join(' ')
}

async function ask(
  { request = 'GET', headers = {}, options = {} }: Partial<Row>,
  path = 'f',
): Promise<Response> {
  const lookup = (asked: Request) => httpFile(origin.url + path, asked, options)
  const handler = fileHandler((asked) => lookup(asked as Request), { onError: () => {} })
  return handler(new Request(`http://localhost/${path}`, { method: request, headers }))
}

describe('an origin', () => {
  it.each(ROWS)('$name', async (row) => {
    origin.behave(row.origin)
    const response = await ask(row)
    const { status, headers } = response
    const field = headers.get('content-range') ?? headers.get('retry-after')
    const answer = [status, field, await bodyOf(response)]
    expect({ answer, asked: origin.asked }).toEqual({ answer: row.answer, asked: row.asked })
  })
})
