import type { Digests } from '../../src/source.ts'

/**
 * What the checksums of S3 are called in RFC 9530, and how they look: that of parts ends in `=-3`.
 */
const ALGORITHMS = [
  ['sha-256', 'x-amz-checksum-sha256', /^[A-Za-z\d+/]{43}=$/],
  ['sha', 'x-amz-checksum-sha1', /^[A-Za-z\d+/]{27}=$/],
] as const

/**
 * The digests of a whole object, from the head of an answer about it: its checksums, unless they
 * are of its parts, and MD5 where the entity tag is one.
 *
 * @example
 * digestsOf(new Headers({ etag: '"900150983cd24fb0d6963f7d28e17f72"' })) // { md5: … }
 */
export function digestsOf(headers: Headers): Digests {
  const digests: Record<string, Uint8Array> = {}
  const isWhole = headers.get('x-amz-checksum-type') !== 'COMPOSITE'
  for (const [name, field, form] of ALGORITHMS) {
    const value = headers.get(field) ?? ''
    if (isWhole && form.test(value)) digests[name] = fromBase64(value)
  }
  const [, hex] = /^"([\da-f]{32})"$/.exec(headers.get('etag') ?? '') ?? []
  // Encrypted under a key of its own, an object has a tag that only looks like one.
  const isPlain = !/^aws:/.test(headers.get('x-amz-server-side-encryption') ?? '')
  const isOwn = headers.has('x-amz-server-side-encryption-customer-algorithm')
  if (hex !== undefined && isPlain && !isOwn) digests.md5 = fromHex(hex)
  return digests
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
