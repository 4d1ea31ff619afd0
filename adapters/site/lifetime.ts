/** Whether a value of Cache-Control keeps others than the client from storing an answer. */
function isRestricted(cacheControl: string | undefined): boolean {
  return /\b(?:private|no-store)\b/i.test(cacheControl ?? '')
}

/**
 * The Cache-Control of an answer that must not be lost, whoever has said it: its own, or one that
 * its host has set before. What nobody may store, nobody may; whose an answer is, the host may know
 * better. Undefined if neither restricts it.
 */
export function restriction(
  own: string | undefined,
  before: string | undefined,
): string | undefined {
  if (/\bno-store\b/i.test(own ?? '')) return own
  return [before, own].find(isRestricted)
}

/** The fields that say how long an answer may be kept, targeted ones (RFC 9213) included. */
const LIFETIMES = /^(?:(?:.+-)?cache-control|expires|surrogate-control)$/

/** Whether a field lets a cache keep an answer: some seconds, or until a date. */
function isLifetime(name: string, value: string): boolean {
  if (!LIFETIMES.test(name)) return false
  if (name === 'expires') return Date.parse(value) > Date.now()
  return /age="?0*[1-9]|immutable/i.test(value) && !/\bno-cache\b/i.test(value)
}

/**
 * Whether a field that a host has set before is for this answer, too. How long a file may be kept
 * says nothing of an error or a redirect; and what is private is so for a CDN, too.
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
