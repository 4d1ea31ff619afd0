import { describe, expect, it } from 'vitest'
import { type Answer, answer, answerMethod, UNAVAILABLE } from '../src/answer.ts'
import { lengthOf } from '../src/range.ts'
import type { FileSource, RequestLike } from '../src/source.ts'
import { someBytes } from './support/counting-source.ts'
import { parseMultipart } from './support/multipart.ts'

const NOW = Date.UTC(2026, 10, 22, 12)
const DATE = 'Sun, 22 Nov 2026 11:00:00 GMT'

const film: FileSource = {
  size: 1000,
  type: 'video/mp4',
  etag: '"a"',
  lastModified: new Date(DATE),
  read: () => new Uint8Array(0),
}

const filmFields = {
  'accept-ranges': 'bytes',
  'content-type': 'video/mp4',
  'last-modified': DATE,
  'x-content-type-options': 'nosniff',
  etag: '"a"',
}

/** Fields of every kind that a source may bring. */
const brought: FileSource = {
  ...film,
  headers: {
    'Accept-Ranges': 'none',
    'Access-Control-Allow-Origin': '*',
    'Cache-Control': 'max-age=60',
    'CDN-Cache-Control': 'max-age=90',
    Connection: 'close',
    'Content-Digest': 'sha-256=:AA==:',
    'Content-Disposition': 'inline',
    'Content-Encoding': 'gzip',
    'Content-Language': 'en',
    'Content-Length': '7',
    'Content-Location': '/film.en.mp4',
    'Content-MD5': 'AA==',
    'Content-Range': 'bytes 0-6/7',
    'Content-Security-Policy': 'sandbox',
    'Content-Security-Policy-Report-Only': 'sandbox',
    'Content-Type': 'text/html',
    Digest: 'SHA-256=AA==',
    'Edge-Control': 'max-age=90',
    ETag: '"z"',
    Expires: 'Mon, 23 Nov 2026 12:00:00 GMT',
    'Keep-Alive': 'timeout=5',
    'Last-Modified': 'Thu, 01 Jan 1970 00:00:00 GMT',
    'Proxy-Connection': 'close',
    'Repr-Digest': 'sha-256=:AA==:',
    'Surrogate-Control': 'max-age=90',
    TE: 'trailers',
    Terms: '/terms',
    Trailer: 'X-Rate',
    'Transfer-Encoding': 'chunked',
    Upgrade: 'h2c',
    Vary: 'Accept-Encoding',
    'Want-Content-Digest': 'sha-256=1',
    'X-Accel-Expires': '90',
    'X-Cache-Expires': '1',
    'X-Content-Type-Options': 'none',
    'X-Rate': '9',
  },
}

/** Those that say nothing of the content, or of how long it may be kept. */
const broughtWithFailures = {
  'access-control-allow-origin': '*',
  terms: '/terms',
  vary: 'Accept-Encoding',
  'want-content-digest': 'sha-256=1',
  'x-cache-expires': '1',
  'x-rate': '9',
}

const broughtAlong = {
  ...broughtWithFailures,
  'cache-control': 'max-age=60',
  'cdn-cache-control': 'max-age=90',
  'content-location': '/film.en.mp4',
  'content-security-policy': 'sandbox',
  'content-security-policy-report-only': 'sandbox',
  digest: 'SHA-256=AA==',
  expires: 'Mon, 23 Nov 2026 12:00:00 GMT',
  'repr-digest': 'sha-256=:AA==:',
  'edge-control': 'max-age=90',
  'surrogate-control': 'max-age=90',
  'x-accel-expires': '90',
}

type Fields = Record<string, string>

