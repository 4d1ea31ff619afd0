import {
  ARCHIVE,
  AT_THRESHOLDS,
  CAPTIONS,
  DATA,
  EMPTY,
  EPOCH,
  FILM,
  type Fixture,
  FUTURE,
  INNER,
  LARGE,
  MEDIUM,
  MIB,
  NAMED,
  ONE,
  PAGE,
  PLAYLIST,
  SCENE,
  THRESHOLDS,
  WELL_KNOWN,
} from './fixtures.ts'

/**
 * What must come over the wire. Left out are Date, Connection and Keep-Alive; the boundary of a
 * multipart body is written as BOUNDARY. Validators stand as in `fill` of versions.ts.
 */
export interface Expected {
  readonly status: number
  /** All of them, names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
  /** The server ends the connection after it; else the next request is answered. */
  readonly closes?: true
}

export interface Row extends Draft {
  /** Such as `a-range/of-3-mib`: what exceptions name it by. */
  readonly id: string
}

interface Draft {
  readonly name: string
  /** The request line and the header fields, but Host. */
  readonly lines: readonly string[]
  /** The request's body. */
  readonly content?: string
  /** Whose validators the placeholders stand for. */
  readonly file: Fixture
  readonly expected: Expected
}

/** As long as the real ones. */
export const BOUNDARY = '--------------boundary--------------'

const NOT_FOUND: Expected = { status: 404, headers: { 'content-length': '0' }, body: '' }
const FAILED: Expected = { status: 412, headers: { 'content-length': '0' }, body: '' }
const NOT_MODIFIED: Expected = {
  status: 304,
  headers: { 'cache-control': 'no-cache', etag: '{etag}' },
  body: '',
}
const OPTIONS: Expected = { status: 204, headers: { allow: 'GET, HEAD, OPTIONS' }, body: '' }
const NOT_ALLOWED: Expected = {
  status: 405,
  headers: { allow: 'GET, HEAD, OPTIONS', 'content-length': '0' },
  body: '',
}

/** Requests of the same file with one header field, and one answer to all of them. */
function same(
  why: string,
  file: Fixture,
  field: string,
  values: readonly string[],
  expected: Expected,
): Draft[] {
  return values.map((value) =>
    get(`${why}: ${field}: ${value}`, file, [`${field}: ${value}`], expected),
  )
}

function get(name: string, file: Fixture, fields: readonly string[], expected: Expected): Draft {
  return { name, lines: [`GET ${file.target} HTTP/1.1`, ...fields], file, expected }
}

function head(name: string, file: Fixture, fields: readonly string[], expected: Expected): Draft {
  return { name, lines: [`HEAD ${file.target} HTTP/1.1`, ...fields], file, expected }
}

function asked(name: string, target: string, file: Fixture, expected: Expected): Draft {
  return { name, lines: [`GET ${target} HTTP/1.1`], file, expected }
}

function notFound(name: string, target: string): Draft {
  return asked(name, target, FILM, NOT_FOUND)
}

function fields(file: Fixture, length: number): Record<string, string> {
  return {
    'accept-ranges': 'bytes',
    'cache-control': 'no-cache',
    'content-length': String(length),
    'content-type': file.type,
    etag: '{etag}',
    'last-modified': '{date}',
    'x-content-type-options': 'nosniff',
  }
}

export function whole(file: Fixture): Expected {
  return { status: 200, headers: fields(file, file.bytes.length), body: file.bytes }
}

function headOf(file: Fixture): Expected {
  return { ...whole(file), body: '' }
}

/** A 206 with the bytes from first to last, both inclusive. */
export function part(file: Fixture, first: number, last: number): Expected {
  const headers = fields(file, last - first + 1)
  headers['content-range'] = `bytes ${first}-${last}/${file.bytes.length}`
  return { status: 206, headers, body: file.bytes.subarray(first, last + 1) }
}

/** A 206 with several parts. */
function parts(file: Fixture, ...ranges: readonly (readonly [number, number])[]): Expected {
  const pieces = ranges.flatMap(([first, last]) => [
    `\r\n--${BOUNDARY}\r\n`,
    `Content-Type: ${file.type}\r\n`,
    `Content-Range: bytes ${first}-${last}/${file.bytes.length}\r\n\r\n`,
    file.bytes.subarray(first, last + 1),
  ])
  const body = Buffer.concat(
    [...pieces, `\r\n--${BOUNDARY}--\r\n`].map((piece) => Buffer.from(piece)),
  )
  const headers = fields(file, body.length)
  headers['content-type'] = `multipart/byteranges; boundary=${BOUNDARY}`
  return { status: 206, headers, body }
}

function unsatisfiable(file: Fixture): Expected {
  const headers = { 'content-length': '0', 'content-range': `bytes */${file.bytes.length}` }
  return { status: 416, headers, body: '' }
}

/** `0-0,2-2,4-4,…` */
function set(count: number): string {
  return Array.from({ length: count }, (_, index) => `${2 * index}-${2 * index}`).join()
}

/** The same as pairs. */
function pairs(count: number): [number, number][] {
  return Array.from({ length: count }, (_, index) => [2 * index, 2 * index])
}

const WHOLE: Draft[] = [
  {
    name: '§15.3.1: no range, written out',
    lines: ['GET /film.mp4 HTTP/1.1'],
    file: FILM,
    expected: {
      status: 200,
      headers: {
        'accept-ranges': 'bytes',
        'cache-control': 'no-cache',
        'content-length': '1000',
        'content-type': 'video/mp4',
        etag: '{etag}',
        'last-modified': '{date}',
        'x-content-type-options': 'nosniff',
      },
      body: FILM.bytes,
    },
  },
  get('an empty file', EMPTY, [], whole(EMPTY)),
  get('a file of one byte', ONE, [], whole(ONE)),
  get('a file of 300 KiB', MEDIUM, [], whole(MEDIUM)),
  get('a file of 3 MiB', LARGE, [], whole(LARGE)),
  get('an archive', ARCHIVE, [], whole(ARCHIVE)),
  get('a scene', SCENE, [], whole(SCENE)),
  get('a page', PAGE, [], whole(PAGE)),
  get('captions', CAPTIONS, [], whole(CAPTIONS)),
  get('a playlist', PLAYLIST, [], whole(PLAYLIST)),
  get('a name that promises no media type', DATA, [], whole(DATA)),
  ...AT_THRESHOLDS.map((file) =>
    get(`a file of ${file.bytes.length} bytes`, file, [], whole(file)),
  ),
]

