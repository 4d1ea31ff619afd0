import type { Answer } from '../../../src/answer.ts'
import { expectLookup, type FileLookup, type Found, isSource } from '../../../src/lookup.ts'
import type { FileSource } from '../../../src/source.ts'
import { withDefaults } from '../../site/overlay.ts'
import { expectBase } from '../../site/url-path.ts'
import { withUrl } from '../request.ts'
import { addToken, hasToken, partsOf, takeToken, type UrlParts } from './signed-url.ts'
import { type Grant, importKey, LAST_END, type SigningKey, sign, toKeys, verify } from './token.ts'

/** What a signed URL grants, and for how long. */
export interface SignOptions {
  /** Until when responses may begin, or ms since the epoch; 12 h from now by default. */
  readonly expires?: Date | number | undefined
  /**
   * A path above the URL's, with a slash at its end: the signature is for all that is below, and
   * becomes a part of the path, so that the relative links of a playlist or a page have it too. By
   * default it is for this URL only, with this query, and is added to the query.
   */
  readonly scope?: string | undefined
  /** What time it is, in ms since the epoch. */
  readonly now?: number | undefined
}

const TWELVE_HOURS = 12 * 60 * 60 * 1000

/**
 * Signs a URL for `signed`: whoever has it may GET it, without more.
 *
 * The host is not signed: sites that must not share links need keys of their own.
 *
 * @param url absolute, or starting with one slash
 * @param keys the first one signs
 * @throws as a rejection, TypeError if the URL is neither, is signed already or can't be (its path
 * is not UTF-8, or has an encoded slash, backslash or control character), if `scope` is not above
 * it, or a key has less than 16 bytes; RangeError unless the second in which
 * `expires` lies is still to come
 *
 * @example
 * ```ts
 * await signUrl('/films/a.mp4', key) // '/films/a.mp4?signed=1767225600.Xb0…'
 * await signUrl('/films/a/index.m3u8', key, { scope: '/films/a/' })
 * // '/films/a/~1767225600.9ZI…/index.m3u8'
 * ```
 */
export async function signUrl(
  url: string | URL,
  keys: SigningKey | readonly SigningKey[],
  { expires, scope, now = Date.now() }: SignOptions = {},
): Promise<string> {
  const [key] = toKeys(keys)
  const parts = expectParts(String(url))
  const end = Math.floor(Number(expires ?? now + TWELVE_HOURS) / 1000)
  if (!(end * 1000 > now && end <= LAST_END)) {
    const [least, got] = [now, expires].map(formatted)
    throw new RangeError(`Expected expires to be a time later than ${least}, got ${got}`)
  }
  const grant: Grant = {
    ...(scope === undefined
      ? { scope: 'file', path: parts.path, query: parts.url.search }
      : { scope: 'below', path: expectScope(scope, parts), query: '' }),
    expires: end,
  }
  return addToken(parts, grant, await sign(grant, await importKey(key)))
}

/** A time as a date, if it is one. */
function formatted(time: unknown): string {
  const date = new Date(Number(time))
  return Number.isNaN(date.getTime()) ? `${time}` : date.toISOString()
}

function expectParts(url: string): UrlParts {
  const parts = url.startsWith('?') ? null : partsOf(url)
  if (parts === null || hasToken(parts) || leadsAway(parts)) {
    // A signature that it has may be a good one.
    const got = withoutSignature(url)
    throw new TypeError(`Expected a URL to sign, absolute or starting with one slash, got '${got}'`)
  }
  return parts
}

/**
 * Whether its path, as a link, would be one to another host. That shows once it was parsed: there,
 * `\` is a slash, and a tab is nothing.
 */
function leadsAway({ url, isAbsolute }: UrlParts): boolean {
  return !isAbsolute && url.pathname.startsWith('//')
}

function expectScope(scope: string, { path }: UrlParts): string {
  const above = scope.endsWith('/') ? expectBase(scope) : null
  if (above !== null && path.startsWith(above)) return above
  throw new TypeError(`Expected a scope above ${path}, got '${withoutSignature(scope)}'`)
}

/**
 * A lookup behind signatures: GET and HEAD of URLs that `signUrl` signed, until they expire; 403
 * for all others, whatever is wrong. A response that began in time goes on to its end.
 *
 * The lookup gets the URL without its signature, as it was understood here: dot segments resolved.
 * No browser tells other sites the URL (`Referrer-Policy`). What observers of the handler get is
 * the request as it came: log `withoutSignature(request.url)`.
 *
 * @param keys all of them are tried: to change a key, put the new one first, and remove the old one
 * once what it signed has expired
 * @throws TypeError at once if `lookup` is not a function or a key has less than 16 bytes
 *
 * @example
 * ```ts
 * fileHandler(signed(nodeDirectory('films', { base: '/films/' }), key))
 * ```
 */
export function signed<Context extends readonly unknown[]>(
  lookup: FileLookup<Context>,
  keys: SigningKey | readonly SigningKey[],
): FileLookup<Context> {
  expectLookup(lookup)
  const secrets = toKeys(keys)
  let imported: readonly CryptoKey[] | null = null
  return async (request, ...context) => {
    const { method } = request
    const found = takeToken(request.url)
    if (found === null || (method !== 'GET' && method !== 'HEAD')) return FORBIDDEN
    // Not before the first request: workerd allows no such thing while a Worker starts.
    imported ??= await Promise.all(secrets.map(importKey))
    const { grant, token, url } = found
    const isGranted = await verify(grant, token, imported)
    if (!isGranted || Date.now() >= grant.expires * 1000) return FORBIDDEN
    return unreferred(await lookup(withUrl(request, url), ...context))
  }
}

/**
 * A URL without its signature, for a log. Of one that grants nothing as it stands, what looks like
 * a signature is left out: it may be that of a good link.
 *
 * @example
 * ```ts
 * withoutSignature('/films/a.mp4?t=1&signed=1767225600.Xb0…') // '/films/a.mp4?t=1'
 * ```
 */
export function withoutSignature(url: string): string {
  return takeToken(url)?.url ?? url.replace(/(?<=~|=|%7e|%3d)\d{1,12}\.[\w-]{43}/gi, '')
}

const FORBIDDEN: Answer = { status: 403, headers: { 'cache-control': 'no-store' }, pieces: [] }

const NO_REFERRER = { 'referrer-policy': 'no-referrer' }

function unreferred(found: Found | undefined): FileSource | Answer | null {
  if (found === null || found === undefined) return null
  if (!isSource(found)) return { ...found, headers: { ...NO_REFERRER, ...found.headers } }
  return withDefaults(found, NO_REFERRER)
}
