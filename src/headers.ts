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
  return /^[\t\x20-\x7e]*$/.test(type)
}

/** Whether every server sends a text as a field value (RFC 9110 §5.5); `Headers` doesn't check. */
export function isFieldValue(text: string): boolean {
  return !/[^\t\x20-\x7e\x80-\uffff]/.test(text)
}

/** @throws TypeError unless every server can send these fields */
export function expectHeaders(headers: HeadersLike | undefined): void {
  readFields(headers)
}

/**
 * Fields by lower-case name, without those whose names match one of `drop`.
 *
 * @throws TypeError unless every server can send them
 */
export function readFields(headers: HeadersLike | undefined, ...drop: RegExp[]): HeaderFields {
  const fields: HeaderFields = {}
  if (headers === undefined) return fields
  const all = constants.get(headers) ?? readAll(headers)
  for (const name in all) {
    if (!drop.some((pattern) => pattern.test(name))) fields[name] = all[name] ?? ''
  }
  return fields
}

/** What was read of objects that can't change any more, such as those of a site's defaults. */
const constants = new WeakMap<HeadersLike, HeaderFields>()

function readAll(headers: HeadersLike): HeaderFields {
  const fields: HeaderFields = {}
  for (const [name, value] of new Headers(headers)) {
    if (CONNECTION_FIELDS.test(name)) continue
    if (!isFieldValue(value)) {
      throw new TypeError(`Expected ${name} to have no control characters, got ${value}`)
    }
    // `Headers` repeats no name but Set-Cookie.
    if (Object.hasOwn(fields, name)) {
      throw new TypeError(`Expected one ${name}, got several: add them to the response instead`)
    }
    fields[name] = value
  }
  // A Headers can be frozen, too, and still change.
  if (Object.isFrozen(headers) && Object.getPrototypeOf(headers) === Object.prototype) {
    constants.set(headers, fields)
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
 * 200 (RFC 9110 §15.3.1): what is sent, and which version of it.
 *
 * @param drop the names of the source's fields to leave out
 */
export function contentFields(
  metadata: Metadata,
  now: number,
  drop: RegExp = COMPUTED_FIELDS,
): HeaderFields {
  const fields = readFields(metadata.headers, COMPUTED_FIELDS, drop)
  fields['accept-ranges'] = 'bytes'
  fields['content-type'] = metadata.type || fields['content-type'] || 'application/octet-stream'
  fields['x-content-type-options'] = 'nosniff'
  if (metadata.etag !== undefined) fields.etag = metadata.etag
  addLastModified(fields, metadata, now)
  return fields
}

/**
 * 206 (RFC 9110 §15.3.7), without the fields that depend on the ranges. Digests of the content (RFC
 * 9530 §2) are left out: the source's are of the whole file.
 */
export function partialFields(metadata: Metadata, now: number): HeaderFields {
  return contentFields(metadata, now, /^content-(?:digest|md5)$/)
}

/** 304 (RFC 9110 §15.4.5): what updates a stored response, without what describes its content. */
export function notModifiedFields(metadata: Metadata, now: number): HeaderFields {
  const fields = readFields(
    metadata.headers,
    COMPUTED_FIELDS,
    /^content-(?!location$|security-policy)/,
  )
  if (metadata.etag !== undefined) fields.etag = metadata.etag
  else addLastModified(fields, metadata, now)
  return fields
}

/**
 * 412 and 416 (RFC 9110 §15.5.13, §15.5.17), which have no content. CORS and the like are kept, so
 * that a script can read the complete length. Cache lifetimes, targeted ones included (RFC 9213),
 * and digests (RFC 9530) are left out: they describe the file, not the error.
 */
export function failureFields(metadata: Metadata, status: 412 | 416): HeaderFields {
  const fields = readFields(
    metadata.headers,
    COMPUTED_FIELDS,
    /^(?:content-|(?:.+-)?cache-control$|expires$|surrogate-control$|(?:repr-)?digest$)/,
  )
  if (status === 416) fields['content-range'] = contentRange(metadata.size)
  return fields
}

/**
 * Adds fields to those of an answer. They take the place of others of their name, but for what
 * describes the content that is sent; Vary lists what either depends on.
 */
export function addFields(
  fields: Readonly<HeaderFields>,
  added: Readonly<HeaderFields>,
): HeaderFields {
  const all: HeaderFields = { ...fields }
  for (const name in added) {
    const value = added[name] ?? ''
    if (name === 'vary' && all.vary) all.vary += `, ${value}`
    else if (name !== 'content-type' && name !== 'content-encoding') all[name] = value
  }
  return all
}

function addLastModified(fields: HeaderFields, { lastModified }: Metadata, now: number): void {
  if (lastModified === undefined || !isStrongDate(lastModified.getTime(), now)) return
  // Of an earlier one an HTTP-date can't say the year (RFC 9110 §5.6.7).
  if (lastModified.getUTCFullYear() < 0) return
  fields['last-modified'] = formatHttpDate(lastModified)
}
