import { once as nodeOnce } from 'node:events'
import { type IncomingMessage, request as send } from 'node:http'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  type HttpFileOptions,
  httpFile,
  httpOrigin,
  httpTree,
  OriginError,
  type StoredFetch,
} from '../adapters/http.ts'
import { fileHandler, isSource, readBytes, SourceChangedError } from '../src/index.ts'
import { describeHttp } from './contract/http.ts'
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
const status =
  (status: number, headers: Record<string, string> = {}) =>
  (): Part => {
    return { status, headers: { 'content-length': '4', ...headers }, bytes: Buffer.from('oops') }
  }
/** Does something else with whatever has a Range, and is right without. */
const refusing = (refuse: (part: Part) => Part): Behaviour => {
  const refused = serving(FILE, refuse)
  return (incoming, outgoing) => {
    return (incoming.headers.range === undefined ? good : refused)(incoming, outgoing)
  }
}
/** Says of a file by HEAD that it is empty, as one that runs GET and drops what that writes. */
const emptyByHead = (get: Behaviour): Behaviour => {
  return (incoming, outgoing) => {
    if (incoming.method !== 'HEAD') return get(incoming, outgoing)
    return outgoing.writeHead(200, { etag: '"v1"', 'content-length': '0' }).end()
  }
}
/** Knows no length before it has written the last byte. */
const withoutLength = (bytes: Uint8Array): Behaviour => {
  return serving(FILE, () => ({ status: 200, headers: { etag: '"v1"' }, bytes }))
}
/** Fails at HEAD alone. */
const failingAtHead = (code: number): Behaviour => {
  const failed = serving(FILE, status(code))
  return (incoming, outgoing) => (incoming.method === 'HEAD' ? failed : good)(incoming, outgoing)
}
/** Tells no length by HEAD. */
const silentAtHead = (get: Behaviour): Behaviour => {
  return (incoming, outgoing) => {
    if (incoming.method !== 'HEAD') return get(incoming, outgoing)
    outgoing.writeHead(200, { etag: '"v1"', 'transfer-encoding': 'chunked' }).end()
  }
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
    asked: ['GET /f bytes=0-6', 'GET /f bytes=7-25'],
  },
  {
    name: 'ranges in any order, some beyond the end',
    origin: good,
    headers: { range: 'bytes=99-,5-6,8-9,0-1,20-20,-2' },
    answer: [206, null, 'fg ij ab u yz'],
    asked: ['GET /f bytes=99-', 'HEAD /f', 'GET /f bytes=0-25'],
  },
  {
    name: 'one range twice',
    origin: good,
    headers: { range: 'bytes=0-1,0-1' },
    answer: [206, null, 'ab ab'],
    asked: ['GET /f bytes=0-1'],
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
  ...[undefined, 'bytes=0-', 'bytes=-1'].map(
    (range): Row => ({
      name: `an empty file, ${range ?? 'no range'}`,
      origin: serving({ bytes: new Uint8Array(0), etag: '"e"' }),
      ...(range === undefined ? {} : { headers: { range } }),
      answer: [200, null, ''],
      asked: [`GET /f ${range ?? 'bytes=0-'}`, 'HEAD /f'],
    }),
  ),
  {
    name: 'an empty file with a range of no bytes, as MinIO had it',
    origin: serving({ bytes: new Uint8Array(0), etag: '"e"' }, () => ({
      status: 206,
      headers: { 'content-range': 'bytes 0--1/0', 'content-length': '0', etag: '"e"' },
      bytes: new Uint8Array(0),
    })),
    answer: [200, null, ''],
    asked: ['GET /f bytes=0-', 'GET /f'],
  },
  {
    name: 'a part, of a file that is said to have no bytes',
    origin: serving(FILE, (part) =>
      part.status === 206 ? saying({ 'content-range': 'bytes 0-9/0' })(part) : part,
    ),
    headers: { range: 'bytes=0-9' },
    answer: [502, null, 'Expected bytes=0-9 of the file, got bytes 0-9/0\n'],
    asked: ['GET /f bytes=0-9', 'HEAD /f', 'GET /f bytes=0-9', 'GET /f bytes=0-9'],
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
    asked: ['GET /f bytes=0-', 'HEAD /f', 'GET /f bytes=0-0', 'GET /f'],
  },
  {
    name: 'an empty file where only GET is allowed, as nginx has it',
    origin: (incoming, outgoing) => {
      if (incoming.method === 'HEAD') return outgoing.writeHead(403).end()
      return outgoing.writeHead(416, { 'content-range': 'bytes */0' }).end()
    },
    answer: [200, null, ''],
    asked: ['GET /f bytes=0-', 'HEAD /f', 'GET /f bytes=0-0'],
  },
  {
    name: 'an empty file of which nothing tells the length',
    origin: silentAtHead((incoming, outgoing) => {
      outgoing.writeHead(incoming.headers.range === undefined ? 200 : 416).end()
    }),
    answer: [200, null, ''],
    asked: ['GET /f bytes=0-', 'HEAD /f', 'GET /f bytes=0-0', 'GET /f'],
  },
  ...['bytes=0-0', 'bytes=5-9', undefined].map(
    (range): Row => ({
      name: `a 416 with the size to ${range}, where HEAD says that the file is empty`,
      origin: emptyByHead(refusing(status(416, { 'content-range': 'bytes */26' }))),
      headers: range === undefined ? {} : { range },
      answer: [502, null, 'Expected the size of the file, got none\n'],
      asked: [`GET /f ${range ?? 'bytes=0-'}`, 'HEAD /f', 'GET /f bytes=0-0'],
    }),
  ),
  ...[
    [403, { 'content-length': '1' }],
    [405, { 'transfer-encoding': 'chunked' }],
    [501, {}],
  ].map(
    ([code, told]): Row => ({
      name: `a 206 that says '/0' of one byte, where HEAD is a ${code}`,
      origin: (incoming, outgoing) => {
        if (incoming.method === 'HEAD') return outgoing.writeHead(Number(code)).end()
        const headers = { etag: '"v1"', 'content-range': 'bytes 0-0/0', ...Object(told) }
        return outgoing.writeHead(206, headers).end('a')
      },
      headers: { range: 'bytes=0-0' },
      answer: [502, null, 'Expected the size of the file, got none\n'],
      asked: ['GET /f bytes=0-0', 'HEAD /f', 'GET /f bytes=0-0'],
    }),
  ),
  {
    name: 'an empty file of which a 206 says one byte, as of s3rver',
    origin: emptyByHead((_, outgoing) => {
      const told = { etag: '"v1"', 'content-range': 'bytes 0-0/0', 'content-length': '1' }
      outgoing.writeHead(206, told).flushHeaders()
    }),
    headers: { range: 'bytes=0-0' },
    answer: [200, null, ''],
    asked: ['GET /f bytes=0-0', 'HEAD /f', 'GET /f bytes=0-0'],
  },
  // HEAD says that the file is empty
  {
    name: 'a HEAD of no bytes',
    origin: emptyByHead(good),
    request: 'HEAD',
    answer: [200, null, ''],
    asked: ['HEAD /f'],
  },
  {
    name: 'a suffix of no bytes where HEAD says that there are none',
    origin: emptyByHead(good),
    headers: { range: 'bytes=-0' },
    answer: [416, 'bytes */26', ''],
    asked: ['HEAD /f', 'GET /f bytes=0-0'],
  },
  {
    name: 'a range beyond the end where HEAD says that there are no bytes',
    origin: emptyByHead(good),
    headers: { range: 'bytes=99-' },
    answer: [416, 'bytes */26', ''],
    asked: ['GET /f bytes=99-', 'HEAD /f', 'GET /f bytes=0-0'],
  },
  {
    name: 'a file without a length, of which HEAD says that it is empty',
    origin: emptyByHead(withoutLength(FILE.bytes)),
    answer: [502, null, 'Expected the size of the file, got none\n'],
    asked: ['GET /f bytes=0-', 'HEAD /f', 'GET /f bytes=0-0'],
  },
  {
    name: 'an empty file without a length, of which HEAD says that it is',
    origin: emptyByHead(withoutLength(new Uint8Array(0))),
    answer: [200, null, ''],
    asked: ['GET /f bytes=0-', 'HEAD /f', 'GET /f bytes=0-0'],
  },
  // HEAD fails
  {
    name: 'a 500 to HEAD alone',
    origin: failingAtHead(500),
    request: 'HEAD',
    options: { retries: 1 },
    answer: [200, null, ''],
    asked: ['HEAD /f', 'HEAD /f', 'GET /f bytes=0-0'],
  },
  {
    name: 'a 500 to HEAD and GET',
    origin: serving(FILE, status(500)),
    request: 'HEAD',
    options: { retries: 1 },
    answer: [503, '1', ''],
    asked: ['HEAD /f', 'HEAD /f', 'GET /f bytes=0-0'],
  },
  ...[429, 503].map(
    (code): Row => ({
      name: `a ${code} to HEAD alone`,
      origin: failingAtHead(code),
      request: 'HEAD',
      options: { retries: 1 },
      answer: [503, '1', ''],
      asked: ['HEAD /f', 'HEAD /f'],
    }),
  ),
  // Ranges are refused
  ...[400, 406].flatMap((code): Row[] => [
    {
      name: `a ${code} to any range`,
      origin: refusing(status(code)),
      answer: all,
      asked: ['GET /f bytes=0-', 'GET /f'],
    },
    {
      name: `a ${code} to any range, and one from the first byte on`,
      origin: refusing(status(code)),
      headers: { range: 'bytes=0-' },
      answer: [206, 'bytes 0-25/26', ALPHABET],
      asked: ['GET /f bytes=0-', 'GET /f'],
    },
  ]),
  {
    name: 'a 406 to any range, and one that is not from the first byte on',
    origin: refusing(status(406)),
    headers: { range: 'bytes=5-9' },
    answer: [502, null, 'Expected the file, got status 406\n'],
    asked: ['GET /f bytes=5-9'],
  },
  ...[
    'bytes 0-/26',
    'bytes=0-25/26',
    'bytes  0-25/26',
    'bytes: 0-25/26',
    '0-25/26',
    'bytes 0-25',
    'bytes 0-5/26',
    '',
  ].map(
    (told): Row => ({
      name: `all of a file, as '${told}'`,
      origin: refusing(saying({ 'content-range': told })),
      answer: all,
      asked: ['GET /f bytes=0-', 'GET /f'],
    }),
  ),
  {
    name: 'all of a file of unknown size',
    origin: refusing(saying({ 'content-range': 'bytes 0-25/*' })),
    answer: all,
    asked: ['GET /f bytes=0-', 'HEAD /f'],
  },
  {
    name: 'a 416 to any range',
    origin: refusing(status(416)),
    answer: [502, null, 'Expected a part of the file, got status 416\n'],
    asked: ['GET /f bytes=0-', 'HEAD /f', 'GET /f bytes=0-25'],
  },
  {
    name: 'a 416 to any range, with the size',
    origin: refusing(status(416, { 'content-range': 'bytes */26' })),
    answer: [502, null, 'Expected a part of the file, got status 416\n'],
    asked: ['GET /f bytes=0-', 'HEAD /f', 'GET /f bytes=0-25'],
  },
  {
    name: 'a 416 to any range, with another size: it has changed',
    origin: refusing(status(416, { 'content-range': 'bytes */4' })),
    answer: [503, '1', ''],
    asked: ['GET /f bytes=0-', 'HEAD /f', 'GET /f bytes=0-25'],
  },
  {
    name: 'a 416 to any range, with the size, that HEAD does not tell: it is not empty',
    origin: silentAtHead(refusing(status(416, { 'content-range': 'bytes */26' }))),
    answer: [502, null, 'Expected the size of the file, got none\n'],
    asked: ['GET /f bytes=0-', 'HEAD /f', 'GET /f bytes=0-0'],
  },
  {
    name: 'a 416 to any range, where HEAD tells no size: it is not empty',
    origin: silentAtHead(refusing(status(416))),
    answer: [502, null, 'Expected a part of the file, got status 416\n'],
    asked: ['GET /f bytes=0-', 'HEAD /f', 'GET /f bytes=0-0', 'GET /f', 'GET /f bytes=0-25'],
  },
  {
    name: 'an empty file whose 416 does not tell the size, nor HEAD',
    origin: silentAtHead((incoming, outgoing) => {
      if (incoming.headers.range !== undefined) outgoing.writeHead(416).end()
      else outgoing.writeHead(200, { etag: '"v1"', 'content-length': '0' }).end()
    }),
    answer: [200, null, ''],
    asked: ['GET /f bytes=0-', 'HEAD /f', 'GET /f bytes=0-0', 'GET /f'],
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
    answer: [502, null, 'Expected bytes=5-9 of the file, got status 200 without Content-Range\n'],
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
    name: 'a part of another unit',
    origin: serving(FILE, saying({ 'content-range': 'items 5-9/26' })),
    headers: { range: 'bytes=5-9' },
    answer: [502, null, 'Expected bytes=5-9 of the file, got items 5-9/26\n'],
    asked: ['GET /f bytes=5-9', 'HEAD /f', 'GET /f bytes=5-9', 'GET /f bytes=5-9'],
  },
  {
    name: 'a part whose unit is in capitals (RFC 9110 §14.1)',
    origin: serving(FILE, saying({ 'content-range': 'BYTES 5-9/26' })),
    headers: { range: 'bytes=5-9' },
    answer: [206, 'bytes 5-9/26', 'fghij'],
    asked: ['GET /f bytes=5-9'],
  },
  {
    name: 'a part of more bytes than there can be',
    origin: once(saying({ 'content-range': `bytes 5-9/${'9'.repeat(20)}` })),
    headers: { range: 'bytes=5-9' },
    answer: [206, 'bytes 5-9/26', 'fghij'],
    asked: ['GET /f bytes=5-9', 'HEAD /f', 'GET /f bytes=5-9'],
  },
  {
    name: 'two places for a part',
    origin: once(saying({ 'content-range': 'bytes 5-9/26, bytes 5-9/26' })),
    headers: { range: 'bytes=5-9' },
    answer: [206, 'bytes 5-9/26', 'fghij'],
    asked: ['GET /f bytes=5-9', 'HEAD /f', 'GET /f bytes=5-9'],
  },
  {
    name: 'a 206 to HEAD, which has no range',
    origin: (incoming, outgoing) => {
      incoming.headers.range ??= 'bytes=0-'
      incoming.method = 'GET'
      const { status, headers } = answerTo(incoming, FILE)
      outgoing.writeHead(status, headers).end()
    },
    request: 'HEAD',
    answer: [200, null, ''],
    asked: ['HEAD /f'],
  },
  ...[203, 204, 205, 226, 300, 304, 401].map(
    (code): Row => ({
      name: `a ${code}`,
      origin: (_, outgoing) => {
        const fields = { location: '/g', 'www-authenticate': 'Basic realm="r"' }
        outgoing.writeHead(code, fields).end()
      },
      answer: [502, null, `Expected the file, got status ${code}\n`],
      asked: ['GET /f bytes=0-'],
    }),
  ),
  {
    name: 'a 103 before the answer',
    origin: (incoming, outgoing) => {
      outgoing.writeEarlyHints({ link: '</style.css>; rel=preload' })
      good(incoming, outgoing)
    },
    answer: all,
    asked: ['GET /f bytes=0-'],
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
      return {
        ...part,
        headers: { ...headers, 'content-type': 'multipart/byteranges; boundary=b' },
      }
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
  ...[408, 429, 500, 502, 503, 504].map(
    (code): Row => ({
      name: `a ${code}, once`,
      origin: once(status(code, { 'retry-after': '0' })),
      answer: all,
      asked: ['GET /f bytes=0-', 'GET /f bytes=0-'],
    }),
  ),
  ...['soon', '-5', '1.5', '0x10', '9'.repeat(20), 'Fri, 01 Jan 2199 00:00:00 GMT', '<b>'].map(
    (retryAfter): Row => ({
      name: `a 503 with ${retryAfter} for Retry-After`,
      origin: serving(FILE, status(503, { 'retry-after': retryAfter })),
      options: { retries: 0 },
      answer: [503, '1', 'Expected the file, got status 503\n'],
      asked: ['GET /f bytes=0-'],
    }),
  ),
  {
    name: 'a 503 until a date',
    origin: serving(FILE, status(503, { 'retry-after': 'Tue, 01 Jan 2199 00:00:00 GMT' })),
    answer: [503, 'Tue, 01 Jan 2199 00:00:00 GMT', 'Expected the file, got status 503\n'],
    asked: ['GET /f bytes=0-'],
  },
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
    name: 'no answer, as often as was asked for',
    origin: (incoming) => incoming.socket.destroy(),
    options: { retries: 4 },
    answer: [503, '1', expect.stringMatching(/^Expected an answer, got \w+\n$/)],
    asked: Array(5).fill('GET /f bytes=0-'),
  },
  {
    name: 'a 400',
    origin: serving(FILE, status(400)),
    answer: [502, null, 'Expected the file, got status 400\n'],
    asked: ['GET /f bytes=0-', 'GET /f'],
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
    options: { timeout: 1000, retries: 1 },
    answer: [504, null, 'Expected an answer within 1000 ms, got none\n'],
    asked: ['GET /f bytes=0-', 'GET /f bytes=0-'],
  },
  {
    name: 'an answer, for which is waited as long as a timer can',
    origin: good,
    options: { timeout: 2 ** 31 - 1 },
    answer: all,
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
  ...[
    ['in UTF-8', Buffer.from('/ü').toString('latin1')],
    ['in Latin-1', '/ü'],
    ['encoded', '/%C3%BC'],
  ].map(
    ([how, location]): Row => ({
      name: `a redirect to a name that is ${how}`,
      origin: (incoming, outgoing) => {
        if (incoming.url === '/f') return outgoing.writeHead(302, { location }).end()
        return good(incoming, outgoing)
      },
      answer: all,
      asked: ['GET /f bytes=0-', 'GET /%C3%BC bytes=0-'],
    }),
  ),
  ...[301, 302, 303, 307, 308].map(
    (code): Row => ({
      name: `a ${code} that leads in a circle`,
      origin: (_, outgoing) => outgoing.writeHead(code, { location: '/f' }).end(),
      answer: [502, null, 'Expected the file, got more than 5 redirects\n'],
      asked: Array(6).fill('GET /f bytes=0-'),
    }),
  ),
  {
    name: 'five redirects',
    origin: (incoming, outgoing) => {
      const next = `${incoming.url}f`
      if (next.length > 7) return good(incoming, outgoing)
      return outgoing.writeHead(307, { location: next }).end('over there')
    },
    request: 'HEAD',
    answer: [200, null, ''],
    asked: ['HEAD /f', 'HEAD /ff', 'HEAD /fff', 'HEAD /ffff', 'HEAD /fffff', 'HEAD /ffffff'],
  },
  ...['file:///etc/passwd', 'data:,abc', 'http://', 'ftp://h/f', 'http://user:pass@h/f'].map(
    (location): Row => ({
      name: `a redirect to ${location}`,
      origin: (_, outgoing) => outgoing.writeHead(302, { location }).end(),
      answer: [502, null, 'Expected the file, got a redirect to nowhere\n'],
      asked: ['GET /f bytes=0-'],
    }),
  ),
  {
    name: 'a redirect without a target',
    origin: serving(FILE, status(302)),
    answer: [502, null, 'Expected the file, got status 302\n'],
    asked: ['GET /f bytes=0-'],
  },
  // No strong entity tag
  ...['v1', '"v1", "v1"', '"v1', "'v1'", 'W/v1', '"v\u00ff" x'].map(
    (etag): Row => ({
      name: `two ranges of a file with ${etag} for a tag`,
      origin: serving({ ...FILE, etag }),
      headers: { range: 'bytes=0-1,5-6' },
      answer: [
        502,
        null,
        'Expected a strong entity tag, by which to join two responses, got none\n',
      ],
      asked: ['GET /f bytes=0-6'],
    }),
  ),
  {
    name: 'one range of a file with a weak tag',
    origin: serving(WEAK),
    headers: { range: 'bytes=5-9' },
    answer: [206, 'bytes 5-9/26', 'fghij'],
    asked: ['GET /f bytes=5-9'],
  },
  ...[WEAK, { bytes: FILE.bytes }].map(
    (file): Row => ({
      name: `two ranges of a file with ${file === WEAK ? 'a weak' : 'no'} tag`,
      origin: serving(file),
      headers: { range: 'bytes=0-1,5-6' },
      answer: [
        502,
        null,
        'Expected a strong entity tag, by which to join two responses, got none\n',
      ],
      asked: ['GET /f bytes=0-6'],
    }),
  ),
  {
    name: 'two ranges of a file with no tag that never changes',
    origin: serving({ bytes: FILE.bytes }),
    headers: { range: 'bytes=0-1,5-6' },
    options: { immutable: true },
    answer: [206, null, 'ab fg'],
    asked: ['GET /f bytes=0-6'],
  },
  // Where one response will do, no tag is needed
  ...[
    ['more than there is', { range: 'bytes=0-,0-' }, all, ['GET /f bytes=0-']],
    [
      'too many',
      { range: `bytes=0-0${',0-0'.repeat(1000)}` },
      all,
      ['GET /f bytes=0-0', 'GET /f bytes=0-25'],
    ],
    [
      'one beyond the end',
      { range: 'bytes=0-1,99-' },
      [206, 'bytes 0-1/26', 'ab'],
      ['GET /f bytes=0-'],
    ],
    [
      'none by If-None-Match',
      { range: 'bytes=0-1,5-6', 'if-none-match': 'W/"v1"' },
      [304, null, ''],
      ['GET /f bytes=0-6'],
    ],
    [
      'none by If-Match',
      { range: 'bytes=0-1,5-6', 'if-match': 'W/"v1"' },
      [412, null, ''],
      ['GET /f bytes=0-6'],
    ],
    [
      'all by If-Range',
      { range: 'bytes=0-1,5-6', 'if-range': 'W/"v1"' },
      all,
      ['GET /f bytes=0-6', 'GET /f bytes=0-25'],
    ],
  ].map(
    ([what, headers, answer, asked]): Row =>
      ({ name: `several ranges, ${what}`, origin: serving(WEAK), headers, answer, asked }) as Row,
  ),
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
  // As a host passes it on: without Host, Node's runs HTTP/2.
  const fields = { host: 'localhost', ...headers }
  return handler(new Request(`http://localhost/${path}`, { method: request, headers: fields }))
}

describeHttp()

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

describe('a body that breaks off', () => {
  const large = { bytes: someBytes(3 * 1024 * 1024 + 7), etag: '"large"' }
  const isResumed = ({ headers }: IncomingMessage) => headers.range !== 'bytes=0-'
  const cutOften = () => cuttingAfter(large.bytes.length / 20, large)

  it('is resumed where it did, twenty times', async () => {
    origin.behave(cutOften())
    const response = await ask({})
    expect(Buffer.compare(await response.bytes(), large.bytes)).toBe(0)
    expect(origin.asked.length).toBeGreaterThan(20)
  })

  it('is resumed in a range', async () => {
    origin.behave(cutOften())
    const response = await ask({ headers: { range: 'bytes=7-2999999' } })
    const same = Buffer.compare(await response.bytes(), large.bytes.subarray(7, 3_000_000))
    expect([response.status, same]).toEqual([206, 0])
  })

  it('is resumed if it is short, whatever its length said', async () => {
    origin.behave((incoming, outgoing) => {
      const { status, headers, bytes } = answerTo(incoming, large)
      const { 'content-length': _, ...others } = headers
      outgoing.writeHead(status, others).end(bytes.subarray(0, 500_000))
    })
    const response = await ask({})
    expect(Buffer.compare(await response.bytes(), large.bytes)).toBe(0)
  })

  it('is resumed when it falls silent', async () => {
    origin.behave((incoming, outgoing) => {
      const { status, headers, bytes } = answerTo(incoming, large)
      outgoing.writeHead(status, headers)
      if (bytes.length > 1_000_000) outgoing.write(bytes.subarray(0, 1_000_000))
      else outgoing.end(bytes)
    })
    const response = await ask({ options: { timeout: 200 } })
    expect(Buffer.compare(await response.bytes(), large.bytes)).toBe(0)
  })

  it('breaks off the answer when the file has changed', async () => {
    const other = { bytes: someBytes(large.bytes.length, 9), etag: '"other"' }
    origin.behave((incoming, outgoing) => {
      cuttingAfter(1_000_000, isResumed(incoming) ? other : large)(incoming, outgoing)
    })
    const response = await ask({})
    await expect(response.bytes()).rejects.toThrow('/f changed while it was being served')
  })

  it('breaks off the answer when the file has changed, where If-Match is ignored', async () => {
    const other = { bytes: someBytes(large.bytes.length, 9), etag: '"other"' }
    origin.behave((incoming, outgoing) => {
      delete incoming.headers['if-match']
      cuttingAfter(1_000_000, isResumed(incoming) ? other : large)(incoming, outgoing)
    })
    const response = await ask({})
    await expect(response.bytes()).rejects.toThrow('/f changed while it was being served')
  })

  it('breaks off the answer without a strong tag', async () => {
    origin.behave(cuttingAfter(1_000_000, { ...large, etag: 'W/"large"' }))
    const response = await ask({})
    await expect(response.bytes()).rejects.toThrow(OriginError)
    expect(origin.asked).toEqual(['GET /f bytes=0-'])
  })

  it('is resumed without a strong tag if the file never changes', async () => {
    origin.behave(cuttingAfter(1_000_000, { bytes: large.bytes }))
    const response = await ask({ options: { immutable: true } })
    expect(Buffer.compare(await response.bytes(), large.bytes)).toBe(0)
  })

  it('is resumed as often as it takes, even if nothing is repeated that failed', async () => {
    origin.behave(cutOften())
    const response = await ask({ options: { retries: 0 } })
    expect(Buffer.compare(await response.bytes(), large.bytes)).toBe(0)
  })

  it('is given up when it gives nothing any more', async () => {
    origin.behave((incoming, outgoing) => {
      cuttingAfter(isResumed(incoming) ? 0 : 1_000_000, large)(incoming, outgoing)
    })
    const response = await ask({ options: { retries: 1 } })
    await expect(response.bytes()).rejects.toThrow('Expected bytes from 1000000 on, got none')
  })

  it('that has more than was announced breaks off the answer', async () => {
    origin.behave((incoming, outgoing) => {
      const { status, headers } = answerTo(incoming, large)
      const { 'content-length': _, ...others } = headers
      outgoing.writeHead(status, others).end(Buffer.alloc(large.bytes.length + 1))
    })
    const response = await ask({ options: { retries: 0 } })
    await expect(response.bytes()).rejects.toThrow(OriginError)
  })

  it.each([
    ['in the same chunk', ['fghijk']],
    ['in a further one', ['fg', 'hij', 'k']],
  ])('that has more than its range, %s, and no length, is not given', async (_what, texts) => {
    const fields = { etag: '"v1"', 'content-range': 'bytes 5-9/26' }
    const fetch = async () => {
      const chunks = texts.map((text) => new TextEncoder().encode(text))
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          const chunk = chunks.shift()
          if (chunk) controller.enqueue(chunk)
          else controller.close()
        },
      })
      return new Response(body, { status: 206, headers: fields })
    }
    const response = await ask({ headers: { range: 'bytes=5-9' }, options: { fetch, retries: 0 } })
    expect([response.status, await response.text()]).toEqual([503, ''])
  })

  it('has no length if its coding says where it ends (RFC 9112 §6.3), as Bun and Deno tell', async () => {
    const headers = { 'content-length': '5', 'transfer-encoding': 'chunked' }
    const fetch = async () => new Response('abc', { headers })
    const response = await ask({ options: { fetch, retries: 0 } })
    expect([response.status, await response.text()]).toEqual([
      502,
      'Expected the size of the file, got none\n',
    ])
  })

  it('goes to the runtime as it is, if it need not be resumed', async () => {
    origin.behave(cutOften())
    const response = await ask({ options: { resume: false } })
    await expect(response.bytes()).rejects.toThrow()
    expect(origin.asked).toEqual(['GET /f bytes=0-'])
  })
})

