/** A secret that links are signed with: a text, or bytes; at least 16 of them. */
export type SigningKey = string | Uint8Array

/** What a signature grants. */
export interface Grant {
  /** One file, or all that is below a path. */
  readonly scope: 'file' | 'below'
  /** Decoded: of the file, or of what it is below of, with a slash at its end. */
  readonly path: string
  /** With its question mark, as it is in the URL; empty if there is none, and below a path. */
  readonly query: string
  /** In seconds since the epoch. */
  readonly expires: number
}

/** A grant's end and its signature, as they are in a URL. */
export interface Token {
  readonly expires: number
  readonly signature: Uint8Array
}

const MIN_KEY = 16

/** The last end that a token has room for: 12 digits. */
export const LAST_END = 999_999_999_999

const ALGORITHM = { name: 'HMAC', hash: 'SHA-256' }

/** @throws TypeError unless there is a key, and each is long enough */
export function toKeys(
  keys: SigningKey | readonly SigningKey[],
): readonly [Uint8Array, ...Uint8Array[]] {
  const given = typeof keys === 'string' || keys instanceof Uint8Array ? [keys] : keys
  const bytes = given?.map((key) => (typeof key === 'string' ? new TextEncoder().encode(key) : key))
  const [first, ...others] = bytes ?? []
  if (first === undefined || [first, ...others].some((key) => !(key?.length >= MIN_KEY))) {
    throw new TypeError(`Expected one or more keys of at least ${MIN_KEY} bytes`)
  }
  return [first, ...others]
}

/** The DOM's name of it is not at hand everywhere. */
type HmacKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>

export function importKey(key: Uint8Array): Promise<HmacKey> {
  return crypto.subtle.importKey('raw', new Uint8Array(key), ALGORITHM, false, ['sign', 'verify'])
}

export async function sign(grant: Grant, key: HmacKey): Promise<string> {
  const signature = new Uint8Array(await crypto.subtle.sign(ALGORITHM, key, messageOf(grant)))
  const text = btoa(String.fromCharCode(...signature))
  return `${grant.expires}.${text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')}`
}

/** Whether one of the keys made the signature: in the same time, whatever is wrong with it. */
export async function verify(
  grant: Grant,
  { signature }: Token,
  keys: readonly HmacKey[],
): Promise<boolean> {
  const message = messageOf(grant)
  const given = signature as Uint8Array<ArrayBuffer>
  const results = await Promise.all(
    keys.map((key) => crypto.subtle.verify(ALGORITHM, key, given, message)),
  )
  return results.includes(true)
}

/** No path or query has a line break in it, so that no two grants have the same message. */
function messageOf({ scope, path, query, expires }: Grant): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`byteserve 1\n${scope}\n${path}\n${query}\n${expires}`)
}

/** Null unless it is a token. */
export function parseToken(text: string): Token | null {
  const [, expires, signature] = /^([1-9]\d{0,11})\.([\w-]{43})$/.exec(text) ?? []
  if (expires === undefined || signature === undefined) return null
  const base64 = signature.replaceAll('-', '+').replaceAll('_', '/')
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
  return { expires: Number(expires), signature: bytes }
}
