import { describe, expect, it } from 'vitest'
import { type Decision, decide, type RangeLimits, type Representation } from '../src/decide.ts'
import type { RequestLike } from '../src/source.ts'

const NOW = Date.UTC(2026, 10, 22, 12)
const OLD = 'Sun, 22 Nov 2026 10:00:00 GMT'
const DATE = 'Sun, 22 Nov 2026 11:00:00 GMT'
const NEW = 'Sun, 22 Nov 2026 11:30:00 GMT'
const FUTURE = 'Sun, 22 Nov 2026 13:00:00 GMT'
const modified = new Date(DATE)

const STRONG: Representation = { size: 10, etag: '"a"', lastModified: modified }
const WEAK: Representation = { size: 10, etag: 'W/"a"', lastModified: modified }
const UNDATED: Representation = { size: 10, etag: '"a"' }
const UNTAGGED: Representation = { size: 10, lastModified: modified }
const BARE: Representation = { size: 10 }
const EMPTY: Representation = { size: 0, etag: '"a"', lastModified: modified }
/** Of this second: it may change once more without a change of its date. */
const UNSETTLED: Representation = { size: 10, lastModified: new Date(NOW - 999) }
const UNSETTLED_DATE = 'Sun, 22 Nov 2026 11:59:59 GMT'
const SETTLED: Representation = { size: 10, lastModified: new Date(NOW - 1000) }
const AHEAD: Representation = { size: 10, lastModified: new Date(FUTURE) }
/** Last-Modified says less than the file system does. */
const FRACTION: Representation = { size: 10, lastModified: new Date(modified.getTime() + 999) }

type Fields = Record<string, string>
type Row = [section: string, method: string, fields: Fields, of: Representation, result: Decision]

const whole: Decision = { status: 200 }
const notModified: Decision = { status: 304 }
const failed: Decision = { status: 412 }
const unsatisfiable: Decision = { status: 416 }
const part = (start: number, end: number): Decision => ({ status: 206, ranges: [{ start, end }] })

const RANGE = { Range: 'bytes=0-4' }