const SINGLE: Draft[] = [
  {
    name: '§15.3.7: the first ten bytes, written out',
    lines: ['GET /film.mp4 HTTP/1.1', 'Range: bytes=0-9'],
    file: FILM,
    expected: {
      status: 206,
      headers: {
        'accept-ranges': 'bytes',
        'cache-control': 'no-cache',
        'content-length': '10',
        'content-range': 'bytes 0-9/1000',
        'content-type': 'video/mp4',
        etag: '{etag}',
        'last-modified': '{date}',
        'x-content-type-options': 'nosniff',
      },
      body: '0000000 00',
    },
  },
  ...same('§14.1.2', FILM, 'Range', ['bytes=0-499'], part(FILM, 0, 499)),
  ...same('§14.1.2', FILM, 'Range', ['bytes=500-999', 'bytes=-500'], part(FILM, 500, 999)),
  ...same('the first byte', FILM, 'Range', ['bytes=0-0', 'bytes=1000-,0-0'], part(FILM, 0, 0)),
  ...same(
    'the last byte',
    FILM,
    'Range',
    ['bytes=999-999', 'bytes=999-', 'bytes=-1', 'bytes=999-1000', 'bytes=999-9999999'],
    part(FILM, 999, 999),
  ),
  ...same(
    'all of it is still a part',
    FILM,
    'Range',
    ['bytes=0-', 'bytes=0-999', 'bytes=0-1000', 'bytes=-1000', 'bytes=-1001', 'bytes=-99999'],
    part(FILM, 0, 999),
  ),
  ...same(
    'numbers of any length',
    FILM,
    'Range',
    [
      'bytes=990-9007199254740993',
      'bytes=990-99999999999999999999999999999999999999',
      'bytes=0990-0999',
      'bytes=000000000000000000000000000000000990-',
      'bytes=-00000000000000000000000000000000010',
    ],
    part(FILM, 990, 999),
  ),
  ...same(
    'a suffix of more than 2^53',
    FILM,
    'Range',
    ['bytes=-9007199254740993', `bytes=-${'9'.repeat(400)}`],
    part(FILM, 0, 999),
  ),
  ...same(
    '§5.6.1.2, §5.6.3: white space and empty list elements',
    FILM,
    'Range',
    [
      'bytes= 10-19',
      'bytes=\t10-19',
      'bytes=10-19 ',
      'bytes=,10-19',
      'bytes=10-19,',
      'bytes=,,,10-19,,,',
      'bytes= , 10-19\t, ',
    ],
    part(FILM, 10, 19),
  ),
  ...same(
    '§14.1: range units are case-insensitive',
    FILM,
    'Range',
    ['BYTES=10-19', 'Bytes=10-19', 'bYtEs=10-19'],
    part(FILM, 10, 19),
  ),
  ...['range', 'RANGE', 'rAnGe'].map((name) =>
    get(
      `§5.1: field names are case-insensitive: ${name}`,
      FILM,
      [`${name}: bytes=10-19`],
      part(FILM, 10, 19),
    ),
  ),
  get(
    'white space around a field value is not part of it',
    FILM,
    ['Range:  \tbytes=10-19\t '],
    part(FILM, 10, 19),
  ),
  get('white space behind If-Match', FILM, ['If-Match: * '], whole(FILM)),
  get('white space behind If-None-Match', FILM, ['If-None-Match: *\t '], NOT_MODIFIED),
  get('white space behind If-Modified-Since', FILM, ['If-Modified-Since: {date} '], NOT_MODIFIED),
  get(
    'white space behind If-Unmodified-Since',
    FILM,
    ['If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT\t'],
    FAILED,
  ),
  get(
    'white space behind If-Range',
    FILM,
    ['Range: bytes=10-19', 'If-Range: {etag}\t\t'],
    part(FILM, 10, 19),
  ),
  get('no white space before a field value', FILM, ['Range:bytes=10-19'], part(FILM, 10, 19)),
  get('a range of a page', PAGE, ['Range: bytes=10-19'], part(PAGE, 10, 19)),
  get('a range of data', DATA, ['Range: bytes=10-19'], part(DATA, 10, 19)),
  get('a range of an archive', ARCHIVE, ['Range: bytes=10-19'], part(ARCHIVE, 10, 19)),
  get(
    'a long range of an archive',
    ARCHIVE,
    ['Range: bytes=10-1999999'],
    part(ARCHIVE, 10, 1999999),
  ),
  get('a range of 300 KiB', MEDIUM, ['Range: bytes=150000-'], part(MEDIUM, 150000, 307199)),
  get('the middle of 300 KiB', MEDIUM, ['Range: bytes=1-307198'], part(MEDIUM, 1, 307198)),
  get('the first byte of 3 MiB', LARGE, ['Range: bytes=0-0'], part(LARGE, 0, 0)),
  get('the last byte of 3 MiB', LARGE, ['Range: bytes=-1'], part(LARGE, 3145727, 3145727)),
  get('all of 3 MiB, as a part', LARGE, ['Range: bytes=0-'], part(LARGE, 0, 3145727)),
  get('all but the ends of 3 MiB', LARGE, ['Range: bytes=1-3145726'], part(LARGE, 1, 3145726)),
  get('the end of 3 MiB', LARGE, ['Range: bytes=2000000-'], part(LARGE, 2000000, 3145727)),
  ...[-1, 0, 1].flatMap((more) =>
    THRESHOLDS.flatMap((threshold) => {
      const length = threshold + more
      const from = 3 * MIB - length
      return [
        get(
          `${length} bytes from inside`,
          LARGE,
          [`Range: bytes=1000001-${1000000 + length}`],
          part(LARGE, 1000001, 1000000 + length),
        ),
        get(
          `the last ${length} bytes`,
          LARGE,
          [`Range: bytes=-${length}`],
          part(LARGE, from, 3 * MIB - 1),
        ),
      ]
    }),
  ),
]