const ROWS: [what: string, method: string, fields: Fields, source: FileSource, answer: Answer][] = [
  [
    '§15.3.1: 200',
    'GET',
    {},
    film,
    {
      status: 200,
      headers: { ...filmFields, 'content-length': '1000' },
      pieces: [{ start: 0, end: 1000 }],
    },
  ],
  [
    '§9.3.2: HEAD: the fields of GET, no content',
    'HEAD',
    {},
    film,
    { status: 200, headers: { ...filmFields, 'content-length': '1000' }, pieces: [] },
  ],
  [
    '§14.2: HEAD ignores Range',
    'HEAD',
    { Range: 'bytes=0-4' },
    film,
    { status: 200, headers: { ...filmFields, 'content-length': '1000' }, pieces: [] },
  ],
  [
    '§15.3.7.1: 206',
    'GET',
    { Range: 'bytes=0-4' },
    film,
    {
      status: 206,
      headers: { ...filmFields, 'content-length': '5', 'content-range': 'bytes 0-4/1000' },
      pieces: [{ start: 0, end: 5 }],
    },
  ],
  [
    '§15.3.7.2: no multipart for one part that is left of a set',
    'GET',
    { Range: 'bytes=-1,5000-' },
    film,
    {
      status: 206,
      headers: { ...filmFields, 'content-length': '1', 'content-range': 'bytes 999-999/1000' },
      pieces: [{ start: 999, end: 1000 }],
    },
  ],
  [
    '§15.4.5: 304',
    'GET',
    { 'If-None-Match': '"a"' },
    film,
    { status: 304, headers: { etag: '"a"' }, pieces: [] },
  ],
  [
    '§15.4.5: 304 without a tag',
    'GET',
    { 'If-Modified-Since': DATE },
    { ...film, etag: undefined },
    { status: 304, headers: { 'last-modified': DATE }, pieces: [] },
  ],
  [
    '§15.5.13: 412',
    'GET',
    { 'If-Match': '"b"' },
    film,
    { status: 412, headers: { 'content-length': '0' }, pieces: [] },
  ],
  [
    '§15.5.17: 416',
    'GET',
    { Range: 'bytes=1000-' },
    film,
    {
      status: 416,
      headers: { 'content-length': '0', 'content-range': 'bytes */1000' },
      pieces: [],
    },
  ],
  [
    'an empty file',
    'GET',
    { Range: 'bytes=0-' },
    { ...film, size: 0 },
    { status: 200, headers: { ...filmFields, 'content-length': '0' }, pieces: [] },
  ],
  [
    'a file of which nothing is known',
    'GET',
    {},
    { size: 1, read: film.read },
    {
      status: 200,
      headers: {
        'accept-ranges': 'bytes',
        'content-length': '1',
        'content-type': 'application/octet-stream',
        'x-content-type-options': 'nosniff',
      },
      pieces: [{ start: 0, end: 1 }],
    },
  ],
  [
    'a media type among the headers',
    'HEAD',
    {},
    { size: 1, headers: [['content-TYPE', 'text/css']], read: film.read },
    {
      status: 200,
      headers: {
        'accept-ranges': 'bytes',
        'content-length': '1',
        'content-type': 'text/css',
        'x-content-type-options': 'nosniff',
      },
      pieces: [],
    },
  ],
  [
    '§8.8.2.1: a date too young is not sent',
    'HEAD',
    {},
    { ...film, lastModified: new Date(NOW - 999) },
    {
      status: 200,
      headers: {
        'accept-ranges': 'bytes',
        'content-length': '1000',
        'content-type': 'video/mp4',
        'x-content-type-options': 'nosniff',
        etag: '"a"',
      },
      pieces: [],
    },
  ],
  [
    '§8.8.2.1: nor is one of the future, even if it is all that there is',
    'GET',
    { 'If-None-Match': '*' },
    { ...film, etag: undefined, lastModified: new Date(NOW + 1) },
    { status: 304, headers: {}, pieces: [] },
  ],
  [
    '§5.6.7: nor is one before the first year that has four digits',
    'GET',
    { 'If-None-Match': '*' },
    { ...film, etag: undefined, lastModified: new Date(Date.parse('0000-01-01') - 1) },
    { status: 304, headers: {}, pieces: [] },
  ],
  [
    '§5.6.7: the first year that has four digits is 0000',
    'GET',
    { 'If-None-Match': '*' },
    { ...film, etag: undefined, lastModified: new Date(Date.parse('0000-01-01')) },
    {
      status: 304,
      headers: { 'last-modified': 'Sat, 01 Jan 0000 00:00:00 GMT' },
      pieces: [],
    },
  ],
  [
    'what the core says wins over source.headers: 200',
    'GET',
    {},
    brought,
    {
      status: 200,
      headers: {
        ...broughtAlong,
        ...filmFields,
        'content-digest': 'sha-256=:AA==:',
        'content-md5': 'AA==',
        'content-disposition': 'inline',
        'content-encoding': 'gzip',
        'content-language': 'en',
        'content-length': '1000',
        'content-security-policy': 'sandbox',
      },
      pieces: [{ start: 0, end: 1000 }],
    },
  ],
  [
    'what the core says wins over source.headers: 206',
    'GET',
    { Range: 'bytes=5-' },
    brought,
    {
      status: 206,
      headers: {
        ...broughtAlong,
        ...filmFields,
        'content-disposition': 'inline',
        'content-encoding': 'gzip',
        'content-language': 'en',
        'content-length': '995',
        'content-range': 'bytes 5-999/1000',
        'content-security-policy': 'sandbox',
      },
      pieces: [{ start: 5, end: 1000 }],
    },
  ],
  [
    '§15.4.5: of source.headers, 304 keeps all but what describes content',
    'GET',
    { 'If-None-Match': '"a"' },
    brought,
    {
      status: 304,
      headers: { ...broughtAlong, etag: '"a"' },
      pieces: [],
    },
  ],
  [
    'of source.headers, 416 keeps what lets a script read it',
    'GET',
    { Range: 'bytes=-0' },
    brought,
    {
      status: 416,
      headers: {
        ...broughtWithFailures,
        'content-length': '0',
        'content-range': 'bytes */1000',
      },
      pieces: [],
    },
  ],
  [
    'of source.headers, 412 keeps the same',
    'GET',
    { 'If-Match': 'W/"a"' },
    brought,
    {
      status: 412,
      headers: {
        ...broughtWithFailures,
        'content-length': '0',
      },
      pieces: [],
    },
  ],
  [
    'a source without validators may not bring them as headers',
    'HEAD',
    {},
    { size: 1, headers: brought.headers, read: film.read },
    {
      status: 200,
      headers: {
        ...broughtAlong,
        'accept-ranges': 'bytes',
        'content-digest': 'sha-256=:AA==:',
        'content-md5': 'AA==',
        'content-disposition': 'inline',
        'content-encoding': 'gzip',
        'content-language': 'en',
        'content-length': '1',
        'content-security-policy': 'sandbox',
        'content-type': 'text/html',
        'x-content-type-options': 'nosniff',
      },
      pieces: [],
    },
  ],
]