const PRECONDITIONS: Row[] = [
  ['§13.2.2: no condition', 'GET', {}, STRONG, whole],
  ['§13.2.2: no condition', 'HEAD', {}, STRONG, whole],

  ['§13.1.1: the current tag', 'GET', { 'If-Match': '"a"' }, STRONG, whole],
  ['§13.1.1: another tag', 'GET', { 'If-Match': '"b"' }, STRONG, failed],
  ['§13.1.1: another tag', 'HEAD', { 'If-Match': '"b"' }, STRONG, failed],
  ['§13.1.1: one of a list', 'GET', { 'If-Match': '"b", "a"' }, STRONG, whole],
  ['§13.1.1: none of a list', 'GET', { 'If-Match': '"b", "c,a"' }, STRONG, failed],
  ['§13.1.1: any', 'GET', { 'If-Match': '*' }, STRONG, whole],
  ['§13.1.1: any, of a file without tag', 'GET', { 'If-Match': '*' }, BARE, whole],
  ['§13.1.1: strong comparison', 'GET', { 'If-Match': 'W/"a"' }, STRONG, failed],
  ['§13.1.1: strong comparison', 'GET', { 'If-Match': '"a"' }, WEAK, failed],
  ['§13.1.1: strong comparison', 'GET', { 'If-Match': 'W/"a"' }, WEAK, failed],
  ['§13.1.1: a file without tag', 'GET', { 'If-Match': '"a"' }, UNTAGGED, failed],
  ['§13.1.1: no entity tag', 'GET', { 'If-Match': 'a' }, STRONG, failed],
  ['§13.1.1: any, and a tag', 'GET', { 'If-Match': '*, "a"' }, STRONG, failed],
  ['§13.1.1: an empty list', 'GET', { 'If-Match': '' }, STRONG, failed],
  ['§13.1.1: a list of nothing', 'GET', { 'If-Match': ',' }, STRONG, failed],

  ['§13.1.4: not since', 'GET', { 'If-Unmodified-Since': DATE }, STRONG, whole],
  ['§13.1.4: not since', 'GET', { 'If-Unmodified-Since': NEW }, STRONG, whole],
  ['§13.1.4: since', 'GET', { 'If-Unmodified-Since': OLD }, STRONG, failed],
  ['§13.1.4: since', 'HEAD', { 'If-Unmodified-Since': OLD }, STRONG, failed],
  ['§13.1.4: a fraction of a second', 'GET', { 'If-Unmodified-Since': DATE }, FRACTION, whole],
  ['§13.1.4: no date', 'GET', { 'If-Unmodified-Since': '2026-01-01' }, STRONG, whole],
  ['§13.1.4: no date', 'GET', { 'If-Unmodified-Since': '0' }, STRONG, whole],
  ['§13.1.4: an undated file', 'GET', { 'If-Unmodified-Since': OLD }, UNDATED, whole],
  ['§8.8.2.2: unsettled', 'GET', { 'If-Unmodified-Since': UNSETTLED_DATE }, UNSETTLED, failed],
  ['§8.8.2.2: unsettled, a later date', 'GET', { 'If-Unmodified-Since': FUTURE }, UNSETTLED, whole],
  [
    '§8.8.2.2: unsettled, a later date',
    'GET',
    { 'If-Modified-Since': FUTURE },
    UNSETTLED,
    notModified,
  ],
  ['§8.8.2.2: settled', 'GET', { 'If-Unmodified-Since': UNSETTLED_DATE }, SETTLED, whole],
  ['§8.8.2.2: ahead', 'GET', { 'If-Unmodified-Since': FUTURE }, AHEAD, failed],
  [
    '§13.1.4: ignored beside If-Match',
    'GET',
    { 'If-Match': '"a"', 'If-Unmodified-Since': OLD },
    STRONG,
    whole,
  ],
  [
    '§13.1.4: ignored beside If-Match',
    'GET',
    { 'If-Match': '"b"', 'If-Unmodified-Since': DATE },
    STRONG,
    failed,
  ],
  [
    '§13.1.4: ignored beside any If-Match',
    'GET',
    { 'If-Match': '*', 'If-Unmodified-Since': OLD },
    STRONG,
    whole,
  ],

  ['§13.1.2: the current tag', 'GET', { 'If-None-Match': '"a"' }, STRONG, notModified],
  ['§13.1.2: the current tag', 'HEAD', { 'If-None-Match': '"a"' }, STRONG, notModified],
  ['§13.1.2: another tag', 'GET', { 'If-None-Match': '"b"' }, STRONG, whole],
  ['§13.1.2: one of a list', 'GET', { 'If-None-Match': '"b", W/"a"' }, STRONG, notModified],
  ['§13.1.2: any', 'GET', { 'If-None-Match': '*' }, STRONG, notModified],
  ['§13.1.2: any, of a file without tag', 'GET', { 'If-None-Match': '*' }, BARE, notModified],
  ['§13.1.2: weak comparison', 'GET', { 'If-None-Match': 'W/"a"' }, STRONG, notModified],
  ['§13.1.2: weak comparison', 'GET', { 'If-None-Match': '"a"' }, WEAK, notModified],
  ['§13.1.2: weak comparison', 'GET', { 'If-None-Match': 'W/"a"' }, WEAK, notModified],
  ['§13.1.2: a file without tag', 'GET', { 'If-None-Match': '"a"' }, UNTAGGED, whole],
  ['§13.1.2: no entity tag', 'GET', { 'If-None-Match': 'a' }, STRONG, whole],
  ['§5.5: other spaces are of the value', 'GET', { 'If-None-Match': '*\xa0' }, STRONG, whole],

  ['§13.1.3: not since', 'GET', { 'If-Modified-Since': DATE }, STRONG, notModified],
  ['§13.1.3: not since', 'HEAD', { 'If-Modified-Since': DATE }, STRONG, notModified],
  ['§13.1.3: not since', 'GET', { 'If-Modified-Since': NEW }, STRONG, notModified],
  ['§13.1.3: since', 'GET', { 'If-Modified-Since': OLD }, STRONG, whole],
  ['§13.1.3: a fraction of a second', 'GET', { 'If-Modified-Since': DATE }, FRACTION, notModified],
  ['§13.1.3: no date', 'GET', { 'If-Modified-Since': '2030-01-01' }, STRONG, whole],
  ['§13.1.3: no date', 'GET', { 'If-Modified-Since': '99999999999' }, STRONG, whole],
  ['§13.1.3: two dates', 'GET', { 'If-Modified-Since': `${DATE}, ${DATE}` }, STRONG, whole],
  ['§13.1.3: an undated file', 'GET', { 'If-Modified-Since': DATE }, UNDATED, whole],
  ['§8.8.2.2: unsettled', 'GET', { 'If-Modified-Since': UNSETTLED_DATE }, UNSETTLED, whole],
  ['§8.8.2.2: settled', 'GET', { 'If-Modified-Since': UNSETTLED_DATE }, SETTLED, notModified],
  ['§8.8.2.2: ahead', 'GET', { 'If-Modified-Since': FUTURE }, AHEAD, whole],
  [
    '§13.1.3: ignored beside If-None-Match',
    'GET',
    { 'If-None-Match': '"b"', 'If-Modified-Since': DATE },
    STRONG,
    whole,
  ],
  [
    '§13.1.3: ignored beside If-None-Match',
    'GET',
    { 'If-None-Match': '"a"', 'If-Modified-Since': OLD },
    STRONG,
    notModified,
  ],
  [
    '§13.1.3: ignored beside any If-None-Match',
    'GET',
    { 'If-None-Match': 'b', 'If-Modified-Since': DATE },
    STRONG,
    whole,
  ],

  [
    '§13.2.2: step 1 before step 3',
    'GET',
    { 'If-Match': '"b"', 'If-None-Match': '"a"' },
    STRONG,
    failed,
  ],
  [
    '§13.2.2: step 3 after step 1',
    'GET',
    { 'If-Match': '"a"', 'If-None-Match': '"a"' },
    STRONG,
    notModified,
  ],
  [
    '§13.2.2: step 2 before step 4',
    'GET',
    { 'If-Unmodified-Since': OLD, 'If-Modified-Since': DATE },
    STRONG,
    failed,
  ],
  [
    '§13.2.2: step 4 after step 2',
    'GET',
    { 'If-Unmodified-Since': DATE, 'If-Modified-Since': DATE },
    STRONG,
    notModified,
  ],
  ['§13.2.2: step 1 before 5', 'GET', { 'If-Match': '"b"', Range: 'bytes=99-' }, STRONG, failed],
  ['§13.2.2: step 3 before 5', 'GET', { 'If-None-Match': '"a"', ...RANGE }, STRONG, notModified],
  ['§13.2.2: step 5 after 1', 'GET', { 'If-Match': '"a"', ...RANGE }, STRONG, part(0, 5)],
  ['§13.2.2: step 5 after 3', 'GET', { 'If-None-Match': '"b"', ...RANGE }, STRONG, part(0, 5)],
  [
    '§13.2.2: step 5 after 4',
    'GET',
    { 'If-Modified-Since': OLD, Range: 'bytes=99-' },
    STRONG,
    unsatisfiable,
  ],
]

