import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  formatHttpDate,
  isEntityTag,
  isStrongDate,
  matchesStrongly,
  matchesWeakly,
  parseEntityTags,
  parseHttpDate,
} from '../src/validators.ts'
import { growth, QUADRATIC } from './support/growth.ts'
import { strings } from './support/strings.ts'

describe('parseEntityTags', () => {
  const PARSED: [section: string, value: string, tags: '*' | string[] | null][] = [
    // The RFC's own examples
    ['§13.1.1', '"xyzzy"', ['"xyzzy"']],
    ['§13.1.1', '"xyzzy", "r2d2xxxx", "c3piozzzz"', ['"xyzzy"', '"r2d2xxxx"', '"c3piozzzz"']],
    ['§13.1.1', '*', '*'],
    ['§13.1.2', 'W/"xyzzy"', ['W/"xyzzy"']],
    ['§13.1.2', 'W/"xyzzy", W/"r2d2xxxx"', ['W/"xyzzy"', 'W/"r2d2xxxx"']],
    ['§8.8.3', '""', ['""']],

    ['§5.6.1.2: white space around commas', '"a"\t,"b"\t', ['"a"', '"b"']],
    ['§13.1.1: * stands alone', '* ', null],
    ['§8.8.3: a comma inside the quotes', '"a,b", W/"c"', ['"a,b"', 'W/"c"']],
    ['§8.8.3: nothing but commas', '",,,"', ['",,,"']],
    ['§8.8.3: a backslash escapes nothing', '"a\\", "b"', ['"a\\"', '"b"']],
    ['§8.8.3: obs-text', '"\x80\xff"', ['"\x80\xff"']],
    ['§8.8.3: obs-text, decoded as UTF-8', '"\u4e2d", "\ufffd"', ['"\u4e2d"', '"\ufffd"']],
    ['§8.8.3: the ends of etagc', '"!#~"', ['"!#~"']],
    ['§8.8.3: * may be a tag', '"*"', ['"*"']],
    ['§8.8.3: no white space inside', '"a b"', null],
    ['§8.8.3', '"a\tb"', null],
    ['§8.8.3: no DEL', '"a\x7fb"', null],
    ['§8.8.3: no NUL', '"\0"', null],
    ['§8.8.3: no quote inside', '"a"b"', null],
    ['§8.8.3: W is case-sensitive', 'w/"a"', null],
    ['§8.8.3: no space behind W/', 'W/ "a"', null],
    ['§8.8.3', 'W"a"', null],
    ['§8.8.3', 'W/', null],
    ['§8.8.3: quotes', 'abc', null],
    ['§8.8.3', '"abc', null],
    ['§8.8.3', 'abc"', null],
    ['§8.8.3', '"', null],
    ['§8.8.3', "'abc'", null],
    ['§8.8.3: one bad member spoils the list', '"a", b', null],
    ['§8.8.3', 'b, "a"', null],

    ['§5.6.1.2: OWS', '\t"a" ,\t "b" ', ['"a"', '"b"']],
    ['§5.6.1.2: empty elements', ',"a",,\t, "b",', ['"a"', '"b"']],
    ['§5.6.1: a comma between elements', '"a" "b"', null],
    ['§5.6.1: a comma between elements', '"a""b"', null],
    ['§5.6.1: no other separator', '"a"; "b"', null],
    ['§5.6.1.1: at least one', '', null],
    ['§5.6.1.1: at least one', ' ', null],
    ['§5.6.1.1: at least one', ' , ,', null],
    ['§5.6.3: no other white space', '"a",\n"b"', null],
    ['§13.1.1: * stands alone', '*, "a"', null],
    ['§13.1.1: * stands alone', '"a", *', null],
    ['§13.1.1: * stands alone', '**', null],
  ]
  it.each(PARSED)('%s: %j', (_section, value, tags) => {
    expect(parseEntityTags(value)).toEqual(tags)
  })

  it('agrees with the grammar on every string of up to 5 characters', () => {
    const differing: string[] = []
    for (const value of strings('W/"a, ', 5)) {
      if (JSON.stringify(parseEntityTags(value)) !== JSON.stringify(parseByGrammar(value))) {
        differing.push(value)
      }
    }
    expect(differing).toEqual([])
  })

  it('reads what it would print', () => {
    const etagc = fc
      .integer({ min: 0x21, max: 0xff })
      .filter((code) => code !== 0x22 && code !== 0x7f)
      .map((code) => String.fromCharCode(code))
    const tag = fc
      .tuple(fc.constantFrom('', 'W/'), fc.string({ unit: etagc, maxLength: 12 }))
      .map(([weak, opaque]) => `${weak}"${opaque}"`)
    const separator = fc.constantFrom(',', ', ', ' ,\t', ', ,')
    fc.assert(
      fc.property(fc.array(tag, { minLength: 1 }), separator, (tags, comma) => {
        expect(parseEntityTags(tags.join(comma))).toEqual(tags)
        expect(tags.filter(isEntityTag)).toEqual(tags)
      }),
    )
  })

  const HOSTILE: [what: string, make: (length: number) => string][] = [
    ['tags', (n) => '"a",'.repeat(n / 4)],
    ['commas', (n) => ','.repeat(n)],
    ['a list with white space, then rubbish', (n) => `"a",${' '.repeat(n)}x`],
    ['a tag with white space behind, then rubbish', (n) => `"a"${' '.repeat(n)}x`],
    ['commas and white space, then rubbish', (n) => `${',  '.repeat(n / 3)}x`],
    ['a tag that never ends', (n) => `"${'a'.repeat(n)}`],
    ['weakness', (n) => 'W/'.repeat(n / 2)],
    ['quotes', (n) => '"'.repeat(n)],
  ]
  it.each(HOSTILE)('takes time linear in the length of %s', (_what, make) => {
    expect(growth(make, parseEntityTags)).toBeLessThan(QUADRATIC)
  })
})

