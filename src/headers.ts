import type { Decision } from './decide.ts'
import { unexpected } from './errors.ts'
import { contentRange } from './range.ts'
import type { HeadersLike, Metadata } from './source.ts'
import { formatHttpDate, isStrongDate } from './validators.ts'

/** Header fields by lower-case name: the fastest form on every runtime, and the form of HTTP/2. */
export type HeaderFields = Record<string, string>

/**
 * Whether a media type can be sent as it is, by every server and in the head of a part: ASCII
 * without control characters (RFC 9110 §5.5).
 */
export function isPrintable(type: string): boolean {
  return !/[^\t\x20-\x7e]/.test(type)
}

/** Whether every server sends a text as a field value (RFC 9110 §5.5); `Headers` doesn't check. */
export function isFieldValue(text: string): boolean {
  return !/[^\t\x20-\x7e\x80-\uffff]/.test(text)
}

/** Fields that were checked: every server can send them. */
export class CheckedFields implements HeaderFields {
  [name: string]: string
}

/**
 * Fields by lower-case name. Checked fields are returned as they are, at no cost.
 *
 * @throws TypeError unless every server can send them
 */
export function expectHeaders(headers: HeadersLike = new CheckedFields()): Readonly<HeaderFields> {
  if (headers instanceof CheckedFields) return headers
  // `Headers` takes a function and a promise for objects of no fields.
  if (typeof headers !== 'object' || !headers || headers instanceof Promise) {
    throw unexpected('header fields', headers)
  }
  const fields = new CheckedFields()
  for (const [name, value] of new Headers(headers)) {
    if (CONNECTION_FIELDS.test(name)) continue
    if (!isFieldValue(value)) throw unexpected(`${name} to have no control characters`, value)
    // `Headers` repeats no name but Set-Cookie.
    if (Object.hasOwn(fields, name)) throw unexpected(`one ${name}`, 'several')
    fields[name] = value
  }
  return fields
}

/**
 * Fields by lower-case name, without those whose names match one of `drop`.
 *
 * @throws TypeError unless every server can send them
 */
export function readFields(headers: HeadersLike | undefined, ...drop: RegExp[]): HeaderFields {
  const checked = expectHeaders(headers)
  const fields: HeaderFields = {}
  for (const name in checked) {
    if (!drop.some((pattern) => pattern.test(name))) fields[name] = checked[name] ?? ''
  }
  return fields
}

/** The fields of the framing and of the connection (RFC 9110 §6.6.2, §7.6.1, §8.6). */
const CONNECTION_FIELDS =
  /^(?:content-length|connection|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade)$/

/** The fields that the core computes for a file. */
export const COMPUTED_FIELDS: RegExp =
  /^(?:accept-ranges|content-range|etag|last-modified|x-content-type-options)$/

/**
 * The fields that say how long an answer may be kept: targeted ones (RFC 9213), and those of CDNs
 * and of nginx, included.
 */
export const LIFETIMES: RegExp =
  /^(?:(?:(?:.+-)?cache|surrogate|edge)-control|(?:x-accel-)?expires)$/

/**
 * What describes the file and not the error: lifetimes, and digests (RFC 9530), too. CORS and the
 * like are kept: a script can read the complete length.
 */
const ABOUT_THE_FILE = [/^(?:content-|(?:repr-)?digest$)/, LIFETIMES]

/** Which of a source's fields the answer leaves out, by its status. */
const LEFT_OUT = {
  200: [],
  // Digests of the content (RFC 9530 §2): the source's are of the whole file.
  206: [/^content-(?:digest|md5)$/],
  // A 304 updates a stored response, but not its content (RFC 9110 §15.4.5).
  304: [/^content-(?!location$|security-policy)/],
  412: ABOUT_THE_FILE,
  416: ABOUT_THE_FILE,
}

/**
 * The fields of an answer about a file, without those that depend on the ranges: for 200 and 206
 * what is sent, for these and 304 of which version, for 416 how long the file is.
 */
export function fileFields(
  { headers, type, size, etag, lastModified }: Metadata,
  status: Decision['status'],
  now: number,
): HeaderFields {
  const fields = readFields(headers, COMPUTED_FIELDS, ...LEFT_OUT[status])
  if (status === 416) fields['content-range'] = contentRange(size)
  if (status > 400) return fields
  const isSent = status < 300
  if (etag) fields.etag = etag
  if (isSent) {
    fields['accept-ranges'] = 'bytes'
    fields['content-type'] = type || fields['content-type'] || 'application/octet-stream'
    fields['x-content-type-options'] = 'nosniff'
  }
  // An HTTP-date has no year before 0 (RFC 9110 §5.6.7).
  const hasYear = lastModified && lastModified.getUTCFullYear() >= 0
  // A 304 has a date only if there is no tag (§15.4.5).
  if ((isSent || !etag) && hasYear && isStrongDate(lastModified.getTime(), now)) {
    fields['last-modified'] = formatHttpDate(lastModified)
  }
  return fields
}

/**
 * Adds fields to those of an answer. They replace fields of the same name, except those that
 * describe the content; Vary lists what either depends on.
 */
export function addFields(
  fields: Readonly<HeaderFields>,
  added: Readonly<HeaderFields>,
): HeaderFields {
  const all: HeaderFields = { ...fields }
  for (const [name, value] of Object.entries(added)) {
    if (name === 'vary' && all.vary) all.vary += `, ${value}`
    else if (name !== 'content-type' && name !== 'content-encoding') all[name] = value
  }
  return all
}