/** A fetch that is no browser's: it decodes nothing. */
const plainFetch: StoredFetch = async (url, { method, headers }) => {
  const sent = send(url, { method, headers: Object.fromEntries(headers) }).end()
  const [incoming] = await nodeOnce(sent, 'response')
  return new Response(Readable.toWeb(incoming) as ReadableStream, {
    status: incoming.statusCode ?? 0,
    headers: incoming.headers as Record<string, string>,
  })
}

describe('what is stored encoded', () => {
  const zipped = gzipSync(ALPHABET.repeat(100))
  const file = { bytes: zipped, etag: '"z"', fields: { 'content-encoding': 'gzip' } }

  it.each([
    ['all of it', undefined, zipped],
    ['a part of it', 'bytes=5-19', zipped.subarray(5, 20)],
    ['its end', 'bytes=-7', zipped.subarray(-7)],
  ])('comes as it is stored: %s', async (_what, range, bytes) => {
    origin.behave(serving(file))
    const response = await ask(range === undefined ? {} : { headers: { range } })
    const body = Buffer.from(await response.bytes())
    expect([response.headers.get('content-encoding'), body]).toEqual(['gzip', Buffer.from(bytes)])
  })

  it('is not asked for, where it is stored otherwise as well', async () => {
    const accepted: unknown[] = []
    origin.behave((incoming, outgoing) => {
      accepted.push(incoming.headers['accept-encoding'])
      good(incoming, outgoing)
    })
    await (await ask({})).bytes()
    // Node's fetch adds its own to a range.
    expect(accepted).toEqual([expect.stringMatching(/^identity(?:, identity)?$/)])
  })

  it.each([
    ['identity', null],
    ['Identity', null],
    ['aws-chunked', null],
    ['aws-chunked,gzip', 'gzip'],
    ['gzip, br', 'gzip, br'],
    ['gzip,,', 'gzip'],
    ['X-GZIP', 'X-GZIP'],
    ['zstd', 'zstd'],
    // What browsers pass on as if it were not there
    ...['UTF-8', 'utf8', 'none', 'binary', '8bit', 'null', 'base64', 'x-br2', 'br-2', ''].map(
      (coding): [string, null] => [coding, null],
    ),
    ['UTF-8, gzip', 'gzip'],
  ])('as %s is sent as %s', async (coding, told) => {
    origin.behave(serving({ ...FILE, fields: { 'content-encoding': coding } }))
    const response = await ask({})
    const body = Buffer.from(await response.bytes())
    expect([response.headers.get('content-encoding'), body]).toEqual([
      told,
      Buffer.from(FILE.bytes),
    ])
  })

  it('comes so by a fetch of your own, too', async () => {
    origin.behave(serving(file))
    const response = await ask({ options: { fetch: plainFetch } })
    const body = Buffer.from(await response.bytes())
    expect([response.headers.get('content-encoding'), body]).toEqual(['gzip', Buffer.from(zipped)])
  })

  it('is refused where the fetch of the runtime was replaced by one that decodes', async () => {
    const { fetch } = globalThis
    vi.stubGlobal('fetch', (url: string, { method, headers, signal }: RequestInit) => {
      return fetch(url, { method, headers, signal } as RequestInit)
    })
    onTestFinished(() => void vi.unstubAllGlobals())
    origin.behave(serving(file))
    const response = await ask({})
    expect([response.status, await response.text()]).toEqual([
      502,
      'Expected a body as it is stored, got it decoded by fetch\n',
    ])
    origin.behave(serving(file, status(404, { 'content-encoding': 'gzip' })))
    expect((await ask({})).status).toBe(404)
  })
})