const RANGES: Row[] = [
  ['§14.2: a range', 'GET', RANGE, BARE, part(0, 5)],
  ['§14.2: the whole as a range', 'GET', { Range: 'bytes=0-' }, BARE, part(0, 10)],
  ['§14.1.2: beyond the end', 'GET', { Range: 'bytes=8-99' }, BARE, part(8, 10)],
  ['§14.1.2: a suffix', 'GET', { Range: 'bytes=-3' }, BARE, part(7, 10)],
  ['§14.1.2: a long suffix', 'GET', { Range: 'bytes=-99' }, BARE, part(0, 10)],
  ['§14.2: HEAD ignores Range', 'HEAD', RANGE, BARE, whole],
  ['§14.2: HEAD ignores Range', 'HEAD', { Range: 'bytes=99-' }, BARE, whole],
  ['§14.2: invalid', 'GET', { Range: 'bytes=5-2' }, BARE, whole],
  ['§14.2: invalid', 'GET', { Range: 'bytes=0-1,abc' }, BARE, whole],
  ['§14.2: another unit', 'GET', { Range: 'items=0-4' }, BARE, whole],
  ['§14.2: empty', 'GET', { Range: '' }, BARE, whole],
  ['§15.5.17: at the end', 'GET', { Range: 'bytes=10-' }, BARE, unsatisfiable],
  ['§15.5.17: no bytes', 'GET', { Range: 'bytes=-0' }, BARE, unsatisfiable],
  ['§15.5.17: none of a set', 'GET', { Range: 'bytes=10-,99-,-0' }, BARE, unsatisfiable],
  ['§15.5.17: beyond doubles', 'GET', { Range: `bytes=${9e15}-` }, BARE, unsatisfiable],
  ['§15.5.17: beyond doubles', 'GET', { Range: `bytes=${'9'.repeat(400)}-` }, BARE, unsatisfiable],
  ['§14.4: no part of nothing', 'GET', { Range: 'bytes=0-' }, EMPTY, whole],
  ['§14.4: no part of nothing', 'GET', { Range: 'bytes=-1' }, EMPTY, whole],
  ['§14.4: no part of nothing', 'GET', { Range: 'bytes=5-,-0' }, EMPTY, whole],
  [
    '§14.2: in the order asked',
    'GET',
    { Range: 'bytes=-1, 0-0,5-6' },
    BARE,
    {
      status: 206,
      ranges: [
        { start: 9, end: 10 },
        { start: 0, end: 1 },
        { start: 5, end: 7 },
      ],
    },
  ],
  ['§15.3.7.2: one of a set is left', 'GET', { Range: 'bytes=99-,2-3' }, BARE, part(2, 4)],
  [
    '§17.15: as much as the file',
    'GET',
    { Range: 'bytes=0-7,2-3' },
    BARE,
    {
      status: 206,
      ranges: [
        { start: 0, end: 8 },
        { start: 2, end: 4 },
      ],
    },
  ],
  ['§17.15: more than the file', 'GET', { Range: 'bytes=0-7,2-4' }, BARE, whole],
  ['§17.15: more than the file', 'GET', { Range: 'bytes=0-,0-' }, BARE, whole],
  ['§17.15: more than the file', 'GET', { Range: `bytes=${'0-,'.repeat(16)}` }, BARE, whole],
]