const IGNORED: Draft[] = [
  ...same(
    '§14.2: an invalid ranges-specifier is ignored',
    FILM,
    'Range',
    [
      '',
      'bytes',
      'bytes=',
      'bytes= ',
      'bytes=,',
      'bytes=, ,',
      'bytes=-',
      'bytes=5-2',
      'bytes=0-4,5-2',
      'bytes=9007199254740993-9007199254740992',
      'bytes=abc',
      'bytes=0',
      'bytes=0-4,5',
      'bytes=0-4,abc',
      'bytes=0-4 5-9',
      'bytes=0-4;5-9',
      'bytes=0-4-9',
      'bytes=--5',
      'bytes=0--5',
      'bytes=+0-4',
      'bytes=0-+4',
      'bytes=0.0-4',
      'bytes=0x0-0x4',
      'bytes=1e1-1e2',
      'bytes=0 - 4',
      'bytes=0- 4',
      'bytes="0-4"',
      'bytes=*',
      'bytes=*/1000',
      'bytes 0-4/1000',
      'bytes =0-4',
      'bytes:0-4',
      '=0-4',
      '0-4',
      'bytes=\u00b2-\u00b3',
    ],
    whole(FILM),
  ),
  ...same(
    '§14.1: another range unit',
    FILM,
    'Range',
    ['seconds=0-4', 'items=0-4', 'none', 'bytess=0-4', 'kbytes=0-4', 'lines=1-', 'bytes2=0-4'],
    whole(FILM),
  ),
  get(
    'two Range fields are no range set',
    FILM,
    ['Range: bytes=0-0', 'Range: bytes=2-2'],
    whole(FILM),
  ),
  get('an invalid set on 3 MiB', LARGE, ['Range: bytes=5-2'], whole(LARGE)),
  get('another unit on 3 MiB', LARGE, ['Range: seconds=0-4'], whole(LARGE)),
  get('an invalid set on an archive', ARCHIVE, ['Range: bytes=abc'], whole(ARCHIVE)),
  get('an invalid set on 300 KiB', MEDIUM, ['Range: bytes=abc'], whole(MEDIUM)),
]

const UNSATISFIABLE: Draft[] = [
  ...same(
    '§15.5.17',
    FILM,
    'Range',
    [
      'bytes=-0',
      'bytes=-0000',
      'bytes=1000-',
      'bytes=1000-1000',
      'bytes=1000-2000',
      'bytes=4294967296-',
      'bytes=9007199254740993-',
      'bytes=18446744073709551616-',
      `bytes=${'9'.repeat(400)}-`,
      'bytes=1000-,-0',
      'bytes=1000-1001,2000-2001, 3000-',
    ],
    unsatisfiable(FILM),
  ),
  get('of a file of one byte', ONE, ['Range: bytes=1-'], unsatisfiable(ONE)),
  get('of 3 MiB', LARGE, ['Range: bytes=3145728-'], unsatisfiable(LARGE)),
  get('of a page', PAGE, ['Range: bytes=300-400'], unsatisfiable(PAGE)),
]

const EDGES: Draft[] = [
  ...same(
    'an empty file has no part',
    EMPTY,
    'Range',
    ['bytes=0-', 'bytes=0-0', 'bytes=-1', 'bytes=-0', 'bytes=5-', 'bytes=0-0,-1', 'bytes=abc'],
    whole(EMPTY),
  ),
  ...same(
    'one byte',
    ONE,
    'Range',
    ['bytes=0-', 'bytes=0-0', 'bytes=0-9', 'bytes=-1', 'bytes=-9', 'bytes=0-0,1-1'],
    part(ONE, 0, 0),
  ),
  get('more than one byte has', ONE, ['Range: bytes=0-0,-1'], whole(ONE)),
]