/** Node 26 tells its dispatchers of a head in another way. */
const isNode26 = Number(process.versions.node.split('.')[0]) >= 26

it('in Node, its limits are those of the options, and not of the dispatcher', async () => {
  const name = Symbol.for(`undici.globalDispatcher.${isNode26 ? 2 : 1}`)
  await (await fetch('data:,')).text()
  const own = Reflect.get(globalThis, name)
  onTestFinished(() => void Reflect.set(globalThis, name, own))
  const told: unknown[] = []
  Reflect.set(globalThis, name, {
    dispatch(options: Record<string, unknown>, handler: unknown) {
      const { method, headersTimeout, bodyTimeout } = options
      told.push({ method, headersTimeout, bodyTimeout })
      return own.dispatch(options, handler)
    },
  })
  origin.behave(good)
  expect((await ask({ options: { timeout: 600_000 } })).status).toBe(200)
  expect(told).toEqual([{ method: 'GET', headersTimeout: 0, bodyTimeout: 600_000 }])
})

it.skipIf(isNode26)(
  'what is stored encoded is sent by dispatchers like those of Node 26, too',
  async () => {
    const name = Symbol.for('undici.globalDispatcher.1')
    await (await fetch('data:,')).text()
    const own = Reflect.get(globalThis, name)
    onTestFinished(() => void Reflect.set(globalThis, name, own))
    type Start = (controller: { rawHeaders: Buffer[] }, ...rest: unknown[]) => void
    let seen: string[] = []
    Reflect.set(globalThis, name, {
      // What Node 26 says to the handler, said to that of today's.
      dispatch(options: object, handler: Record<string, unknown> & { onResponseStart: Start }) {
        const { onHeaders } = Object.getPrototypeOf(handler)
        const start = handler.onResponseStart
        Object.getPrototypeOf(handler).onResponseStart = (controller: { rawHeaders: Buffer[] }) => {
          seen = controller.rawHeaders.map(String)
        }
        handler.onHeaders = (status: number, fields: Buffer[], ...rest: unknown[]) => {
          const controller = { rawHeaders: fields }
          start?.call(handler, controller, status, {}, '')
          return onHeaders.call(handler, status, controller.rawHeaders, ...rest)
        }
        return own.dispatch(options, handler)
      },
    })
    const zipped = gzipSync('stored')
    origin.behave(serving({ bytes: zipped, fields: { 'content-encoding': 'gzip' } }))
    const response = await ask({})
    expect([response.status, response.headers.get('content-encoding')]).toEqual([200, 'gzip'])
    expect(Buffer.from(await response.bytes())).toEqual(zipped)
    expect(seen.includes('gzip')).toBe(false)
  },
)