describe('isEntityTag', () => {
  it.each([
    ['"abc"', true],
    ['W/"abc"', true],
    ['""', true],
    ['"a,b"', true],
    ['*', false],
    ['', false],
    ['abc', false],
    ['"a", "b"', false],
    ['"abc" ', false],
    [' "abc"', false],
    ['"abc",', false],
    ['"a b"', false],
    ['"a\r\nx: y"', false],
    ['"a\tb"', false],
    ['"a\x7fb"', false],
    ['"a"b"', false],
    ['"\u0100"', false],
    ['w/"abc"', false],
    ['"abc"\n"abc"', false],
  ])('%j: %j', (text, is) => {
    expect(isEntityTag(text)).toBe(is)
  })
})

describe('formatHttpDate', () => {
  it('prints each second as itself, whatever was printed before', () => {
    const dates = [999, 1000, 500, -500, 0].map((time) => new Date(time))
    expect(dates.map(formatHttpDate)).toEqual(dates.map((date) => date.toUTCString()))
  })
})

describe('comparison of entity tags', () => {
  // The table of §8.8.3.2
  it.each([
    ['W/"1"', 'W/"1"', { strongly: false, weakly: true }],
    ['W/"1"', 'W/"2"', { strongly: false, weakly: false }],
    ['W/"1"', '"1"', { strongly: false, weakly: true }],
    ['"1"', 'W/"1"', { strongly: false, weakly: true }],
    ['"1"', '"1"', { strongly: true, weakly: true }],
    ['"1"', '"2"', { strongly: false, weakly: false }],
    // §8.8.3: an opaque tag is compared character by character
    ['"a"', '"A"', { strongly: false, weakly: false }],
    ['"W/1"', '"1"', { strongly: false, weakly: false }],
    ['""', '""', { strongly: true, weakly: true }],
  ])('§8.8.3.2: %s and %s', (a, b, result) => {
    expect({ strongly: matchesStrongly(a, b), weakly: matchesWeakly(a, b) }).toEqual(result)
  })
})

/** When the RFC came out. */
const NOW = Date.UTC(2022, 5, 6)
const EXAMPLE = 784111777000