const MULTIPART: Draft[] = [
  {
    name: '§14.6: two parts, written out',
    lines: ['GET /film.mp4 HTTP/1.1', 'Range: bytes=0-7,-8'],
    file: FILM,
    expected: {
      status: 206,
      headers: {
        'accept-ranges': 'bytes',
        'cache-control': 'no-cache',
        'content-length': '264',
        'content-type': 'multipart/byteranges; boundary=--------------boundary--------------',
        etag: '{etag}',
        'last-modified': '{date}',
        'x-content-type-options': 'nosniff',
      },
      body:
        '\r\n' +
        '----------------boundary--------------\r\n' +
        'Content-Type: video/mp4\r\n' +
        'Content-Range: bytes 0-7/1000\r\n' +
        '\r\n' +
        '0000000 \r\n' +
        '----------------boundary--------------\r\n' +
        'Content-Type: video/mp4\r\n' +
        'Content-Range: bytes 992-999/1000\r\n' +
        '\r\n' +
        '0000992 \r\n' +
        '----------------boundary----------------\r\n',
    },
  },
  ...same(
    '§14.1.2',
    FILM,
    'Range',
    ['bytes=0-0,-1', 'bytes= 0-0, -1', 'bytes=0-0\t,\t-1', 'bytes=,0-0,,-1,', 'bytes=00-00,-001'],
    parts(FILM, [0, 0], [999, 999]),
  ),
  get(
    'in the order asked',
    FILM,
    ['Range: bytes=-2,0-1,500-501'],
    parts(FILM, [998, 999], [0, 1], [500, 501]),
  ),
  get('next to each other', FILM, ['Range: bytes=0-99,100-199'], parts(FILM, [0, 99], [100, 199])),
  get('one in another', FILM, ['Range: bytes=0-99,50-59'], parts(FILM, [0, 99], [50, 59])),
  get('the same twice', FILM, ['Range: bytes=7-9,7-9'], parts(FILM, [7, 9], [7, 9])),
  get(
    'less the unsatisfiable one',
    FILM,
    ['Range: bytes=0-0,1000-,5-5'],
    parts(FILM, [0, 0], [5, 5]),
  ),
  get(
    'less the suffix of no bytes',
    FILM,
    ['Range: bytes=-0,0-0,5-5'],
    parts(FILM, [0, 0], [5, 5]),
  ),
  get('cut at the end', FILM, ['Range: bytes=0-0,990-9999'], parts(FILM, [0, 0], [990, 999])),
  get(
    'one satisfiable of two is a plain part',
    FILM,
    ['Range: bytes=10-19,1000-'],
    part(FILM, 10, 19),
  ),
  get('the other of two', FILM, ['Range: bytes=1000-,10-19'], part(FILM, 10, 19)),
  get('one satisfiable of 16', FILM, [`Range: bytes=${'1000-,'.repeat(15)}0-0`], part(FILM, 0, 0)),
  get(
    'as much as the file',
    FILM,
    ['Range: bytes=0-499,500-999'],
    parts(FILM, [0, 499], [500, 999]),
  ),
  get(
    'as much as the file, backwards',
    FILM,
    ['Range: bytes=-500,0-499'],
    parts(FILM, [500, 999], [0, 499]),
  ),
  get('§17.15: a byte more than the file', FILM, ['Range: bytes=0-499,499-999'], whole(FILM)),
  get('§17.15: the file twice', FILM, ['Range: bytes=0-,0-'], whole(FILM)),
  ...[2, 3, 4, 5, 8, 16, 17, 255, 500].map((count) =>
    get(`${count} parts`, FILM, [`Range: bytes=${set(count)}`], parts(FILM, ...pairs(count))),
  ),
  get(
    '1000, of which one is satisfiable',
    FILM,
    [`Range: bytes=${'1000-,'.repeat(999)}0-0`],
    part(FILM, 0, 0),
  ),
  get(
    '1001, of which one is satisfiable',
    FILM,
    [`Range: bytes=${'1000-,'.repeat(1000)}0-0`],
    whole(FILM),
  ),
  get(
    '1001, of which none is satisfiable',
    FILM,
    [`Range: bytes=${'1000-,'.repeat(1001)}`],
    whole(FILM),
  ),
  get('16 and empty elements', FILM, [`Range: bytes=,,${set(16)},,`], parts(FILM, ...pairs(16))),
  get('of a page', PAGE, ['Range: bytes=0-0,-1'], parts(PAGE, [0, 0], [299, 299])),
  get('of data', DATA, ['Range: bytes=0-0,-1'], parts(DATA, [0, 0], [299, 299])),
  get(
    'of an archive',
    ARCHIVE,
    ['Range: bytes=0-0,-1'],
    parts(ARCHIVE, [0, 0], [2097151, 2097151]),
  ),
  get(
    'of 300 KiB',
    MEDIUM,
    ['Range: bytes=0-99999,200000-'],
    parts(MEDIUM, [0, 99999], [200000, 307199]),
  ),
  get('of 3 MiB', LARGE, ['Range: bytes=0-9,-10'], parts(LARGE, [0, 9], [3145718, 3145727])),
  get(
    'of 3 MiB, half a MiB in all',
    LARGE,
    ['Range: bytes=0-99999,1000000-1399999'],
    parts(LARGE, [0, 99999], [1000000, 1399999]),
  ),
  get(
    'of 3 MiB, 1.5 MB in all',
    LARGE,
    ['Range: bytes=0-499999,1500000-2499999'],
    parts(LARGE, [0, 499999], [1500000, 2499999]),
  ),
  get('more than 3 MiB', LARGE, ['Range: bytes=0-2999999,1000000-'], whole(LARGE)),
]

const HEAD: Draft[] = [
  ...[FILM, EMPTY, ONE, MEDIUM, LARGE, ARCHIVE, PAGE, DATA].map((file) =>
    head(`HEAD of ${file.path}`, file, [], headOf(file)),
  ),
  ...['bytes=0-0', 'bytes=-1', 'bytes=0-0,-1', 'bytes=1000-', 'bytes=-0', 'bytes=abc'].map(
    (range) => head(`§14.2: HEAD ignores Range: ${range}`, FILM, [`Range: ${range}`], headOf(FILM)),
  ),
  head('§14.2: HEAD of 3 MiB ignores Range', LARGE, ['Range: bytes=10-'], headOf(LARGE)),
  head('HEAD with If-Range', FILM, ['Range: bytes=0-0', 'If-Range: {etag}'], headOf(FILM)),
  head('HEAD with If-None-Match', FILM, ['If-None-Match: {etag}'], NOT_MODIFIED),
  head('HEAD with If-Modified-Since', FILM, ['If-Modified-Since: {date}'], NOT_MODIFIED),
  head('HEAD with If-Match', FILM, ['If-Match: "other"'], FAILED),
  head('HEAD with If-Unmodified-Since', FILM, ['If-Unmodified-Since: {earlier}'], FAILED),
  {
    name: 'HEAD of what is not there',
    lines: ['HEAD /missing.mp4 HTTP/1.1'],
    file: FILM,
    expected: NOT_FOUND,
  },
]

const NO_DATES = [
  '0',
  'now',
  'Fri, 31 Dec 2100',
  '2100-12-31T23:59:59Z',
  '2100-12-31',
  '4133894400',
  'Fri, 31 Dec 2100 23:59:59',
  'Fri, 31 Dec 2100 23:59:59 UTC',
  'Fri, 31 Dec 2100 23:59:59 +0000',
  'fri, 31 dec 2100 23:59:59 gmt',
  'Sat, 31 Dec 2100 23:59:59 GMT',
  'Fri, 32 Dec 2100 23:59:59 GMT',
  'Wed, 31 Feb 2100 23:59:59 GMT',
  'Fri, 31 Dec 2100 24:00:00 GMT',
  'Fri, 31 Dec 2100 23:59:59.000 GMT',
  '31 Dec 2100 23:59:59 GMT',
]