describe('an origin is left alone', () => {
  // Of those before, fetch keeps connections.
  beforeEach(async () => {
    origin.stop()
    origin = await startOrigin()
  })

  it('as soon as the client is gone', async () => {
    const endless = { bytes: Buffer.alloc(4 * 1024 * 1024), etag: '"e"' }
    origin.behave(serving(endless))
    const hangUp = async (_: unknown, i: number) => {
      const reader = readerOf(await ask({ headers: { range: `bytes=${i}-` } }))
      if (i % 2 === 0) await reader.read()
      await reader.cancel()
    }
    for (let i = 0; i < 50; i++) await Promise.all(Array.from({ length: 20 }, hangUp))
    await until(() => origin.connections.size <= 1)
    expect(origin.asked.length).toBe(1000)
  })

  it('when its file is not wanted after all', async () => {
    origin.behave(serving({ bytes: Buffer.alloc(32 * 1024 * 1024), etag: '"v1"' }))
    const response = await ask({ headers: { 'if-none-match': '"v1"' } })
    expect(response.status).toBe(304)
    await until(() => origin.connections.size <= 1)
  })

  it.each<[string, Behaviour, HttpFileOptions]>([
    [
      'nobody can tell its size',
      (incoming, outgoing) => {
        if (incoming.method === 'HEAD') return outgoing.writeHead(405).end()
        if (incoming.headers.range === 'bytes=0-0') return outgoing.writeHead(400).end()
        return outgoing.writeHead(200).write('and so on')
      },
      {},
    ],
    [
      'a function of the options throws',
      serving({ bytes: Buffer.alloc(32 * 1024 * 1024), etag: '"v1"' }),
      {
        type() {
          throw new Error('of the caller')
        },
      },
    ],
  ])('when %s', async (_what, behaviour, options) => {
    origin.behave(behaviour)
    for (let i = 0; i < 10; i++) expect((await ask({ options })).status).toBeGreaterThan(500)
    await until(() => origin.connections.size <= 1)
  })

  it('when the client is gone before it answers', async () => {
    origin.behave(() => {})
    const controller = new AbortController()
    const request = new Request('http://localhost/f', { signal: controller.signal })
    const found = httpFile(`${origin.url}f`, request)
    await until(() => origin.asked.length === 1)
    controller.abort()
    await until(() => origin.connections.size === 0)
    expect(isSource((await found) ?? undefined)).toBe(false)
  })

  it('when the client is gone before it is asked', async () => {
    origin.behave(good)
    const request = new Request('http://localhost/f', { signal: AbortSignal.abort() })
    const found = await httpFile(`${origin.url}f`, request)
    expect([isSource(found ?? undefined), origin.asked]).toEqual([false, []])
  })

  it.each<[when: string, begin: Behaviour]>([
    ['before its head', () => {}],
    ['in its body', (_, outgoing) => outgoing.writeHead(200).write('<h1>Index of /')],
  ])('when the client is gone from a listing, %s', async (_when, begin) => {
    origin.behave(begin)
    const tree = httpTree(origin.url, { timeout: 600_000 })
    for (const path of ['', 'sub']) {
      const client = new AbortController()
      const entry = tree.list?.(path, 0, client.signal)[Symbol.asyncIterator]().next()
      await until(() => origin.asked.length > 0)
      client.abort()
      await expect(entry).rejects.toThrow()
      await until(() => origin.connections.size === 0)
    }
  })

  it.each(['/', '/sub'])('when the client is gone who asked for the folder %s', async (path) => {
    origin.behave((incoming, outgoing) => {
      if (incoming.url === '/sub') return outgoing.writeHead(404, { connection: 'close' }).end()
      return outgoing.writeHead(200).write('<h1>Index of /')
    })
    const options = { listing: true, timeout: 600_000 }
    const handler = fileHandler(httpOrigin(origin.url, options), { onError: () => {} })
    const client = new AbortController()
    const answered = handler(
      new Request(`http://localhost${path}`, {
        headers: { host: 'localhost' },
        signal: client.signal,
      }),
    )
    await until(() => origin.asked.some((line) => line.endsWith('/')))
    client.abort()
    await answered
    await until(() => origin.connections.size === 0)
  })

  it('but for one body at a time, if it gives more than it is asked for', async () => {
    const bytes = Buffer.alloc(16 * 1024 * 1024, 'abc')
    let underWay = 0
    let most = 0
    origin.behave((incoming, outgoing) => {
      const [, first] = /^bytes=(\d+)-/.exec(incoming.headers.range ?? '') ?? []
      incoming.headers.range = `bytes=${first}-`
      most = Math.max(most, ++underWay)
      outgoing.once('close', () => underWay--)
      serving({ bytes, etag: '"long"' })(incoming, outgoing)
    })
    const ranges = Array.from({ length: 40 }, (_, i) => `${i * 200_000}-${i * 200_000}`)
    const response = await ask({ headers: { range: `bytes=${ranges}` } })
    expect((await bodyOf(response)).length).toBe(2 * 40 - 1)
    expect(origin.asked.length).toBe(40)
    expect(most).toBeLessThan(10)
  })

  it('when it never ends a body whose last byte it sent', async () => {
    origin.behave((incoming, outgoing) => {
      const { status, headers, bytes } = answerTo(incoming, FILE)
      const { 'content-length': _, ...others } = headers
      outgoing.writeHead(status, others).write(bytes)
    })
    const response = await ask({ options: { timeout: 200 } })
    expect(await response.text()).toBe(ALPHABET)
    await until(() => origin.connections.size === 0)
  })
})