describe('parseHttpDate', () => {
  const PARSED: [section: string, value: string, time: number | null][] = [
    // The RFC's own examples
    ['§5.6.7: IMF-fixdate', 'Sun, 06 Nov 1994 08:49:37 GMT', EXAMPLE],
    ['§5.6.7: rfc850-date', 'Sunday, 06-Nov-94 08:49:37 GMT', EXAMPLE],
    ['§5.6.7: asctime-date', 'Sun Nov  6 08:49:37 1994', EXAMPLE],
    ['§8.8.2: Last-Modified', 'Tue, 15 Nov 1994 12:45:26 GMT', Date.UTC(1994, 10, 15, 12, 45, 26)],
    ['§13.1.3', 'Sat, 29 Oct 1994 19:43:31 GMT', Date.UTC(1994, 9, 29, 19, 43, 31)],

    [
      '§5.6.7: two digits of asctime',
      'Wed Nov 16 08:49:37 1994',
      Date.UTC(1994, 10, 16, 8, 49, 37),
    ],
    ['§5.6.7: 2DIGIT of asctime', 'Sun Nov 06 08:49:37 1994', EXAMPLE],
    ['the epoch', 'Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['before the epoch', 'Wed, 31 Dec 1969 23:59:59 GMT', -1000],
    [
      'the last second of a day',
      'Sun, 06 Nov 1994 23:59:59 GMT',
      Date.UTC(1994, 10, 6, 23, 59, 59),
    ],
    ['a leap day', 'Thu, 29 Feb 2024 00:00:00 GMT', Date.UTC(2024, 1, 29)],
    ['no leap day', 'Wed, 29 Feb 2023 00:00:00 GMT', null],
    ['no leap day of 1900', 'Thu, 29 Feb 1900 00:00:00 GMT', null],
    ['no such day', 'Thu, 31 Nov 1994 00:00:00 GMT', null],
    ['no such day', 'Mon, 00 Nov 1994 00:00:00 GMT', null],
    ['no such day', 'Tue, 32 Nov 1994 00:00:00 GMT', null],
    ['the wrong weekday', 'Mon, 06 Nov 1994 08:49:37 GMT', null],
    ['the wrong weekday', 'Mon Nov  6 08:49:37 1994', null],
    ['the wrong weekday', 'Monday, 06-Nov-94 08:49:37 GMT', null],
    ['§5.6.7: hours to 23', 'Sun, 06 Nov 1994 24:00:00 GMT', null],
    ['§5.6.7: minutes to 59', 'Sun, 06 Nov 1994 08:60:00 GMT', null],
    ['§5.6.7: seconds to 60', 'Sun, 06 Nov 1994 08:49:61 GMT', null],
    ['§5.6.7: seconds to 60', 'Sat, 31 Dec 2016 23:59:61 GMT', null],
    ['§5.6.7: a leap second', 'Sat, 31 Dec 2016 23:59:60 GMT', Date.UTC(2017, 0)],
    ['§5.6.7: a leap second', 'Sat Dec 31 23:59:60 2016', Date.UTC(2017, 0)],
    ['§5.6.7: a leap second', 'Saturday, 31-Dec-16 23:59:60 GMT', Date.UTC(2017, 0)],
    ['§5.6.7: a leap second', 'Fri, 31 Dec 2060 23:59:60 GMT', Date.UTC(2061, 0)],
    ['no leap second, which ends a day', 'Sat, 31 Dec 2016 22:59:60 GMT', null],
    // What Go and .NET print of a time that was never set.
    ['§5.6.7: 4DIGIT of the year', 'Mon, 01 Jan 0001 00:00:00 GMT', -62_135_596_800_000],
    ['§5.6.7: 4DIGIT of the year', 'Fri, 01 Jan 0100 00:00:00 GMT', -59_011_459_200_000],
    ['§5.6.7: 4DIGIT of the year', 'Sat, 01 Jan 0000 00:00:00 GMT', -62_167_219_200_000],
    ['the wrong weekday', 'Tue, 01 Jan 0001 00:00:00 GMT', null],

    ['§5.6.7: case-sensitive', 'sun, 06 nov 1994 08:49:37 gmt', null],
    ['§5.6.7: case-sensitive', 'SUN, 06 NOV 1994 08:49:37 GMT', null],
    ['§5.6.7: case-sensitive', 'Sun, 06 Nov 1994 08:49:37 gmt', null],
    ['§5.6.7: case-sensitive', 'sun Nov  6 08:49:37 1994', null],
    ['§5.6.7: case-sensitive', 'SUNDAY, 06-Nov-94 08:49:37 GMT', null],
    ['§5.6.7: GMT', 'Sun, 06 Nov 1994 08:49:37', null],
    ['§5.6.7: GMT', 'Sun, 06 Nov 1994 08:49:37 UTC', null],
    ['§5.6.7: GMT', 'Sun, 06 Nov 1994 08:49:37 +0000', null],
    ['§5.6.7: GMT', 'Sun, 06 Nov 1994 09:49:37 GMT+0100', null],
    ['§5.6.7: GMT', 'Sun, 06 Nov 1994 08:49:37 EST', null],
    ['§5.6.7: GMT', 'Sunday, 06-Nov-94 08:49:37 UTC', null],
    ['§5.6.7: no zone in asctime', 'Sun Nov  6 08:49:37 1994 GMT', null],
    ['§5.6.7: two digits', 'Sun, 6 Nov 1994 08:49:37 GMT', null],
    ['§5.6.7: two digits', 'Sun, 06 Nov 1994 8:49:37 GMT', null],
    ['§5.6.7: two digits', 'Sunday, 6-Nov-94 08:49:37 GMT', null],
    ['§5.6.7: a space for the tens', 'Sun Nov 6 08:49:37 1994', null],
    ['§5.6.7: a space for the tens', 'Sun Nov \t6 08:49:37 1994', null],
    ['§5.6.7: four digits', 'Sun, 06 Nov 94 08:49:37 GMT', null],
    ['§5.6.7: four digits', 'Sun, 06 Nov 19994 08:49:37 GMT', null],
    ['§5.6.7: four digits', 'Sun, 06 Nov 01994 08:49:37 GMT', null],
    ['§5.6.7: two digits', 'Sunday, 06-Nov-1994 08:49:37 GMT', null],
    ['§5.6.7: single spaces', 'Sun,  06 Nov 1994 08:49:37 GMT', null],
    ['§5.6.7: single spaces', 'Sun, 06 Nov 1994  08:49:37 GMT', null],
    ['§5.6.7: a comma', 'Sun 06 Nov 1994 08:49:37 GMT', null],
    ['§5.6.7: a space', 'Sun,06 Nov 1994 08:49:37 GMT', null],
    ['§5.6.7: spaces, not hyphens', 'Sun, 06-Nov-1994 08:49:37 GMT', null],
    ['§5.6.7: hyphens, not spaces', 'Sunday, 06 Nov 94 08:49:37 GMT', null],
    ['§5.6.7: a short day', 'Sunday, 06 Nov 1994 08:49:37 GMT', null],
    ['§5.6.7: a long day', 'Sun, 06-Nov-94 08:49:37 GMT', null],
    ['§5.6.7: a day of the week', 'Sunsday, 06-Nov-94 08:49:37 GMT', null],
    ['§5.6.7: a day of the week', 'Satday, 05-Nov-94 08:49:37 GMT', null],
    ['§5.6.7: a day of the week', 'Monnesday, 07-Nov-94 08:49:37 GMT', null],
    ['§5.6.7: a short month', 'Sun, 06 November 1994 08:49:37 GMT', null],
    ['§5.6.7: a month', 'Sun, 06 Foo 1994 08:49:37 GMT', null],
    // A Monday of the month before January.
    ['§5.6.7: a month', 'Mon, 06 Foo 1994 08:49:37 GMT', null],
    ['§5.6.7: a month', 'Sun, 06 11 1994 08:49:37 GMT', null],
    ['§5.6.7: nothing around', ' Sun, 06 Nov 1994 08:49:37 GMT', null],
    ['§5.6.7: nothing around', 'Sun, 06 Nov 1994 08:49:37 GMT ', null],
    ['§5.6.7: nothing around', 'Sun, 06 Nov 1994 08:49:37 GMT, x', null],
    ['§5.6.7: nothing around', 'Sun, 06 Nov 1994 08:49:37 GMT\n', null],
    ['§5.6.7: nothing around', 'Sun Nov  6 08:49:37 1994 ', null],
    ['§5.6.7: nothing around', 'Sun Nov  6 08:49:37 1994\n', null],
    ['§5.6.7: nothing around', '(x) Sun Nov  6 08:49:37 1994', null],
    ['§5.6.7: no fraction', 'Sun, 06 Nov 1994 08:49:37.5 GMT', null],
    ['§5.6.7: no comment', 'Sun, 06 Nov 1994 08:49:37 GMT (x)', null],
    ['§5.6.7: nothing else', '1994-11-06T08:49:37Z', null],
    ['§5.6.7: nothing else', '1994-11-06', null],
    ['§5.6.7: nothing else', '784111777', null],
    ['§5.6.7: nothing else', '784111777000', null],
    ['§5.6.7: nothing else', '0', null],
    ['§5.6.7: nothing else', '"Sun, 06 Nov 1994 08:49:37 GMT"', null],
    ['§5.6.7: nothing else', '', null],
    ['§5.6.7: nothing else', 'Invalid Date', null],
  ]
  it.each(PARSED)('%s: %j', (_section, value, time) => {
    expect(parseHttpDate(value, NOW)).toBe(time)
  })

  it.each([
    'Sunday',
    'Monday',
    'Tuesday',
    'Wednesday',
    'Thursday',
    'Friday',
    'Saturday',
  ])('knows all forms of a %s', (weekday) => {
    const day = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
    const date = 6 + day.indexOf(weekday)
    const digits = String(date).padStart(2, '0')
    const short = weekday.slice(0, 3)
    const time = Date.UTC(1994, 10, date, 8, 49, 37)
    expect([
      parseHttpDate(`${short}, ${digits} Nov 1994 08:49:37 GMT`, NOW),
      parseHttpDate(`${weekday}, ${digits}-Nov-94 08:49:37 GMT`, NOW),
      parseHttpDate(`${short} Nov ${String(date).padStart(2, ' ')} 08:49:37 1994`, NOW),
    ]).toEqual([time, time, time])
  })

  // §5.6.7: a two-digit year that appears to be more than 50 years in the future is the most
  // recent one of the past with the same last two digits.
  const YEARS: [now: number, value: string, time: number | null][] = [
    [NOW, 'Monday, 06-Jun-22 00:00:00 GMT', NOW],
    [NOW, 'Tuesday, 06-Jun-23 00:00:00 GMT', Date.UTC(2023, 5, 6)],
    [NOW, 'Sunday, 05-Jun-72 00:00:00 GMT', Date.UTC(2072, 5, 5)],
    [NOW, 'Thursday, 08-Jun-72 00:00:00 GMT', Date.UTC(1972, 5, 8)],
    [NOW, 'Friday, 06-Jun-75 00:00:00 GMT', Date.UTC(1975, 5, 6)],
    [NOW, 'Friday, 31-Dec-99 00:00:00 GMT', Date.UTC(1999, 11, 31)],
    [NOW, 'Saturday, 01-Jan-00 00:00:00 GMT', Date.UTC(2000, 0, 1)],
    // 50 years, and no more: of 365.25 days each.
    [Date.UTC(2049, 11, 31, 12), 'Friday, 01-Jan-00 00:00:00 GMT', Date.UTC(2100, 0, 1)],
    // The weekday does not choose the century.
    [NOW, 'Thursday, 06-Nov-30 00:00:00 GMT', null],
    [NOW, 'Saturday, 06-Nov-94 00:00:00 GMT', null],
    [Date.UTC(1994, 10, 6), 'Saturday, 01-Jan-00 00:00:00 GMT', Date.UTC(2000, 0, 1)],
    [Date.UTC(1994, 10, 6), 'Sunday, 06-Nov-94 00:00:00 GMT', Date.UTC(1994, 10, 6)],
    [Date.UTC(1994, 10, 6), 'Saturday, 05-Nov-44 00:00:00 GMT', Date.UTC(2044, 10, 5)],
    [Date.UTC(2080, 0, 1), 'Wednesday, 01-Jan-25 00:00:00 GMT', null],
    [Date.UTC(2080, 0, 1), 'Monday, 01-Jan-25 00:00:00 GMT', Date.UTC(2125, 0, 1)],
    [Date.UTC(2080, 0, 1), 'Friday, 01-Jan-32 00:00:00 GMT', null],
    [Date.UTC(2080, 0, 1), 'Thursday, 01-Jan-32 00:00:00 GMT', Date.UTC(2032, 0, 1)],
    [Date.UTC(2080, 0, 1), 'Friday, 01-Jan-99 00:00:00 GMT', null],
    [Date.UTC(2080, 0, 1), 'Thursday, 01-Jan-99 00:00:00 GMT', Date.UTC(2099, 0, 1)],
  ]
  it.each(YEARS)('§5.6.7: seen from %i, %s', (now, value, time) => {
    expect(parseHttpDate(value, now)).toBe(time)
  })

  it.each(['Pacific/Kiritimati', 'America/Los_Angeles'])('reads the same in %s', (zone) => {
    vi.stubEnv('TZ', zone)
    onTestFinished(() => void vi.unstubAllEnvs())
    const dates = PARSED.map(([, value]) => parseHttpDate(value, NOW))
    const years = YEARS.map(([now, value]) => parseHttpDate(value, now))
    expect([new Date(0).getTimezoneOffset() === 0, dates, years]).toEqual([
      false,
      PARSED.map(([, , time]) => time),
      YEARS.map(([, , time]) => time),
    ])
  })

  const seconds = (min: number, max: number) =>
    fc.integer({ min: min / 1000, max: max / 1000 }).map((second) => second * 1000)

  it('reads every date that it prints', () => {
    fc.assert(
      fc.property(
        seconds(-62_167_219_200_000, Date.UTC(9999, 11, 31)),
        fc.nat(999),
        (time, fraction) => {
          expect(parseHttpDate(formatHttpDate(new Date(time + fraction)), NOW)).toBe(time)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('reads the three forms of a date alike', () => {
    fc.assert(
      fc.property(seconds(Date.UTC(1973, 0), Date.UTC(2072, 0)), (time) => {
        const date = new Date(time)
        expect([
          parseHttpDate(date.toUTCString(), NOW),
          parseHttpDate(formatRfc850(date), NOW),
          parseHttpDate(formatAsctime(date), NOW),
        ]).toEqual([time, time, time])
      }),
    )
  })

  it('takes none but the three forms', () => {
    const text = fc.string({ unit: fc.constantFrom(...'SunModay, 0619-:GMT4NovT') })
    const near = fc.tuple(fc.nat(40), fc.nat(2), text).map(([at, cut, put]) => {
      const date = 'Sun, 06 Nov 1994 08:49:37 GMT'
      return date.slice(0, at) + put + date.slice(at + cut)
    })
    const forms = [
      /^\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
      /^\w{6,9}, \d{2}-\w{3}-\d{2} \d{2}:\d{2}:\d{2} GMT$/,
      /^\w{3} \w{3} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/,
    ]
    fc.assert(
      fc.property(fc.oneof(text, near), (value) => {
        fc.pre(!forms.some((form) => form.test(value)))
        expect(parseHttpDate(value, NOW)).toBe(null)
      }),
      { numRuns: 500 },
    )
  })
})

describe('isStrongDate', () => {
  it.each([
    ['of this instant', 0, false],
    ['999 ms old', 999, false],
    ['a second old', 1000, true],
    ['a day old', 86_400_000, true],
    ['in the future', -1, false],
    ['a day in the future', -86_400_000, false],
    ['that is none', Number.NaN, false],
  ])('§8.8.2.2: a date %s', (_what, age, is) => {
    expect(isStrongDate(NOW - age, NOW)).toBe(is)
  })
})

/** §8.8.3, §13.1.1 and §5.6.1.2, read a character at a time. */
function parseByGrammar(value: string): '*' | string[] | null {
  if (value === '*') return '*'
  const elements = value.match(/(?:"[^"]*"|[^",])+|,|"/g) ?? []
  const tags = elements.map((element) => element.replace(/^[ \t]+|[ \t]+$/g, ''))
  const members = tags.filter((tag) => tag !== ',' && tag !== '')
  const isValid = members.every((tag) => /^(?:W\/)?"[!#-~\x80-\xff]*"$/.test(tag))
  return isValid && members.length > 0 ? members : null
}

function formatRfc850(date: Date): string {
  const [, day, month, year, time] = date.toUTCString().split(' ')
  const weekday = date.toLocaleDateString('en', { weekday: 'long', timeZone: 'UTC' })
  return `${weekday}, ${day}-${month}-${year?.slice(2)} ${time} GMT`
}

function formatAsctime(date: Date): string {
  const [weekday, day, month, year, time] = date.toUTCString().replace(',', '').split(' ')
  return `${weekday} ${month} ${day?.replace(/^0/, ' ')} ${time} ${year}`
}