const CONDITIONAL: Draft[] = [
  ...same(
    '§13.1.1',
    FILM,
    'If-Match',
    ['{etag}', '*', '"other", {etag}', '"a,b",,{etag}'],
    whole(FILM),
  ),
  ...same(
    '§13.1.1',
    FILM,
    'If-Match',
    ['"other"', '"a", "b"', '""', '"a,{etag}"'.replace('{etag}', 'b')],
    FAILED,
  ),
  ...same('§13.1.1: compared strongly', FILM, 'If-Match', ['W/{etag}', '"a", W/{etag}'], FAILED),
  ...same(
    '§13.1.1: no list of entity tags',
    FILM,
    'If-Match',
    ['other', '"open', '"a" "b"', 'w/"a"', '*, {etag}', ''],
    FAILED,
  ),
  get('§5.3: If-Match in two fields', FILM, ['If-Match: "a"', 'If-Match: {etag}'], whole(FILM)),
  get('before Range', FILM, ['If-Match: "other"', 'Range: bytes=0-0'], FAILED),
  get('before an unsatisfiable Range', FILM, ['If-Match: "other"', 'Range: bytes=1000-'], FAILED),
  get('If-Match holds, Range', FILM, ['If-Match: {etag}', 'Range: bytes=0-9'], part(FILM, 0, 9)),
  get('If-Match: *, Range', FILM, ['If-Match: *', 'Range: bytes=0-9'], part(FILM, 0, 9)),
  get('If-Match fails on 3 MiB', LARGE, ['If-Match: "other"'], FAILED),
  get('If-Match fails on an empty file', EMPTY, ['If-Match: "other"'], FAILED),

  ...same(
    '§13.1.2',
    FILM,
    'If-None-Match',
    ['{etag}', '*', '"other", {etag}', '"a,b",,{etag}'],
    NOT_MODIFIED,
  ),
  ...same(
    '§13.1.2: compared weakly',
    FILM,
    'If-None-Match',
    ['W/{etag}', '"a", W/{etag}'],
    NOT_MODIFIED,
  ),
  ...same(
    '§13.1.2',
    FILM,
    'If-None-Match',
    ['"other"', 'W/"other"', '"a", "b"', '""'],
    whole(FILM),
  ),
  ...same(
    'no entity tag, ignored',
    FILM,
    'If-None-Match',
    ['other', '"open', '"a" "b"', ''],
    whole(FILM),
  ),
  get('before a Range', FILM, ['If-None-Match: {etag}', 'Range: bytes=0-0'], NOT_MODIFIED),
  get(
    'before an unsatisfiable Range as well',
    FILM,
    ['If-None-Match: {etag}', 'Range: bytes=1000-'],
    NOT_MODIFIED,
  ),
  get('no match, Range', FILM, ['If-None-Match: "other"', 'Range: bytes=0-9'], part(FILM, 0, 9)),
  get(
    '§5.3: If-None-Match in two fields',
    FILM,
    ['If-None-Match: "a"', 'If-None-Match: {etag}'],
    NOT_MODIFIED,
  ),
  get('If-None-Match on 3 MiB', LARGE, ['If-None-Match: {etag}'], NOT_MODIFIED),
  get('If-None-Match on an archive', ARCHIVE, ['If-None-Match: {etag}'], NOT_MODIFIED),
  get('If-None-Match on an empty file', EMPTY, ['If-None-Match: {etag}'], NOT_MODIFIED),
  get('If-None-Match on a page', PAGE, ['If-None-Match: {etag}'], NOT_MODIFIED),

  ...same(
    '§13.1.3',
    FILM,
    'If-Modified-Since',
    ['{date}', '{rfc850}', '{asctime}', '{later}', 'Fri, 31 Dec 2100 23:59:59 GMT'],
    NOT_MODIFIED,
  ),
  ...same(
    '§13.1.3',
    FILM,
    'If-Modified-Since',
    [
      '{earlier}',
      'Thu, 01 Jan 1970 00:00:00 GMT',
      'Sunday, 06-Nov-94 08:49:37 GMT',
      'Sun Nov  6 08:49:37 1994',
    ],
    whole(FILM),
  ),
  ...same('§5.6.7: no HTTP-date, ignored', FILM, 'If-Modified-Since', NO_DATES, whole(FILM)),
  get(
    '§13.1.3: more than one date, ignored',
    FILM,
    ['If-Modified-Since: {date}', 'If-Modified-Since: {date}'],
    whole(FILM),
  ),
  get('a date before Range', FILM, ['If-Modified-Since: {date}', 'Range: bytes=0-0'], NOT_MODIFIED),
  get(
    'a date, then Range',
    FILM,
    ['If-Modified-Since: {earlier}', 'Range: bytes=0-9'],
    part(FILM, 0, 9),
  ),

  ...same(
    '§13.1.4',
    FILM,
    'If-Unmodified-Since',
    ['{date}', '{rfc850}', '{asctime}', '{later}', 'Fri, 31 Dec 2100 23:59:59 GMT'],
    whole(FILM),
  ),
  ...same(
    '§13.1.4',
    FILM,
    'If-Unmodified-Since',
    [
      '{earlier}',
      'Thu, 01 Jan 1970 00:00:00 GMT',
      'Sunday, 06-Nov-94 08:49:37 GMT',
      'Sun Nov  6 08:49:37 1994',
    ],
    FAILED,
  ),
  ...same(
    'no HTTP-date, ignored',
    FILM,
    'If-Unmodified-Since',
    ['0', '1994-11-06', 'yesterday', ''],
    whole(FILM),
  ),
  get(
    '§13.1.4: more than one date, ignored',
    FILM,
    ['If-Unmodified-Since: {earlier}', 'If-Unmodified-Since: {earlier}'],
    whole(FILM),
  ),
  get(
    'no later date, Range',
    FILM,
    ['If-Unmodified-Since: {date}', 'Range: bytes=0-9'],
    part(FILM, 0, 9),
  ),
  get('a later date, Range', FILM, ['If-Unmodified-Since: {earlier}', 'Range: bytes=0-9'], FAILED),

  get(
    '§13.2.2: 1 before 2, holds',
    FILM,
    ['If-Match: {etag}', 'If-Unmodified-Since: {earlier}'],
    whole(FILM),
  ),
  get(
    '§13.2.2: 1 before 2, fails',
    FILM,
    ['If-Match: "other"', 'If-Unmodified-Since: {date}'],
    FAILED,
  ),
  get('§13.2.2: 1 before 3', FILM, ['If-None-Match: {etag}', 'If-Match: "other"'], FAILED),
  get('§13.2.2: 1, then 3', FILM, ['If-Match: {etag}', 'If-None-Match: {etag}'], NOT_MODIFIED),
  get(
    '§13.2.2: 2 before 3',
    FILM,
    ['If-None-Match: {etag}', 'If-Unmodified-Since: {earlier}'],
    FAILED,
  ),
  get(
    '§13.2.2: 2 before 4',
    FILM,
    ['If-Modified-Since: {date}', 'If-Unmodified-Since: {earlier}'],
    FAILED,
  ),
  get(
    '§13.2.2: 3 before 4, no match',
    FILM,
    ['If-None-Match: "other"', 'If-Modified-Since: {date}'],
    whole(FILM),
  ),
  get(
    '§13.2.2: 3 before 4, a match',
    FILM,
    ['If-None-Match: {etag}', 'If-Modified-Since: {earlier}'],
    NOT_MODIFIED,
  ),
  get(
    '§13.2.2: 3 before 5',
    FILM,
    ['If-None-Match: {etag}', 'If-Range: {etag}', 'Range: bytes=0-9'],
    NOT_MODIFIED,
  ),
  get(
    '§13.2.2: all of them',
    FILM,
    [
      'If-Match: {etag}',
      'If-Unmodified-Since: {date}',
      'If-None-Match: "other"',
      'If-Modified-Since: {date}',
      'If-Range: {date}',
      'Range: bytes=0-9',
    ],
    part(FILM, 0, 9),
  ),
]