const IF_RANGES: Row[] = [
  ['§13.1.5: the current tag', 'GET', { 'If-Range': '"a"', ...RANGE }, STRONG, part(0, 5)],
  ['§13.1.5: another tag', 'GET', { 'If-Range': '"b"', ...RANGE }, STRONG, whole],
  ['§13.1.5: not even 416', 'GET', { 'If-Range': '"b"', Range: 'bytes=99-' }, STRONG, whole],
  ['§13.1.5: 416', 'GET', { 'If-Range': '"a"', Range: 'bytes=99-' }, STRONG, unsatisfiable],
  ['§13.1.5: strong comparison', 'GET', { 'If-Range': 'W/"a"', ...RANGE }, STRONG, whole],
  ['§13.1.5: strong comparison', 'GET', { 'If-Range': '"a"', ...RANGE }, WEAK, whole],
  ['§13.1.5: strong comparison', 'GET', { 'If-Range': 'W/"a"', ...RANGE }, WEAK, whole],
  ['§13.1.5: one tag, no list', 'GET', { 'If-Range': '"a", "b"', ...RANGE }, STRONG, whole],
  ['§13.1.5: no *', 'GET', { 'If-Range': '*', ...RANGE }, STRONG, whole],
  ['§13.1.5: a file without tag', 'GET', { 'If-Range': '"a"', ...RANGE }, UNTAGGED, whole],
  ['§13.1.5: no validators', 'GET', { 'If-Range': '"a"', ...RANGE }, BARE, whole],
  ['§13.1.5: the exact date', 'GET', { 'If-Range': DATE, ...RANGE }, STRONG, part(0, 5)],
  ['§13.1.5: the exact date', 'GET', { 'If-Range': DATE, ...RANGE }, WEAK, part(0, 5)],
  ['§13.1.5: the exact date', 'GET', { 'If-Range': DATE, ...RANGE }, UNTAGGED, part(0, 5)],
  ['§13.1.5: to the second', 'GET', { 'If-Range': DATE, ...RANGE }, FRACTION, part(0, 5)],
  ['§13.1.5: not a later date', 'GET', { 'If-Range': NEW, ...RANGE }, STRONG, whole],
  ['§13.1.5: not an earlier date', 'GET', { 'If-Range': OLD, ...RANGE }, STRONG, whole],
  ['§13.1.5: no date', 'GET', { 'If-Range': '2026-11-22', ...RANGE }, STRONG, whole],
  ['§13.1.5: rubbish', 'GET', { 'If-Range': 'a', ...RANGE }, STRONG, whole],
  ['§13.1.5: empty', 'GET', { 'If-Range': '', ...RANGE }, STRONG, whole],
  ['§13.1.5: an undated file', 'GET', { 'If-Range': DATE, ...RANGE }, UNDATED, whole],
  ['§13.1.5: unsettled', 'GET', { 'If-Range': UNSETTLED_DATE, ...RANGE }, UNSETTLED, whole],
  ['§13.1.5: settled', 'GET', { 'If-Range': UNSETTLED_DATE, ...RANGE }, SETTLED, part(0, 5)],
  ['§13.1.5: ahead', 'GET', { 'If-Range': FUTURE, ...RANGE }, AHEAD, whole],
  ['§13.1.5: MUST be ignored without Range', 'GET', { 'If-Range': '"b"' }, STRONG, whole],
  ['§13.1.5: of HEAD', 'HEAD', { 'If-Range': '"a"', ...RANGE }, STRONG, whole],
  [
    '§13.1.5: rfc850-date',
    'GET',
    { 'If-Range': 'Sunday, 22-Nov-26 11:00:00 GMT', ...RANGE },
    STRONG,
    part(0, 5),
  ],
]

