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

/** A media type, whatever its parameters (RFC 9110 §8.3.1). */
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+[ \t]*(?:;|$)/

/** A media type stored with a file, if it is one that can be sent: not two, or any other text. */
export function storedType(type: string | null | undefined): string | undefined {
  return type != null && MEDIA_TYPE.test(type) && isPrintable(type) ? type : undefined
}
