import { type ByteRange, contentRange } from './range.ts'
import type { FileSource, HeadersLike } from './source.ts'
import { formatHttpDate, isStrongDate } from './validators.ts'

/** Header fields by lower-case name: the fastest form for every runtime, and HTTP/2's. */
export type HeaderFields = Record<string, string>

/** Whether every server writes a text as a field value (RFC 9110 §5.5). */
export function isFieldValue(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text)
}

/** @throws TypeError unless every server writes these fields */
export function expectHeaders(headers: HeadersLike | undefined): void {
  sourceFields({ headers })
}

/** The source's own fields, less some. Length, range and validators are the core's to say. */
function sourceFields({ headers }: Pick<FileSource, 'headers'>, drop?: RegExp): HeaderFields {
  const fields: HeaderFields = {}
  if (headers === undefined) return fields
  for (const [name, value] of new Headers(headers)) {
    if (CORE_FIELDS.test(name) || drop?.test(name)) continue
    // `Headers` lets control characters pass, which no server would write.
    if (/[^\t\x20-\x7e\x80-\uffff]/.test(value)) {
      throw new TypeError(`Expected a value for ${name} without control characters, got ${value}`)
    }
    fields[name] = value
  }
  return fields
}

/** Those that the core says, and those that are the connection's (RFC 9110 §6.6.2, §7.6.1). */
const CORE_FIELDS =
  /^(?:accept-ranges|content-length|content-range|etag|last-modified|x-content-type-options|connection|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade)$/

/**
 * 200 and 206 (RFC 9110 §15.3.1, §15.3.7): what is sent, of which version. Of several ranges, length
 * and type are those of what holds them, which is not known here.
 */
export function contentFields(
  source: FileSource,
  now: number,
  ranges: readonly ByteRange[] = [],
): HeaderFields {
  const [range] = ranges
  // Digests of the content (RFC 9530 §2) are of the whole file's.
  const fields = sourceFields(source, range && /^content-(?:digest|md5)$/)
  fields['accept-ranges'] = 'bytes'
  fields['content-length'] = String(range ? range.end - range.start : source.size)
  fields['content-type'] = source.type || fields['content-type'] || 'application/octet-stream'
  fields['x-content-type-options'] = 'nosniff'
  if (range && ranges.length === 1) fields['content-range'] = contentRange(source.size, range)
  if (source.etag !== undefined) fields.etag = source.etag
  addLastModified(fields, source, now)
  return fields
}

/** 304 (RFC 9110 §15.4.5): what updates a stored response, without what describes its content. */
export function notModifiedFields(source: FileSource, now: number): HeaderFields {
  const fields = sourceFields(source, /^content-(?!location$|security-policy)/)
  if (source.etag !== undefined) fields.etag = source.etag
  else addLastModified(fields, source, now)
  return fields
}

/**
 * 412 and 416 (RFC 9110 §15.5.13, §15.5.17): no content. CORS and the like still go with them, so
 * that a script may read the complete length. How long caches may keep the file, be it said to all or
 * to some of them (RFC 9213), does not: the failure is another thing to keep.
 */
export function failureFields(source: FileSource, status: 412 | 416): HeaderFields {
  const fields = sourceFields(
    source,
    /^(?:content-|(?:.+-)?cache-control$|expires$|surrogate-control$)/,
  )
  if (status === 416) fields['content-range'] = contentRange(source.size)
  return fields
}

function addLastModified(fields: HeaderFields, { lastModified }: FileSource, now: number): void {
  if (lastModified === undefined || !isStrongDate(lastModified.getTime(), now)) return
  fields['last-modified'] = formatHttpDate(lastModified)
}