describe('a connection', () => {
  it('is used again', async () => {
    const origin = await startOrigin()
    onTestFinished(() => origin.stop())
    const ask = async (headers: Record<string, string>) => {
      const request = new Request('http://localhost/f', { headers })
      return (await fileHandler(() => httpFile(`${origin.url}f`, request))(request)).bytes()
    }
    origin.behave(good)
    for (const headers of [
      {},
      { range: 'bytes=1-2' },
      { range: 'bytes=99-' },
      { range: 'bytes=-1' },
    ])
      await ask(headers)
    for (const code of [404, 403]) {
      origin.behave(serving(FILE, status(code)))
      await ask({})
    }
    // Of seven requests; one may begin while a body is still being read.
    expect(origin.connections.size).toBeLessThanOrEqual(2)
  })
})

describe('no secret', () => {
  const secret = 'X-Amz-Signature=0123456789abcdef'
  const target = () => new URL(`${origin.url.replace('//', '//user:pass@')}f?${secret}#part`)

  it.each<[string, Behaviour]>([
    ['a refusal', serving(FILE, status(403))],
    ['a broken connection', (incoming) => incoming.socket.destroy()],
    ['another range', serving(FILE, saying({ 'content-range': 'bytes 1-5/26' }))],
  ])('is in what %s comes to', async (_what, behaviour) => {
    origin.behave(behaviour)
    const request = new Request('http://localhost/', { headers: { range: 'bytes=3-4' } })
    const found = await httpFile(target(), request, { retries: 0 })
    const text =
      found && 'pieces' in found ? Buffer.concat(found.pieces as Uint8Array[]).toString() : ''
    expect(text).toMatch(/^Expected/)
    expect(text).not.toMatch(/0123|pass|127\.0/)
  })

  it('is in the error of a file that changed', async () => {
    origin.behave(good)
    const found = await httpFile(target())
    origin.behave(serving({ ...FILE, etag: '"v2"' }))
    if (!isSource(found ?? undefined) || found === null || !('read' in found)) throw new Error('?')
    const error = await readBytes(found, 0, 5).catch((thrown: Error) => thrown)
    expect(String(error)).toBe(
      `SourceChangedError: ${origin.url}f changed while it was being served`,
    )
  })

  it('goes where another origin is redirected to', async () => {
    const other = await startOrigin()
    onTestFinished(() => other.stop())
    const sent: unknown[] = []
    const note: Behaviour = ({ url, headers }) => {
      const { authorization = null, cookie = null, 'x-key': key = null } = headers
      sent.push([url, authorization, cookie, key, headers.range, headers['accept-encoding']])
    }
    const lead = (location: string): Behaviour => {
      return (incoming, outgoing) => {
        note(incoming, outgoing)
        const isLast = incoming.url === '/last'
        if (isLast) return good(incoming, outgoing)
        const next = incoming.url === '/here' ? location : `${origin.url}last`
        return outgoing.writeHead(302, { location: next }).end()
      }
    }
    // To its own path, to another origin, and back.
    origin.behave((incoming, outgoing) => {
      if (!incoming.url?.startsWith('/f')) return lead(`${other.url}there`)(incoming, outgoing)
      note(incoming, outgoing)
      return outgoing.writeHead(302, { location: 'here' }).end()
    })
    other.behave(lead(''))
    const requestHeaders = { cookie: 'a=b', 'x-key': 'k' }
    const found = await httpFile(target(), null, { requestHeaders })
    expect(isSource(found ?? undefined)).toBe(true)
    const credentials = `Basic ${btoa('user:pass')}`
    expect(sent).toEqual([
      [`/f?${secret}`, credentials, 'a=b', 'k', undefined, 'identity'],
      ['/here', credentials, 'a=b', 'k', undefined, 'identity'],
      ['/there', null, null, null, undefined, 'identity'],
      ['/last', null, null, null, undefined, 'identity'],
    ])
  })

  it('is refused in a URL: credentials become a field', async () => {
    const sent: unknown[] = []
    origin.behave((incoming, outgoing) => {
      sent.push([incoming.url, incoming.headers.authorization])
      good(incoming, outgoing)
    })
    await httpFile(target())
    expect(sent).toEqual([[`/f?${secret}`, `Basic ${btoa('user:pass')}`]])
  })

  it.each([
    '',
    'no url',
    'ftp://user:pass@host/',
    'data:,0123',
  ])('is in what is said of %j', async (url) => {
    const error = await httpFile(url).catch((thrown: Error) => thrown)
    expect(String(error)).toMatch(/^TypeError: Expected a URL of http: or https:, got [a-z]+:?$/)
  })

  it('is in what is said of credentials that are not encoded', async () => {
    const url = 'http://user:100%@host/films/'
    const message = 'Expected the credentials of a URL to be percent-encoded UTF-8'
    expect(() => httpTree(url)).toThrow(new TypeError(message))
    await expect(httpFile(url)).rejects.toThrow(new TypeError(message))
  })
})

