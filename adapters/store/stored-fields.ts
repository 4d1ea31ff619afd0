import { isFieldValue, isPrintable } from '../../src/headers.ts'
import type { HeadersLike } from '../../src/source.ts'

/**
 * The fields stored with a file, over others; a Headers is made only if there are any. Stores also
 * keep values that no field can have: these are left out.
 *
 * @param stored by lower-case name
 */
export function withStored(
  others: HeadersLike | undefined,
  stored: Readonly<Record<string, string | null | undefined>>,
): HeadersLike | undefined {
  const known = Object.entries(stored).filter(([, value]) => value != null && isFieldValue(value))
  if (known.length === 0) return others
  const headers = new Headers(others)
  for (const [name, value] of known) headers.set(name, value ?? '')
  return headers
}

/** The registered codings that a client undoes (RFC 9110 §8.4.1), each as a whole. */
const CODINGS = /(?<![\w-])(?:x-)?(?:br|compress|dc[bz]|deflate|gzip|zstd)(?![\w-])/gi

/**
 * The Content-Encoding in which a body is stored; null if in none. Uploads call `UTF-8`, `none` and
 * `aws-chunked` one, which stores keep; a browser, too, takes such a body as it is.
 */
export function storedEncoding(told: string | null | undefined): string | null {
  return told?.match(CODINGS)?.join(', ') ?? null
}

/** A media type, whatever its parameters (RFC 9110 §8.3.1). */
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+[ \t]*(?:;|$)/

/** A media type stored with a file, if it is one that can be sent: not two, or any other text. */
export function storedType(type: string | null | undefined): string | undefined {
  return type != null && MEDIA_TYPE.test(type) && isPrintable(type) ? type : undefined
}