const IF_RANGE: Draft[] = [
  ...['{etag}', '{date}', '{rfc850}', '{asctime}'].map((value) =>
    get(
      `§13.1.5: If-Range: ${value}`,
      FILM,
      ['Range: bytes=0-9', `If-Range: ${value}`],
      part(FILM, 0, 9),
    ),
  ),
  ...[
    '"other"',
    'W/{etag}',
    'W/"other"',
    '*',
    '',
    'other',
    '"other", {etag}',
    '{etag}, "other"',
    '{earlier}',
    '{later}',
    'Thu, 01 Jan 1970 00:00:00 GMT',
    ...NO_DATES,
  ].map((value) =>
    get(
      `§13.1.5: stale If-Range: ${value}`,
      FILM,
      ['Range: bytes=0-9', `If-Range: ${value}`],
      whole(FILM),
    ),
  ),
  get('If-Range without Range', FILM, ['If-Range: {etag}'], whole(FILM)),
  get('stale If-Range without Range', FILM, ['If-Range: "other"'], whole(FILM)),
  get(
    'If-Range and an unsatisfiable Range',
    FILM,
    ['Range: bytes=1000-', 'If-Range: {etag}'],
    unsatisfiable(FILM),
  ),
  get(
    'stale If-Range and an unsatisfiable Range',
    FILM,
    ['Range: bytes=1000-', 'If-Range: "other"'],
    whole(FILM),
  ),
  get(
    'If-Range and two ranges',
    FILM,
    ['Range: bytes=0-0,-1', 'If-Range: {etag}'],
    parts(FILM, [0, 0], [999, 999]),
  ),
  get(
    'stale If-Range and two ranges',
    FILM,
    ['Range: bytes=0-0,-1', 'If-Range: "other"'],
    whole(FILM),
  ),
  get('If-Range on 3 MiB', LARGE, ['Range: bytes=9-', 'If-Range: {etag}'], part(LARGE, 9, 3145727)),
  get('stale If-Range on 3 MiB', LARGE, ['Range: bytes=9-', 'If-Range: "other"'], whole(LARGE)),
]

const METHODS: Draft[] = [
  ...['/film.mp4', '/missing.mp4', '/sub', '/.hidden.mp4'].map((target) => ({
    name: `OPTIONS ${target}`,
    lines: [`OPTIONS ${target} HTTP/1.1`],
    file: FILM,
    expected: OPTIONS,
  })),
  ...['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND', 'QUERY'].map((method) => ({
    name: `${method}, nothing else`,
    lines: [`${method} /film.mp4 HTTP/1.1`],
    file: FILM,
    expected: NOT_ALLOWED,
  })),
  {
    name: 'POST with a body',
    lines: ['POST /film.mp4 HTTP/1.1', 'Content-Length: 5'],
    content: 'hello',
    file: FILM,
    expected: NOT_ALLOWED,
  },
  {
    name: 'POST with a chunked body',
    lines: ['POST /film.mp4 HTTP/1.1', 'Transfer-Encoding: chunked'],
    content: '5\r\nhello\r\n0\r\n\r\n',
    file: FILM,
    expected: NOT_ALLOWED,
  },
  {
    name: 'POST of what is not there',
    lines: ['POST /missing.mp4 HTTP/1.1', 'Content-Length: 0'],
    file: FILM,
    expected: NOT_ALLOWED,
  },
  {
    name: 'DELETE with a precondition that fails, and a range',
    lines: ['DELETE /film.mp4 HTTP/1.1', 'If-Match: "other"', 'Range: bytes=0-0'],
    file: FILM,
    expected: NOT_ALLOWED,
  },
]

const FOUND: Draft[] = [
  ...Object.entries(NAMED).map(([what, file]) =>
    get(`a name with ${what}`, file, ['Range: bytes=1-9'], part(file, 1, 9)),
  ),
  get('a file in a directory', INNER, [], whole(INNER)),
  get('.well-known', WELL_KNOWN, [], whole(WELL_KNOWN)),
  asked('a query', '/film.mp4?t=1', FILM, whole(FILM)),
  asked('a query of paths', '/film.mp4?/../../etc/passwd', FILM, whole(FILM)),
  asked('an empty query', '/film.mp4?', FILM, whole(FILM)),
  asked('escaped letters', '/%66%69lm.mp4', FILM, whole(FILM)),
  asked(
    'an escaped plus sign',
    '/a%2Bb.mp4',
    NAMED['a plus sign'] ?? FILM,
    whole(NAMED['a plus sign'] ?? FILM),
  ),
  asked(
    'a plus sign as it is',
    '/a+b.mp4',
    NAMED['a plus sign'] ?? FILM,
    whole(NAMED['a plus sign'] ?? FILM),
  ),
  asked('repeated slashes count as one', '/sub//inner.mp4', INNER, whole(INNER)),
  asked('two slashes first are no host', '//film.mp4', FILM, whole(FILM)),
  asked('dot segments inside', '/sub/../film.mp4', FILM, whole(FILM)),
  asked('dot segments at the root', '/../../film.mp4', FILM, whole(FILM)),
  asked('a single dot', '/./film.mp4', FILM, whole(FILM)),
  asked('escaped dot segments are dot segments', '/sub/%2e%2E/film.mp4', FILM, whole(FILM)),
  asked('a fragment, which no client should send', '/film.mp4#t=1', FILM, whole(FILM)),
  asked('an absolute-form target', 'http://localhost/film.mp4', FILM, whole(FILM)),
  asked(
    'an absolute-form target of another host',
    'http://example.org/film.mp4?a',
    FILM,
    whole(FILM),
  ),
]