describe('answer', () => {
  it.each(ROWS)('%s', (_what, method, fields, source, expected) => {
    expect(answer(request(method, fields), source, NOW)).toEqual(expected)
  })

  it('§14.6: writes a set as multipart/byteranges', () => {
    const asked = request('GET', { Range: 'bytes=0-4, -1' })
    const { status, headers, pieces } = answer(asked, film, NOW)
    const boundary = /boundary=(.*)/.exec(headers['content-type'] ?? '')?.[1]
    expect({ status, headers }).toEqual({
      status: 206,
      headers: {
        ...filmFields,
        'content-length': String(lengthOf(pieces)),
        'content-type': `multipart/byteranges; boundary=${boundary}`,
      },
    })
    const text = pieces.map((piece) => (piece instanceof Uint8Array ? decode(piece) : piece))
    expect(text).toEqual([
      `\r\n--${boundary}\r\nContent-Type: video/mp4\r\nContent-Range: bytes 0-4/1000\r\n\r\n`,
      { start: 0, end: 5 },
      `\r\n--${boundary}\r\nContent-Type: video/mp4\r\nContent-Range: bytes 999-999/1000\r\n\r\n`,
      { start: 999, end: 1000 },
      `\r\n--${boundary}--\r\n`,
    ])
  })

  it('§14.6: the coding is of the parts, not of what holds them', () => {
    const asked = request('GET', { Range: 'bytes=0-4,10-19,5-9' })
    const { status, headers, pieces } = answer(asked, brought, NOW)
    const type = headers['content-type'] ?? ''
    expect({ status, headers }).toEqual({
      status: 206,
      headers: {
        ...broughtAlong,
        ...filmFields,
        'content-disposition': 'inline',
        'content-language': 'en',
        'content-length': String(lengthOf(pieces)),
        'content-security-policy': 'sandbox',
        'content-type': type,
      },
    })
    const data = someBytes(1000)
    const body = Buffer.concat(
      pieces.map((piece) =>
        piece instanceof Uint8Array ? piece : data.subarray(piece.start, piece.end),
      ),
    )
    expect(body.length).toBe(Number(headers['content-length']))
    const fields = { 'content-type': 'video/mp4', 'content-encoding': 'gzip' }
    expect(parseMultipart(type, body)).toEqual([
      { headers: { ...fields, 'content-range': 'bytes 0-4/1000' }, bytes: data.slice(0, 5) },
      { headers: { ...fields, 'content-range': 'bytes 10-19/1000' }, bytes: data.slice(10, 20) },
      { headers: { ...fields, 'content-range': 'bytes 5-9/1000' }, bytes: data.slice(5, 10) },
    ])
  })

  it('§14.6: takes a boundary that nobody can guess, anew for each', () => {
    const asked = request('GET', { Range: 'bytes=0-0,2-2' })
    const types = Array.from({ length: 100 }, () => {
      return answer(asked, film, NOW).headers['content-type'] ?? ''
    })
    expect(new Set(types).size).toBe(100)
    // 122 random bits of a UUID; RFC 2046 §5.1.1 allows 70 characters, these without quotes.
    const pattern = /^multipart\/byteranges; boundary=[0-9a-f-]{36}$/
    expect(types.filter((type) => !pattern.test(type))).toEqual([])
  })

  it('counts by the limits given', () => {
    const asked = request('GET', { Range: 'bytes=0-0,2-2' })
    expect(answer(asked, film, NOW, { maxRanges: 1 }).status).toBe(200)
    const sliced = answer(request('GET', { Range: 'bytes=0-' }), film, NOW, {
      maxSlice: 100,
      sliceFor: 'all',
    })
    expect(sliced).toEqual({
      status: 206,
      headers: { ...filmFields, 'content-length': '100', 'content-range': 'bytes 0-99/1000' },
      pieces: [{ start: 0, end: 100 }],
    })
  })

  it('does not change the fields of a source', () => {
    const headers = new Headers({ 'Cache-Control': 'no-cache' })
    answer(request('GET', { Range: 'bytes=0-0,2-2' }), { ...film, headers }, NOW)
    expect([...headers]).toEqual([['cache-control', 'no-cache']])
  })

  it.each([
    [{ size: -1 }, 'RangeError', /^Expected size .*, got -1$/],
    [{ size: '12' }, 'RangeError', /^Expected size .*, got the string 12$/],
    [{ size: 1.5 }, 'RangeError', /^Expected size .*, got 1.5$/],
    [{ size: Number.NaN }, 'RangeError', /^Expected size .*, got NaN$/],
    [{ size: Infinity }, 'RangeError', /^Expected size .*, got Infinity$/],
    [{ size: 2 ** 53 }, 'RangeError', /^Expected size .*, got 9007199254740992$/],
    [{ etag: 'abc' }, 'TypeError', /^Expected etag .*, got abc$/],
    [{ etag: '' }, 'TypeError', /^Expected etag .*, got $/],
    [{ etag: '*' }, 'TypeError', /^Expected etag .*, got \*$/],
    [{ etag: '"a", "b"' }, 'TypeError', /^Expected etag .*, got "a", "b"$/],
    [{ lastModified: '2026-01-01' }, 'TypeError', /^Expected lastModified to be a Date, got 2026/],
    [{ lastModified: null }, 'TypeError', /^Expected lastModified to be a Date, got null$/],
    [
      { read: undefined },
      'TypeError',
      /^Expected a FileSource with read\(start, end\), .* or null, got Object$/,
    ],
    [{ type: 'a\x1fb' }, 'TypeError', /^Expected a media type/],
    [{ type: 'a\x7fb' }, 'TypeError', /^Expected a media type/],
    [{ type: 'a\xe9' }, 'TypeError', /^Expected a media type/],
    // An async function for `type` of r2File or httpFile gives one.
    [
      { type: Promise.resolve('a/b') as never },
      'TypeError',
      /^Expected a media type, got Promise$/,
    ],
    [{ type: 5 as never }, 'TypeError', /^Expected a media type, got 5$/],
    [{ headers: { 'x-a': 'a\x01b' } }, 'TypeError', /^Expected x-a to have no .*, got a.b$/],
    [{ headers: { 'x-a': 'a\x1fb' } }, 'TypeError', /^Expected x-a to have no .*, got a.b$/],
    [{ headers: { 'x-a': 'a\x7fb' } }, 'TypeError', /^Expected x-a to have no .*, got a.b$/],
    [
      { headers: ['a=1', 'b=2'].map((cookie) => ['Set-Cookie', cookie]) },
      'TypeError',
      /^Expected one set-cookie, got several/,
    ],
  ])('refuses a source with %j', (fields, name, pattern) => {
    // As JavaScript may give it, where no compiler objects.
    const source: FileSource = Object.assign({ ...film }, fields)
    const refusal = expect.objectContaining({ name, message: expect.stringMatching(pattern) })
    expect(() => answer(request('GET', {}), source, NOW)).toThrow(refusal)
  })

  it.each<[Partial<FileSource>, string, string]>([
    [{ type: 'a/b;\tc="d"' }, 'content-type', 'a/b;\tc="d"'],
    [{ headers: { 'set-cookie': 'a=1' } }, 'set-cookie', 'a=1'],
    [{ headers: { 'x-a': 'a\tb\x80\xe9' } }, 'x-a', 'a\tb\x80\xe9'],
    [{ headers: { constructor: 'a' } }, 'constructor', 'a'],
    [{ type: '', headers: { 'content-type': 'a/b' } }, 'content-type', 'a/b'],
    [{ type: '', headers: { 'content-type': '' } }, 'content-type', 'application/octet-stream'],
  ])('takes a source with %j', (fields, name, value) => {
    expect(answer(request('GET', {}), { ...film, ...fields }, NOW).headers[name]).toBe(value)
  })
})

describe('answerMethod', () => {
  const refused: Answer = {
    status: 405,
    headers: { allow: 'GET, HEAD, OPTIONS', 'content-length': '0' },
    pieces: [],
  }
  it.each<[string, Answer | null]>([
    ['GET', null],
    ['HEAD', null],
    // §8.6: no Content-Length with a 204
    ['OPTIONS', { status: 204, headers: { allow: 'GET, HEAD, OPTIONS' }, pieces: [] }],
    ['POST', refused],
    ['PUT', refused],
    ['DELETE', refused],
    ['QUERY', refused],
    ['get', refused],
    ['options', refused],
    ['', refused],
  ])('§15.5.6: %j', (method, expected) => {
    expect(answerMethod(method)).toEqual(expected)
  })
})

describe('answers without a file', () => {
  it('are empty, and say so', () => {
    expect([answer(request('GET', {}), null, NOW), UNAVAILABLE]).toEqual([
      { status: 404, headers: { 'content-length': '0' }, pieces: [] },
      { status: 503, headers: { 'content-length': '0', 'retry-after': '1' }, pieces: [] },
    ])
  })
})

function request(method: string, fields: Fields): RequestLike {
  return { method, url: 'http://localhost/film.mp4', headers: new Headers(fields) }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
