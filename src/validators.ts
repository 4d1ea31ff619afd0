import { parseList } from './list.ts'

/**
 * Whether a text is one entity tag: `"abc"` or `W/"abc"` (RFC 9110 §8.8.3).
 *
 * @example
 * isEntityTag('"abc"') // true
 * isEntityTag('abc') // false
 */
export function isEntityTag(text: string): boolean {
  return /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/.test(text)
}

/**
 * Parses the value of If-Match or If-None-Match (RFC 9110 §13.1.1, §13.1.2). A comma inside the
 * quotes belongs to the tag.
 *
 * @returns `'*'`, the entity tags as written, or `null` when the value is neither and matches none
 *
 * @example
 * parseEntityTags('"a,b", W/"c"') // ['"a,b"', 'W/"c"']
 * parseEntityTags('abc') // null
 */
export function parseEntityTags(value: string): '*' | string[] | null {
  if (value === '*') return '*'
  // workerd decodes field values as UTF-8: what was obs-text may be any character there.
  const element = /[ \t]*(?:((?:W\/)?"[\x21\x23-\x7e\x80-\uffff]*")[ \t]*)?(?:,|$)/y
  return parseList(value, element, ([, tag]) => tag ?? null)
}

/** Whether there is an entity tag, and it is a strong validator (RFC 9110 §8.8.1). */
export function isStrong(tag: string | null | undefined): tag is `"${string}` {
  return /^"/.test(tag ?? '')
}

/** Strong comparison (RFC 9110 §8.8.3.2): the same tag, and neither is weak. */
export function matchesStrongly(a: string, b: string | undefined): boolean {
  return isStrong(a) && a === b
}

/** Weak comparison (RFC 9110 §8.8.3.2): the same opaque-tag, weak or not. */
export function matchesWeakly(a: string, b: string): boolean {
  return opaqueTag(a) === opaqueTag(b)
}

function opaqueTag(tag: string): string {
  return tag.slice(tag.indexOf('"'))
}

/**
 * Whether a modification date is a strong validator, one that tells this version from every other:
 * within the second that Last-Modified can express, a file may change again (RFC 9110 §8.8.2.2).
 *
 * @param modified ms since the epoch
 * @param now ms since the epoch
 * @returns true when the date is at least a second old
 */
export function isStrongDate(modified: number, now: number): boolean {
  return now - modified >= 1000
}

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec'
const IMF_FIXDATE =
  /^(\w{3}, (\d\d) (\w{3}) (\d{4})) ([01]\d|2[0-3]):([0-5]\d):([0-5]\d|(?<=23:59:)60) GMT$/
const ASCTIME_DATE = /^(\w{3}) (\w{3}) (\d\d) (\S{8}) (\d{4})$/
const RFC850_DATE = /^(Sun|Mon|Tues|Wednes|Thurs|Fri|Satur)day, (\d\d)-(\w{3})-(\d\d) (\S{8} GMT)$/
const FIFTY_YEARS = 50 * 31_557_600_000

/**
 * Parses an HTTP-date in any of its three forms (RFC 9110 §5.6.7), and nothing else.
 *
 * @param now ms since the epoch; a two-digit year that would be over 50 years later is a past one
 * @returns ms since the epoch, or `null` when the value is not an HTTP-date or not a calendar day
 *
 * @example
 * parseHttpDate('Sun, 06 Nov 1994 08:49:37 GMT', Date.now()) // 784111777000
 * parseHttpDate('1994-11-06', Date.now()) // null
 */
export function parseHttpDate(value: string, now: number): number | null {
  const match = IMF_FIXDATE.exec(value) ?? IMF_FIXDATE.exec(toFixdate(value, now))
  if (!match) return null
  const [, printed = '', day, month = '', year, hour, minute, second] = match
  const date = new Date(0)
  date.setUTCFullYear(Number(year), monthOf(month), Number(day))
  // A day that the month doesn't have, or that is another of the week, is printed otherwise.
  if (!date.toUTCString().startsWith(printed)) return null
  return date.setUTCHours(Number(hour), Number(minute), Number(second))
}

/** 0 for Jan; any number for what is no month. */
function monthOf(name: string): number {
  return MONTHS.indexOf(name) / 3
}

/** Rewrites the two obsolete forms of an HTTP-date as an IMF-fixdate; leaves any other value. */
function toFixdate(value: string, now: number): string {
  return value
    .replace(/(?<=^\w{3} \w{3}) {2}(?=\d )/, ' 0')
    .replace(ASCTIME_DATE, '$1, $3 $2 $5 $4 GMT')
    .replace(RFC850_DATE, (_, weekday, day, month, year, time) => {
      const limit = now + FIFTY_YEARS
      const century = Math.floor(new Date(limit).getUTCFullYear() / 100)
      const isPast = Date.UTC(Number(`${century}${year}`), monthOf(month), day) > limit
      return `${weekday.slice(0, 3)}, ${day} ${month} ${century - Number(isPast)}${year} ${time}`
    })
}

/** The last second formatted: for a busy file, formatting costs more than the rest of an answer. */
let printed = { second: Number.NaN, text: '' }

/**
 * Formats a date as an IMF-fixdate (RFC 9110 §5.6.7), cut to the second.
 *
 * @example
 * formatHttpDate(new Date(784111777999)) // 'Sun, 06 Nov 1994 08:49:37 GMT'
 */
export function formatHttpDate(date: Date): string {
  const second = Math.floor(date.getTime() / 1000)
  if (second !== printed.second) printed = { second, text: date.toUTCString() }
  return printed.text
}