const MISSING: Draft[] = [
  notFound('nothing of the name', '/missing.mp4'),
  notFound('nothing below a file', '/film.mp4/film.mp4'),
  notFound('nothing in a missing directory', '/missing/film.mp4'),
  notFound('the root', '/'),
  notFound('the root with a query', '/?film.mp4'),
  notFound('a directory', '/sub'),
  notFound('a directory with its slash', '/sub/'),
  notFound('a file with a trailing slash', '/film.mp4/'),
  notFound('a hidden file', '/.hidden.mp4'),
  notFound('a hidden file by escape', '/%2ehidden.mp4'),
  notFound('a file in a hidden directory', '/.git/film.mp4'),
  notFound('more dots', '/.../film.mp4'),
  notFound('other case', '/FILM.mp4'),
  notFound('path parameters', '/film.mp4;v=1'),
  notFound('a trailing space', '/film.mp4%20'),
  notFound('a trailing dot', '/film.mp4.'),
  notFound('an escaped slash', '/sub%2finner.mp4'),
  notFound('an escaped slash at the end', '/film.mp4%2F'),
  notFound('an escaped backslash', '/sub%5cinner.mp4'),
  notFound('traversal', '/../../../../../../../../etc/passwd'),
  notFound('traversal by escaped slashes', '/..%2f..%2f..%2f..%2fetc%2fpasswd'),
  notFound('traversal by escaped dots', '/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd'),
  notFound('traversal by all escaped', '/%2e%2e%2f%2e%2e%2fetc%2fpasswd'),
  notFound('traversal by escapes of escapes', '/%252e%252e%252foutside%252fsecret.mp4'),
  notFound('traversal by backslashes', '/..%5c..%5cetc%5cpasswd'),
  notFound('traversal to next door', '/../outside/secret.mp4'),
  notFound('traversal by overlong UTF-8', '/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd'),
  notFound('an absolute path', '/%2fetc%2fpasswd'),
  notFound('a file of the process', '/proc/self/environ'),
  notFound('a drive letter', '/C:/film.mp4'),
  notFound('a NUL', '/film.mp4%00'),
  notFound('a NUL inside', '/film%00.mp4'),
  notFound('a NUL and another name', '/film.mp4%00.html'),
  notFound('a percent sign alone', '/film.mp4%'),
  notFound('half an escape', '/film%2.mp4'),
  notFound('an escape of no number', '/%zzfilm.mp4'),
  notFound('invalid UTF-8', '/%ff%fe.mp4'),
  notFound('half a character of UTF-8', '/%e2%82.mp4'),
  notFound('a surrogate in UTF-8', '/%ed%a0%80.mp4'),
  notFound('another normal form', `/${encodeURIComponent('u\u0308n.mp4')}`),
  notFound('a line break', '/film.mp4%0d%0aX: 1'.replace(' ', '%20')),
  notFound('a link that leads out', '/escape.mp4'),
  notFound('a directory that leads out', '/outside/secret.mp4'),
  notFound('a link that leads to itself', '/loop.mp4'),
  notFound('a FIFO', '/pipe.mp4'),
  notFound('a name longer than names can be', `/${'a'.repeat(300)}.mp4`),
  notFound('a path longer than paths can be', `/${'a/'.repeat(2500)}a`),
  {
    name: 'preconditions and a range of what is not there',
    lines: ['GET /missing.mp4 HTTP/1.1', 'If-Match: *', 'If-None-Match: *', 'Range: bytes=0-0'],
    file: FILM,
    expected: NOT_FOUND,
  },
]

const UNAVAILABLE: Expected = {
  status: 503,
  headers: { 'content-length': '0', 'retry-after': '1' },
  body: '',
}

/** What a source of `size` bytes without any more to it gets. */
function bare(size: number): Expected {
  const headers = {
    'accept-ranges': 'bytes',
    'content-length': String(size),
    'content-type': 'application/octet-stream',
    'x-content-type-options': 'nosniff',
  }
  return { status: 200, headers, body: Buffer.alloc(size) }
}

const EMPTY_ANSWER: Expected = { status: 200, headers: {}, body: '' }

/** Answers that a lookup of servers/failing.mjs gives by itself. */
const ANSWERS: Draft[] = [
  asked('a text without a type', '/answers/text', FILM, {
    status: 403,
    headers: { 'content-length': '2' },
    body: 'no',
  }),
  asked('a stream', '/answers/stream', FILM, {
    status: 200,
    headers: { 'transfer-encoding': 'chunked' },
    body: Buffer.alloc(1000),
  }),
  {
    name: 'HEAD of a stream says no length',
    lines: ['HEAD /answers/stream HTTP/1.1'],
    file: FILM,
    expected: EMPTY_ANSWER,
  },
  asked('204 has no content', '/answers/no-content', FILM, { ...EMPTY_ANSWER, status: 204 }),
  asked('304 has no content', '/answers/not-modified', FILM, { ...EMPTY_ANSWER, status: 304 }),
]