describe('httpOrigin', () => {
  it.each([
    ['/a%20b', '/films/a%20b'],
    ['/100%25.mp4', '/films/100%25.mp4'],
    ['/a#b', '/films/a'],
    ['/a%23b%3Fc', '/films/a%23b%3Fc'],
    ['/sub/%C3%BC?t=1', '/films/sub/%C3%BC'],
    ['/%2e%2e/x', '/films/x'],
    ['/http:/127.0.0.1:1/x', '/films/http%3A/127.0.0.1%3A1/x'],
    ['/..%2fsecret', undefined],
    ['/x%5C..%5csecret', undefined],
    ['/.hidden', undefined],
    ['/', undefined],
  ])('GET %s asks for %s', async (path, target) => {
    origin.behave(good)
    const handler = fileHandler(httpOrigin(`${origin.url}films/`))
    const { status } = await handler(new Request(`http://localhost${path}`))
    expect([status, origin.asked]).toEqual(
      target === undefined ? [404, []] : [200, [`GET ${target} bytes=0-`]],
    )
  })

  it('finds a directory where the origin does, and no file', async () => {
    origin.behave((incoming, outgoing) => {
      if (incoming.url !== '/sub') return good(incoming, outgoing)
      return outgoing.writeHead(301, { location: '/sub/' }).end()
    })
    const opened = await httpTree(origin.url).open('sub', new Request('http://localhost/sub'))
    expect(opened).toBe('directory')
  })

  it.each<[what: string, redirects: Record<string, string>, found: string]>([
    ['its own URL with a slash', { '/a%20b': '/a%20b/' }, 'directory'],
    ['that in other words', { '/a%20b': '/%61%20b/' }, 'directory'],
    ['that, elsewhere', { '/a%20b': '/c/d', '/c/d': '/c/d/' }, 'directory'],
    ['that, and then elsewhere', { '/a%20b': '/a%20b/', '/a%20b/': '/c/d/' }, 'directory'],
    ['that, and then a file', { '/a%20b': '/a%20b/', '/a%20b/': '/c' }, 'file'],
    ['a folder above', { '/a%20b': '/' }, 'nothing'],
    ['a page', { '/a%20b': '/login/' }, 'Expected the file, got a redirect to a folder'],
  ])('finds what a redirect leads to: %s', async (_what, redirects, found) => {
    origin.behave((incoming, outgoing) => {
      const location = redirects[incoming.url ?? '']
      if (location === undefined) return good(incoming, outgoing)
      return outgoing.writeHead(302, { location }).end()
    })
    const request = new Request('http://localhost/a%20b', { method: 'HEAD' })
    const opening = Promise.resolve(httpTree(origin.url).open('a b', request))
    const opened = await opening.catch(({ reason }: OriginError) => reason)
    expect(opened instanceof Object ? 'file' : (opened ?? 'nothing')).toBe(found)
  })

  it('finds a file whose coding the origin sends to its front page', async () => {
    origin.behave((incoming, outgoing) => {
      if (!incoming.url?.endsWith('.br')) return good(incoming, outgoing)
      return outgoing.writeHead(302, { location: '/' }).end()
    })
    const handler = fileHandler(httpOrigin(origin.url, { precompressed: true }))
    const headers = { 'accept-encoding': 'br' }
    const response = await handler(new Request('http://localhost/f.txt', { headers }))
    expect([response.status, await response.text()]).toEqual([200, expect.any(String)])
  })

  it('answers what the origin does wrong, and tells those who observe', async () => {
    origin.behave(serving(FILE, status(400)))
    const told: unknown[] = []
    const handler = fileHandler(httpOrigin(origin.url), {
      onError: (error) => told.push(error),
      onServed: ({ error }) => told.push(error),
    })
    const response = await handler(new Request('http://localhost/f'))
    expect([response.status, await response.text()]).toEqual([
      502,
      'Expected the file, got status 400\n',
    ])
    const error = new OriginError(502, `${origin.url}f`, 'Expected the file, got status 400')
    expect(told).toEqual([error, error])
  })

  it('tells nobody of a failure after the client hung up', async () => {
    origin.behave(() => {})
    const told: unknown[] = []
    const handler = fileHandler(httpOrigin(origin.url), {
      onError: (error) => told.push(error),
      onServed: ({ error, aborted }) => told.push({ error, aborted }),
    })
    const client = new AbortController()
    const answered = handler(new Request('http://localhost/f', { signal: client.signal }))
    await until(() => origin.asked.length === 1)
    client.abort()
    await answered
    expect(told).toEqual([{ error: undefined, aborted: true }])
  })

  it('never leaves its base, whoever asks its tree', async () => {
    origin.behave(good)
    const tree = httpTree(`${origin.url}films/`)
    const request = new Request('http://localhost/')
    for (const path of ['..', '../f', 'a/../../f', './f', 'a/..', '\ud800']) {
      expect([path, await tree.open(path, request)]).toEqual([path, null])
      for await (const entry of tree.list?.(path) ?? []) throw new Error(entry.name)
    }
    expect(origin.asked).toEqual([])
  })

  it('sends a field of whatever name', async () => {
    const sent: unknown[] = []
    origin.behave((incoming, outgoing) => {
      sent.push(incoming.headers.constructor, incoming.headers.range)
      good(incoming, outgoing)
    })
    const requestHeaders = { constructor: 'x', range: 'bytes=7-8' }
    const handler = fileHandler(httpOrigin(origin.url, { requestHeaders }))
    await (await handler(new Request('http://localhost/f'))).bytes()
    expect(sent).toEqual(['x', 'bytes=0-'])
  })

  it('cancels a listing that falls silent, under a fetch that heeds no signal', async () => {
    const cancelled: unknown[] = []
    const fetch: StoredFetch = async () => {
      return new Response(new ReadableStream({ cancel: (reason) => void cancelled.push(reason) }))
    }
    const listed = httpTree(origin.url, { fetch, timeout: 50 }).list?.('')
    await expect(listed?.[Symbol.asyncIterator]().next()).rejects.toThrow('got a part of one')
    await until(() => cancelled.length === 1)
  })

  it('sends the fields that it is given, each time anew', async () => {
    const sent: unknown[] = []
    origin.behave((incoming, outgoing) => {
      sent.push(incoming.headers.authorization)
      good(incoming, outgoing)
    })
    let count = 0
    const requestHeaders = async () => ({ authorization: `Bearer ${++count}` })
    const handler = fileHandler(httpOrigin(origin.url, { requestHeaders }))
    for (let i = 0; i < 2; i++) await (await handler(new Request('http://localhost/f'))).bytes()
    expect(sent).toEqual(['Bearer 1', 'Bearer 2'])
  })

  it('tells whoever runs it what a function of the options throws, and does not try again', async () => {
    origin.behave(good)
    const errors: unknown[] = []
    const requestHeaders = () => {
      throw new Error('no token')
    }
    const handler = fileHandler(httpOrigin(origin.url, { requestHeaders }), {
      onError: (error) => errors.push(error),
    })
    const response = await handler(new Request('http://localhost/f'))
    expect([response.status, await response.text(), errors, origin.asked]).toEqual([
      503,
      '',
      [new Error('no token')],
      [],
    ])
  })

  it('gets what is stored in gzip where a store decodes it for whoever does not accept that', async () => {
    const bytes = gzipSync(ALPHABET)
    const fields = { 'x-goog-stored-content-encoding': 'gzip', 'content-encoding': 'gzip' }
    const stored = serving({ bytes, etag: '"z"', fields })
    origin.behave((incoming, outgoing) => {
      if (/gzip/.test(`${incoming.headers['accept-encoding']}`)) return stored(incoming, outgoing)
      const decoded = { 'x-goog-stored-content-encoding': 'gzip', etag: '"z"' }
      outgoing.writeHead(200, decoded).end(incoming.method === 'HEAD' ? '' : ALPHABET)
    })
    const handler = fileHandler(httpOrigin(origin.url))
    for (const [method, range, expected] of [
      ['GET', undefined, [200, 'gzip', bytes]],
      ['GET', 'bytes=5-9', [206, 'gzip', bytes.subarray(5, 10)]],
      ['HEAD', undefined, [200, 'gzip', Buffer.of()]],
    ] as const) {
      const headers = range === undefined ? {} : { range }
      const response = await handler(new Request('http://localhost/f', { method, headers }))
      const body = Buffer.from(await response.arrayBuffer())
      expect([response.status, response.headers.get('content-encoding'), body]).toEqual(expected)
    }
  })

  it('ends a short body that falls silent, under a fetch that ignores its signal', async () => {
    let open = 0
    const fetch: StoredFetch = async (_url, { method }) => {
      if (method === 'HEAD') return new Response(null, { status: 405 })
      open++
      const silent = { pull: () => new Promise<void>(() => {}), cancel: () => void open-- }
      const headers = { etag: '"v"', 'content-length': '1', 'content-range': 'bytes 0-0/70000' }
      return new Response(new ReadableStream(silent), { status: 206, headers })
    }
    const request = new Request('http://localhost/f', { method: 'HEAD' })
    const handler = fileHandler(httpOrigin('http://origin.example/', { fetch, timeout: 50 }))
    const { headers } = await handler(request)
    expect([headers.get('content-length'), open]).toEqual(['70000', 1])
    await until(() => open === 0)
  })

  it('hands on what the origin says of a file, and nothing else', async () => {
    const stored = {
      'content-type': 'video/mp4',
      'content-language': 'de',
      'content-disposition': 'attachment',
      'cache-control': 'max-age=60',
      expires: 'Thu, 01 Jan 2037 00:00:00 GMT',
      age: '5',
    }
    const others = { 'set-cookie': 'a=b', server: 'x', 'x-amz-meta-a': 'b', vary: '*' }
    const date = 'Mon, 06 May 2024 07:08:09 GMT'
    origin.behave(serving({ ...FILE, fields: { ...stored, ...others, 'last-modified': date } }))
    const handler = fileHandler(httpOrigin(origin.url))
    const { headers } = await handler(new Request('http://localhost/f'))
    expect(Object.fromEntries(headers)).toEqual({
      ...stored,
      'accept-ranges': 'bytes',
      'content-length': '26',
      etag: '"v1"',
      'last-modified': date,
      'x-content-type-options': 'nosniff',
    })
  })

  it.each<[field: string, sent: string, handedOn: string | null]>([
    ['content-type', 'video/mp4; codecs="avc1.4d401e, mp4a.40.2"', 'as sent'],
    ['content-type', 'text/html ; charset=latin1', 'as sent'],
    ['content-type', 'video/mp4, text/html', 'application/octet-stream'],
    ['content-type', '<script>', 'application/octet-stream'],
    ['content-type', 'video/m\u00fcp4', 'application/octet-stream'],
    ['content-disposition', 'attachment; filename="\u00fc.mp4"', 'as sent'],
    ['last-modified', 'Tue, 01 Jan 2199 00:00:00 GMT', null],
    ['last-modified', 'yesterday', null],
    ['age', '-5', null],
    ['age', '5, 6', null],
    ['expires', '0', 'as sent'],
  ])('hands on %s: %s as %s', async (name, sent, handedOn) => {
    origin.behave(serving({ ...FILE, fields: { [name]: sent } }))
    const response = await fileHandler(httpOrigin(origin.url))(new Request('http://localhost/f'))
    expect([response.status, response.headers.get(name)]).toEqual([
      200,
      handedOn === 'as sent' ? sent : handedOn,
    ])
  })

  it.each<[string, () => unknown, string]>([
    ['no URL', () => httpOrigin('films/'), 'Expected a URL of http: or https:, got none'],
    ['a URL of a file', () => httpOrigin('http://h/a'), "Expected a URL that ends in '/'"],
    ['no function', () => httpOrigin('http://h/', { fetch: 5 as never }), 'Expected fetch'],
    ['a negative number', () => httpOrigin('http://h/', { retries: -1 }), 'Expected retries'],
    ['no time', () => httpOrigin('http://h/', { timeout: 0 }), 'Expected timeout'],
    ['too much', () => httpOrigin('http://h/', { timeout: 2 ** 31 }), 'Expected timeout'],
  ])('throws at once for %s', (_what, make, message) => {
    expect(make).toThrow(message)
  })
})

