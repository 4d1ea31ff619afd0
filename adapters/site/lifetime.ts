import { LIFETIMES } from '../../src/headers.ts'

/** Whether a Cache-Control value forbids shared caches to store an answer. */
function isRestricted(cacheControl: string | undefined): boolean {
  return /\b(?:private|no-store)\b/i.test(cacheControl ?? '')
}

/**
 * The Cache-Control that restricts an answer: its own, or the one that its host set before. The
 * host's wins, since it may know whose the answer is, unless the answer's own is `no-store`.
 * Undefined if neither restricts it.
 */
export function restriction(
  own: string | undefined,
  before: string | undefined,
): string | undefined {
  if (/\bno-store\b/i.test(own ?? '')) return own
  return [before, own].find(isRestricted)
}

/** Whether a field lets a cache keep an answer: some seconds, or until a date. */
function isLifetime(name: string, value: string): boolean {
  if (!LIFETIMES.test(name)) return false
  if (name === 'expires') return Date.parse(value) > Date.now()
  // Of nginx: seconds, or `@` and a date in seconds.
  if (name === 'x-accel-expires') return /[1-9]/.test(value)
  return /age="?0*[1-9]|immutable/i.test(value) && !/\bno-cache\b/i.test(value)
}

/**
 * Whether a field that the host set before applies to this answer, too. The lifetime of a file does
 * not apply to an error or a redirect; and what is private is private for a CDN, too.
 *
 * @param name in lower case
 * @param own the answer's own Cache-Control
 */
export function isForAnswer(
  status: number,
  name: string,
  value: string,
  own: string | undefined,
): boolean {
  if (!isLifetime(name, value) || isRestricted(value)) return true
  const isOfFile = status < 300 || status === 304
  return isOfFile && (name === 'cache-control' || !isRestricted(own))
}

/**
 * A file's Cache-Control without its lifetime, for what is sent in its place: kept from the same
 * caches, and asked for anew.
 *
 * @example
 * ```ts
 * withoutLifetime('private, max-age=60') // 'private, no-cache'
 * ```
 */
export function withoutLifetime(cacheControl = ''): string {
  const said = ['private', 'no-store'].filter((name) =>
    new RegExp(`\\b${name}\\b`, 'i').test(cacheControl),
  )
  return (said.includes('no-store') ? said : [...said, 'no-cache']).join(', ')
}