/** Sources of servers/failing.mjs, as far as the failure shows before the first byte is sent. */
const FAILING: Draft[] = [
  asked('a lookup that throws', '/failing/lookup', FILM, UNAVAILABLE),
  asked('a lookup that rejects', '/failing/lookup-later', FILM, UNAVAILABLE),
  asked('a size below zero', '/failing/size', FILM, UNAVAILABLE),
  asked('a first read that rejects', '/failing/first-read', FILM, UNAVAILABLE),
  asked('a read that gives nothing', '/failing/nothing', FILM, UNAVAILABLE),
  asked('a read that gives too much', '/failing/too-much', FILM, UNAVAILABLE),
  asked('a close that throws harms nobody', '/failing/close', FILM, bare(1000)),
  asked('a stream that is none', '/failing/no-stream', FILM, UNAVAILABLE),
  asked('an answer of text', '/failing/text', FILM, UNAVAILABLE),
  asked('an answer of two bodies', '/failing/two-bodies', FILM, UNAVAILABLE),
  asked('a status that is text', '/failing/status', FILM, UNAVAILABLE),
  {
    name: 'HEAD reads nothing',
    lines: ['HEAD /failing/first-read HTTP/1.1'],
    file: FILM,
    expected: { ...bare(3 * MIB), body: '' },
  },
  {
    name: 'OPTIONS looks nothing up',
    lines: ['OPTIONS /failing/lookup HTTP/1.1'],
    file: FILM,
    expected: OPTIONS,
  },
  {
    name: 'POST looks nothing up',
    lines: ['POST /failing/lookup HTTP/1.1', 'Content-Length: 0'],
    file: FILM,
    expected: NOT_ALLOWED,
  },
]

/** What the failing ones are to say on stderr, in the order of the rows. */
export const COMPLAINTS: readonly string[] = [
  'the lookup failed',
  'the lookup failed later',
  'Expected size to be a whole number >= 0, got -1',
  'the first read failed',
  'Expected 1000 bytes from the source, got 0',
  'Expected 1000 bytes from the source, got 1001',
  'close failed',
  'Expected stream() to give a ReadableStream, got Uint8Array',
  'Expected an Answer of Uint8Arrays, got String,String',
  'Expected an Answer of pieces or a stream, got both',
  'Expected an Answer with a status from 200 to 599, got 200',
]

const CONNECTION: Draft[] = [
  {
    name: 'Connection: close',
    lines: ['GET /film.mp4 HTTP/1.1', 'Range: bytes=0-9', 'Connection: close'],
    file: FILM,
    expected: { ...part(FILM, 0, 9), closes: true },
  },
  {
    name: 'Connection: close, and a failure',
    lines: ['GET /missing.mp4 HTTP/1.1', 'Connection: close'],
    file: FILM,
    expected: { ...NOT_FOUND, closes: true },
  },
  {
    name: 'HTTP/1.0',
    lines: ['GET /film.mp4 HTTP/1.0', 'Host: localhost', 'Range: bytes=0-9'],
    file: FILM,
    expected: { ...part(FILM, 0, 9), closes: true },
  },
  {
    name: 'HTTP/1.0 without Host',
    lines: ['GET /film.mp4 HTTP/1.0', 'Range: bytes=0-9'],
    file: FILM,
    expected: { ...part(FILM, 0, 9), closes: true },
  },
  {
    name: 'HEAD of HTTP/1.0 without Host',
    lines: ['HEAD /film.mp4 HTTP/1.0'],
    file: FILM,
    expected: { ...headOf(FILM), closes: true },
  },
  {
    name: 'a GET with a body',
    lines: ['GET /film.mp4 HTTP/1.1', 'Range: bytes=0-9', 'Content-Length: 5'],
    content: 'hello',
    file: FILM,
    expected: part(FILM, 0, 9),
  },
]

/** What every target answers. */
export const TABLE: readonly Row[] = Object.entries({
  'the whole file': WHOLE,
  'a range': SINGLE,
  'an ignored range': IGNORED,
  'an unsatisfiable range': UNSATISFIABLE,
  'a range of nearly nothing': EDGES,
  'several ranges': MULTIPART,
  HEAD,
  'a precondition': CONDITIONAL,
  'If-Range': IF_RANGE,
  'a method': METHODS,
  'a name': FOUND,
  'no such name': MISSING,
  'a failing source': FAILING,
  'an answer': ANSWERS,
  'a connection': CONNECTION,
}).flatMap(([about, rows]) => named(about, rows))

/** Of rows whose ids would be the same, the second one's ends in `~2`, and so on. */
function named(about: string, rows: readonly Draft[]): Row[] {
  const counts = new Map<string, number>()
  return rows.map((row) => {
    const id = `${toId(about)}/${toId(row.name)}`
    const count = (counts.get(id) ?? 0) + 1
    counts.set(id, count)
    return { ...row, id: count === 1 ? id : `${id}~${count}`, name: `${about}: ${row.name}` }
  })
}

/** A long one, of a row with a long field, is cut. */
function toId(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z\d]+/g, '-')
    .slice(0, 80)
    .replace(/^-|-$/g, '')
}

/** Without Last-Modified: its date tells nothing. */
function undated(expected: Expected): Expected {
  const { 'last-modified': _, ...headers } = expected.headers
  return { ...expected, headers }
}

const OF_FILES: readonly Draft[] = [
  asked('a link that stays inside', '/link.mp4', FILM, whole(FILM)),
  get('modified in the future', FUTURE, [], undated(whole(FUTURE))),
  get('modified at the epoch', EPOCH, [], undated(whole(EPOCH))),
  get('without a date, a range', EPOCH, ['Range: bytes=0-9'], undated(part(EPOCH, 0, 9))),
  get(
    '§13.1.5: without a date, its tag matches If-Range',
    EPOCH,
    ['Range: bytes=0-9', 'If-Range: {etag}'],
    undated(part(EPOCH, 0, 9)),
  ),
  get(
    '§13.1.5: a weak twin of its tag does not',
    EPOCH,
    ['Range: bytes=0-9', 'If-Range: W/{etag}'],
    undated(whole(EPOCH)),
  ),
  get(
    '§13.1.5: nor does the date that was not sent',
    FUTURE,
    ['Range: bytes=0-9', 'If-Range: Thu, 01 Jan 2099 00:00:00 GMT'],
    undated(whole(FUTURE)),
  ),
  get('§13.1.1: nor does the weak twin match If-Match', EPOCH, ['If-Match: W/{etag}'], FAILED),
  get('§13.1.2: but it does match If-None-Match', EPOCH, ['If-None-Match: W/{etag}'], NOT_MODIFIED),
]

/** What only files have: an object of R2 is neither linked nor dated by its writer. */
export const FILES_ONLY: readonly Row[] = named('a file', OF_FILES)