/** Dates that no file of today has, but a source may. */
const OLDEST = { size: 10, lastModified: new Date(Date.UTC(1969, 11, 31, 23, 59, 58, 500)) }
const OLDEST_DATE = OLDEST.lastModified.toUTCString()
const NEVER = { size: 10, lastModified: new Date(Number.NaN) }
const ODD_DATES: Row[] = [
  ['before 1970', 'GET', { 'If-Range': OLDEST_DATE, ...RANGE }, OLDEST, part(0, 5)],
  ['before 1970', 'GET', { 'If-Modified-Since': OLDEST_DATE }, OLDEST, notModified],
  ['before 1970', 'GET', { 'If-Unmodified-Since': OLDEST_DATE }, OLDEST, whole],
  ['no date at all', 'GET', { 'If-Modified-Since': DATE }, NEVER, whole],
  ['no date at all', 'GET', { 'If-Unmodified-Since': DATE }, NEVER, whole],
  ['no date at all', 'GET', { 'If-Range': DATE, ...RANGE }, NEVER, whole],
]

describe('decide', () => {
  describe.each([
    ['preconditions', PRECONDITIONS],
    ['ranges', RANGES],
    ['If-Range', IF_RANGES],
    ['odd dates', ODD_DATES],
  ])('%s', (_what, rows) => {
    it.each(rows)('%s: %s %j', (_section, method, fields, source, result) => {
      expect(decide(request(method, fields), source, NOW)).toEqual(result)
    })
  })

  const upTo16 = Array.from({ length: 16 }, (_, i) => ({ start: i, end: i + 1 }))
  const LIMITS: [what: string, value: string, limits: RangeLimits, result: Decision][] = [
    ['16 ranges', set(16), {}, setOf(upTo16)],
    ['1000 ranges, 999 of them beyond the end', `${'99-,'.repeat(999)}0-0`, {}, part(0, 1)],
    ['1001 ranges, 1000 of them beyond the end', `${'99-,'.repeat(1000)}0-0`, {}, whole],
    ['1001 ranges beyond the end', '99-,'.repeat(1001), {}, whole],
    ['16 ranges and empty elements', `${set(16)},,,,`, { maxRanges: 16 }, setOf(upTo16)],
    ['one more than 16', `${set(16)},0-0`, { maxRanges: 16 }, whole],
    ['as many as allowed', set(2), { maxRanges: 2 }, setOf(upTo16.slice(0, 2))],
    ['one too many', set(3), { maxRanges: 2 }, whole],
    ['one range at most', '0-0', { maxRanges: 1 }, part(0, 1)],
    ['one range at most', set(2), { maxRanges: 1 }, whole],
  ]
  it.each(LIMITS)('maxRanges: %s', (_what, ranges, limits, result) => {
    const asked = request('GET', { Range: `bytes=${ranges}` })
    expect(decide(asked, { size: 20 }, NOW, limits)).toEqual(result)
  })

  it.each<RangeLimits>([
    { maxRanges: 0 },
    { maxSlice: 0, sliceFor: 'all' },
    { maxSlice: -1 },
  ])('refuses %j', (limits) => {
    const asked = request('GET', { Range: 'bytes=0-' })
    expect(() => decide(asked, { size: 10 }, NOW, limits)).toThrow(RangeError)
  })

  const VIDEO = { 'Sec-Fetch-Dest': 'video' }
  const AUDIO = { 'Sec-Fetch-Dest': 'audio' }
  const SLICES: [what: string, fields: Fields, limits: RangeLimits, result: Decision][] = [
    ['off by default', { Range: 'bytes=2-', ...VIDEO }, {}, part(2, 10)],
    ['open-ended, for video', { Range: 'bytes=2-', ...VIDEO }, { maxSlice: 3 }, part(2, 5)],
    ['open-ended, for audio', { Range: 'bytes=2-', ...AUDIO }, { maxSlice: 3 }, part(2, 5)],
    ['never longer', { Range: 'bytes=8-', ...VIDEO }, { maxSlice: 3 }, part(8, 10)],
    ['of all', { Range: 'bytes=0-', ...VIDEO }, { maxSlice: 10 }, part(0, 10)],
    ['of all but a byte', { Range: 'bytes=0-', ...VIDEO }, { maxSlice: 9 }, part(0, 9)],
    ['not bounded', { Range: 'bytes=2-9', ...VIDEO }, { maxSlice: 3 }, part(2, 10)],
    ['not a suffix', { Range: 'bytes=-5', ...VIDEO }, { maxSlice: 3 }, part(5, 10)],
    ['not for others, who say nothing', { Range: 'bytes=2-' }, { maxSlice: 3 }, part(2, 10)],
    [
      'not for others, such as fetch',
      { Range: 'bytes=2-', 'Sec-Fetch-Dest': 'empty' },
      { maxSlice: 3 },
      part(2, 10),
    ],
    [
      'not for others of a longer name',
      { Range: 'bytes=2-', 'Sec-Fetch-Dest': 'videos' },
      { maxSlice: 3 },
      part(2, 10),
    ],
    ['not the whole', VIDEO, { maxSlice: 3 }, whole],
    [
      "'media', not for others",
      { Range: 'bytes=2-' },
      { maxSlice: 3, sliceFor: 'media' },
      part(2, 10),
    ],
    [
      "'media', for video",
      { Range: 'bytes=2-', ...VIDEO },
      { maxSlice: 3, sliceFor: 'media' },
      part(2, 5),
    ],
    ['for all', { Range: 'bytes=2-' }, { maxSlice: 3, sliceFor: 'all' }, part(2, 5)],
    ['for all, bounded', { Range: 'bytes=2-9' }, { maxSlice: 3, sliceFor: 'all' }, part(2, 5)],
    ['for all, shorter', { Range: 'bytes=2-3' }, { maxSlice: 3, sliceFor: 'all' }, part(2, 4)],
    ['for all, a suffix', { Range: 'bytes=-5' }, { maxSlice: 3, sliceFor: 'all' }, part(5, 8)],
    ['for all, without a limit', { Range: 'bytes=2-' }, { sliceFor: 'all' }, part(2, 10)],
    [
      'not of a set of which one is left',
      { Range: 'bytes=99-,2-', ...VIDEO },
      { maxSlice: 3 },
      part(2, 10),
    ],
    [
      'for all, not of a set',
      { Range: 'bytes=2-6,8-8' },
      { maxSlice: 3, sliceFor: 'all' },
      setOf([
        { start: 2, end: 7 },
        { start: 8, end: 9 },
      ]),
    ],
    [
      'not for others',
      { Range: 'bytes=2-', 'Sec-Fetch-Dest': 'x-video' },
      { maxSlice: 3 },
      part(2, 10),
    ],
    [
      'for all, not of a set of which one is left',
      { Range: 'bytes=0-4,99-' },
      { maxSlice: 3, sliceFor: 'all' },
      part(0, 5),
    ],
    ['for all, the whole', {}, { maxSlice: 3, sliceFor: 'all' }, whole],
    [
      'not of a set',
      { Range: 'bytes=0-0,2-', ...VIDEO },
      { maxSlice: 3 },
      setOf([
        { start: 0, end: 1 },
        { start: 2, end: 10 },
      ]),
    ],
  ]
  it.each(SLICES)('maxSlice: %s: %j %j', (_what, fields, limits, result) => {
    expect(decide(request('GET', fields), { size: 10 }, NOW, limits)).toEqual(result)
  })

  it('follows §13.2.2 in every combination of a small world', () => {
    const tags = [null, '*', 'W/"a"', '"b"', '"b", "a"', 'a']
    const dates = [null, OLD, DATE, 'never']
    const ranges = [null, 'bytes=0-1', 'bytes=99-', 'bytes=0-0,2-2', 'bytes=5-2']
    const ifRanges = [null, '"a"', 'W/"a"', DATE, NEW]
    const differing: unknown[] = []
    let count = 0
    for (const method of ['GET', 'HEAD'])
      for (const source of [STRONG, WEAK, UNTAGGED, BARE, EMPTY])
        for (const ifMatch of tags)
          for (const ifUnmodifiedSince of dates)
            for (const ifNoneMatch of tags)
              for (const ifModifiedSince of dates)
                for (const range of ranges)
                  for (const ifRange of range === null ? ifRanges.slice(0, 2) : ifRanges) {
                    const asked: Asked = {
                      'if-match': ifMatch,
                      'if-unmodified-since': ifUnmodifiedSince,
                      'if-none-match': ifNoneMatch,
                      'if-modified-since': ifModifiedSince,
                      range,
                      'if-range': ifRange,
                    }
                    const get = (name: string) => asked[name] ?? null
                    const ours = decide({ method, headers: { get } }, source, NOW)
                    count++
                    if (ours.status !== statusByTheBook(method, asked, source)) {
                      differing.push([ours.status, method, asked, source])
                    }
                  }
    expect({ count, some: differing.slice(0, 3), of: differing.length }).toEqual({
      count: 2 * 5 * 6 * 4 * 6 * 4 * (2 + 4 * 5),
      some: [],
      of: 0,
    })
  })
})