it('in a page, which is not told where a redirect leads, its browser follows', async () => {
  const asked: string[] = []
  const fetch = async (url: string, { redirect }: { redirect: string }) => {
    asked.push(`${redirect} ${url}`)
    const headers = { etag: '"1"', 'content-length': '3' }
    // What no program can make, but a browser.
    return redirect === 'follow'
      ? new Response(null, { headers })
      : Object.defineProperty(new Response(), 'type', { value: 'opaqueredirect' })
  }
  const found = await httpFile('http://films.example/f', null, { fetch })
  expect(found).toMatchObject({ size: 3, etag: '"1"' })
  expect(asked).toEqual(['manual http://films.example/f', 'follow http://films.example/f'])
})

describe('httpFile', () => {
  it('asks by HEAD, and for what is read', async () => {
    origin.behave(good)
    const file = await httpFile(`${origin.url}f`)
    if (file === null || !('read' in file)) throw new Error('Expected a file')
    const text = new TextDecoder().decode(await readBytes(file, 5, 10))
    await file.close?.()
    expect([file.size, text, origin.asked]).toEqual([26, 'fghij', ['HEAD /f', 'GET /f bytes=5-9']])
  })

  it('is not misled by a HEAD that says that there are no bytes', async () => {
    origin.behave(emptyByHead(good))
    const file = await httpFile(`${origin.url}f`)
    expect([file, origin.asked]).toMatchObject([{ size: 26 }, ['HEAD /f', 'GET /f bytes=0-0']])
  })

  it('knows an empty file by its first byte, and its version by HEAD', async () => {
    origin.behave(serving({ bytes: new Uint8Array(0), etag: '"e"' }))
    const file = await httpFile(`${origin.url}f`)
    const asked = ['HEAD /f', 'GET /f bytes=0-0']
    expect([file, origin.asked]).toMatchObject([{ size: 0, etag: '"e"' }, asked])
  })

  it('says of a file that changes while it is looked for that it is not available', async () => {
    let count = 0
    origin.behave((incoming, outgoing) => {
      if (++count > 1) return outgoing.writeHead(404).end()
      return serving(FILE, saying({ 'content-range': 'bytes 5-9/26' }))(incoming, outgoing)
    })
    const request = new Request('http://localhost/f', { headers: { range: 'bytes=0-4' } })
    const found = await httpFile(`${origin.url}f`, request)
    expect(found).toMatchObject({ status: 503, error: expect.any(SourceChangedError) })
  })

  it('is cancelled under a fetch that heeds no signal, and not read after close', async () => {
    const bytes = someBytes(3000)
    let opened = 0
    let cancelled = 0
    const fetch: StoredFetch = async (_url, { method, headers }) => {
      const fields = { etag: '"v1"', 'content-length': '3000' }
      if (method === 'HEAD') return new Response(null, { headers: fields })
      const [, first = '', last = ''] = /(\d+)-(\d+)/.exec(headers.get('range') ?? '') ?? []
      const range = { 'content-range': `bytes ${first}-${last}/3000` }
      const part = new Uint8Array(bytes.subarray(Number(first), Number(first) + 10))
      opened++
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(part),
        cancel: () => void cancelled++,
      })
      return new Response(body, { status: 206, headers: { etag: '"v1"', ...range } })
    }
    const file = await httpFile('http://localhost/f', null, { fetch })
    if (file === null || !('read' in file)) throw new Error('Expected a file')
    const first = await file.read(0, 1000)
    const late = [1000, 2000].map(async (start) => file.read(start, start + 1000))
    file.close?.()
    const outcomes = await Promise.allSettled(late)
    expect([first, outcomes.map(({ status }) => status)]).toEqual([
      bytes.subarray(0, 10),
      ['rejected', 'rejected'],
    ])
    await until(() => cancelled === opened)
  })

  it('asks for the bytes that are read, and no more, whatever the request asks for', async () => {
    const bytes = someBytes(2_000_000)
    origin.behave(serving({ bytes, etag: '"l"' }))
    for (const range of [undefined, 'bytes=0-', 'bytes=5-6,1800000-']) {
      const headers = range === undefined ? {} : { range }
      const request = new Request('http://localhost/f', { headers })
      const file = await httpFile(`${origin.url}f`, request)
      if (file === null || !('read' in file)) throw new Error('Expected a file')
      origin.asked.length = 0
      const part = await readBytes(file, 1_500_000, 1_500_016)
      await file.close?.()
      expect(Buffer.compare(part, bytes.subarray(1_500_000, 1_500_016))).toBe(0)
      expect(origin.asked).toEqual(['GET /f bytes=1500000-1500015'])
    }
  })

  it('gives any bytes, at once and in any order', async () => {
    const bytes = someBytes(2_000_000)
    origin.behave(serving({ bytes, etag: '"l"' }))
    const file = await httpFile(`${origin.url}f`)
    if (file === null || !('read' in file)) throw new Error('Expected a file')
    const starts = [0, 1_500_000, 5, 700_000, 0]
    const read = await Promise.all(starts.map((start) => readBytes(file, start, start + 400_000)))
    await file.close?.()
    const same = read.map((part, i) => {
      const start = starts[i] ?? 0
      return Buffer.compare(part, bytes.subarray(start, start + 400_000))
    })
    expect(same).toEqual([0, 0, 0, 0, 0])
  })
})
