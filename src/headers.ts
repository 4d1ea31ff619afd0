import { contentRange } from './range.ts'
import type { HeadersLike, Metadata } from './source.ts'
import { formatHttpDate, isStrongDate } from './validators.ts'

/** Header fields by lower-case name: the fastest form for every runtime, and HTTP/2's. */
export type HeaderFields = Record<string, string>

/**
 * Whether every server writes a media type as it is, and so does the head of a part: ASCII, without
 * control characters (RFC 9110 §5.5).
 */
export function isPrintable(type: string): boolean {
  return /^[\t\x20-\x7e]*$/.test(type)
}

/** Whether every server writes a text as a field value (RFC 9110 §5.5), which `Headers` does not ask. */
export function isFieldValue(text: string): boolean {
  return !/[^\t\x20-\x7e\x80-\uffff]/.test(text)
}

/** @throws TypeError unless every server writes these fields */
export function expectHeaders(headers: HeadersLike | undefined): void {
  sourceFields({ headers })
}

/** The source's own fields, without those that are computed, and without those to drop. */
function sourceFields({ headers }: Pick<Metadata, 'headers'>, drop?: RegExp): HeaderFields {
  const fields: HeaderFields = {}
  if (headers === undefined) return fields
  for (const [name, value] of new Headers(headers)) {
    if (CORE_FIELDS.test(name) || drop?.test(name)) continue
    if (!isFieldValue(value)) {
      throw new TypeError(`Expected a value for ${name} without control characters, got ${value}`)
    }
    // Only of Set-Cookie does `Headers` give several.
    if (Object.hasOwn(fields, name)) {
      throw new TypeError(`Expected one ${name}, got several, which only a Response can have`)
    }
    fields[name] = value
  }
  return fields
}

/** Those that are computed, and those of the connection (RFC 9110 §6.6.2, §7.6.1). */
const CORE_FIELDS =
  /^(?:accept-ranges|content-length|content-range|etag|last-modified|x-content-type-options|connection|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade)$/

/** 200 (RFC 9110 §15.3.1): what is sent, and of which version. */
export function contentFields(metadata: Metadata, now: number): HeaderFields {
  return representationFields(metadata, now, sourceFields(metadata))
}

/**
 * 206 (RFC 9110 §15.3.7), without what depends on the ranges. Digests of the content (RFC 9530 §2) are
 * left out: they are of the whole file's.
 */
export function partialFields(metadata: Metadata, now: number): HeaderFields {
  return representationFields(metadata, now, sourceFields(metadata, /^content-(?:digest|md5)$/))
}

function representationFields(metadata: Metadata, now: number, fields: HeaderFields): HeaderFields {
  fields['accept-ranges'] = 'bytes'
  fields['content-type'] = metadata.type || fields['content-type'] || 'application/octet-stream'
  fields['x-content-type-options'] = 'nosniff'
  if (metadata.etag !== undefined) fields.etag = metadata.etag
  addLastModified(fields, metadata, now)
  return fields
}

/** 304 (RFC 9110 §15.4.5): what updates a stored response, without what describes its content. */
export function notModifiedFields(metadata: Metadata, now: number): HeaderFields {
  const fields = sourceFields(metadata, /^content-(?!location$|security-policy)/)
  if (metadata.etag !== undefined) fields.etag = metadata.etag
  else addLastModified(fields, metadata, now)
  return fields
}

/**
 * 412 and 416 (RFC 9110 §15.5.13, §15.5.17): no content. CORS and the like still go with them, so
 * that a script may read the complete length. Cache lifetimes, targeted ones included (RFC 9213), and
 * digests (RFC 9530) are left out: they are of the file, not of the error.
 */
export function failureFields(metadata: Metadata, status: 412 | 416): HeaderFields {
  const fields = sourceFields(
    metadata,
    /^(?:content-|(?:.+-)?cache-control$|expires$|surrogate-control$|(?:repr-)?digest$)/,
  )
  if (status === 416) fields['content-range'] = contentRange(metadata.size)
  return fields
}

function addLastModified(fields: HeaderFields, { lastModified }: Metadata, now: number): void {
  if (lastModified === undefined || !isStrongDate(lastModified.getTime(), now)) return
  fields['last-modified'] = formatHttpDate(lastModified)
}