type Asked = Record<string, string | null>

/** §13.2.2, sentence by sentence, for the values of the small world. */
function statusByTheBook(method: string, asked: Asked, source: Representation): number {
  const lists = (field: string | null | undefined) => field?.split(', ') ?? []
  const seconds = (date: string | null | undefined) => Date.parse(String(date)) / 1000
  const modifiedAt = seconds(source.lastModified?.toUTCString())
  const isDate = (field: string) => !Number.isNaN(seconds(asked[field]))
  const has = (field: string) => asked[field] !== null

  // 1. When If-Match is present: true → continue, false → 412
  if (has('if-match') && asked['if-match'] !== '*') {
    const isStrong = source.etag?.startsWith('"')
    if (!isStrong || !lists(asked['if-match']).includes(String(source.etag))) return 412
  }
  // 2. When If-Match is not present, and If-Unmodified-Since is
  if (!has('if-match') && isDate('if-unmodified-since')) {
    if (modifiedAt > seconds(asked['if-unmodified-since'])) return 412
  }
  // 3. When If-None-Match is present
  if (has('if-none-match') && asked['if-none-match'] !== 'a') {
    if (asked['if-none-match'] === '*') return 304
    const opaque = (tag: string | undefined) => tag?.replace('W/', '')
    if (
      lists(asked['if-none-match'])
        .map(opaque)
        .includes(opaque(source.etag) ?? 'none')
    ) {
      return 304
    }
  }
  // 4. When the method is GET or HEAD, If-None-Match is not present, and If-Modified-Since is
  if (!has('if-none-match') && isDate('if-modified-since')) {
    if (modifiedAt <= seconds(asked['if-modified-since'])) return 304
  }
  // 5. When the method is GET and both Range and If-Range are present
  if (method === 'HEAD' || !has('range') || asked.range === 'bytes=5-2') return 200
  if (has('if-range')) {
    const isStrong = source.etag === '"a"' && asked['if-range'] === '"a"'
    if (!isStrong && modifiedAt !== seconds(asked['if-range'])) return 200
  }
  if (source.size === 0) return 200
  return asked.range === 'bytes=99-' ? 416 : 206
}

function request(method: string, fields: Fields): RequestLike {
  return { method, url: 'http://localhost/', headers: new Headers(fields) }
}

/** `count` ranges of a byte each. */
function set(count: number): string {
  return Array.from({ length: count }, (_, i) => `${i}-${i}`).join(',')
}

function setOf(ranges: { start: number; end: number }[]): Decision {
  const [first, ...others] = ranges
  return first === undefined ? whole : { status: 206, ranges: [first, ...others] }
}
