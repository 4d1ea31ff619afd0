import type { Answer } from '../../src/answer.ts'
import { expectSwitch, expectWholeNumber, unexpected } from '../../src/errors.ts'
import type { HeaderFields } from '../../src/headers.ts'
import type { RequestLike } from '../../src/source.ts'
import { unexpectedOf } from '../store/given.ts'
import { expectNames } from './option-names.ts'

/** Options of `cors`. */
export interface CorsOptions {
  /**
   * Whose pages may read the files: `*`, the default, is everybody's; one origin such as
   * `https://app.example`, several, or a function that says so of one.
   */
  readonly origin?: string | readonly string[] | ((origin: string) => boolean) | undefined
  /** Whether they may send cookies along: then `origin` can't be `*`. False by default. */
  readonly credentials?: boolean | undefined
  /** For how many seconds a browser remembers what it asked beforehand. 7200 by default. */
  readonly maxAge?: number | undefined
  /** Further fields of the answers that a script may read. */
  readonly expose?: readonly string[] | undefined
  /** Further fields that a script may send. */
  readonly allow?: readonly string[] | undefined
  /**
   * Whose pages may embed the files (Cross-Origin-Resource-Policy). `cross-origin` by default where
   * `origin` is `*`, otherwise not sent.
   */
  readonly resourcePolicy?: 'cross-origin' | 'same-site' | 'same-origin' | undefined
}

/** What a player or a downloader has to read, besides the fields that any script may. */
const EXPOSED = [
  'Accept-Ranges',
  'Content-Disposition',
  'Content-Encoding',
  'Content-Length',
  'Content-Range',
  'ETag',
  'Last-Modified',
  'Repr-Digest',
]

/** What it may send. A browser asks beforehand about all but a simple Range. */
const ALLOWED = [
  'Cache-Control',
  'If-Match',
  'If-Modified-Since',
  'If-None-Match',
  'If-Range',
  'If-Unmodified-Since',
  'Range',
  'Want-Repr-Digest',
]

const OPTIONS = ['origin', 'credentials', 'maxAge', 'expose', 'allow', 'resourcePolicy']

/** Chromium remembers no longer, in seconds. */
const MAX_AGE = 7200

/**
 * The header fields by which pages of other origins may read files and their ranges, for the option
 * `headers` of `fileHandler` and `nodeListener`: they reach preflights and errors, too.
 *
 * @throws TypeError or RangeError at once if an option is invalid, such as `credentials` for all
 * origins, which browsers refuse
 *
 * @example
 * ```ts
 * fileHandler(nodeDirectory('media'), { headers: cors() })
 * fileHandler(nodeDirectory('media'), { headers: cors({ origin: 'https://app.example' }) })
 * ```
 */
export function cors(
  options: CorsOptions = {},
): (answer: Answer, request: RequestLike, ...context: readonly unknown[]) => HeaderFields {
  expectNames(options, 'only', OPTIONS)
  const { origin = '*', credentials = false, maxAge = MAX_AGE, resourcePolicy } = options
  const allowedOrigin = originRule(origin)
  expectSwitch('credentials', credentials)
  if (credentials && origin === '*') {
    throw new TypeError("Expected an origin for credentials: browsers send none if it is '*'")
  }
  expectWholeNumber('maxAge', maxAge, 0)
  if (![undefined, 'cross-origin', 'same-site', 'same-origin'].includes(resourcePolicy)) {
    throw unexpected("resourcePolicy to be like 'same-site'", resourcePolicy)
  }
  const policy = resourcePolicy ?? (origin === '*' ? 'cross-origin' : undefined)
  const shared: HeaderFields = {
    ...(policy !== undefined && { 'cross-origin-resource-policy': policy }),
    ...(typeof origin !== 'string' && { vary: 'Origin' }),
  }
  const simple: HeaderFields = {
    'access-control-expose-headers': listOf('expose', EXPOSED, options.expose),
    ...(credentials && { 'access-control-allow-credentials': 'true' }),
  }
  const preflight: HeaderFields = {
    'access-control-allow-methods': 'GET, HEAD',
    'access-control-allow-headers': listOf('allow', ALLOWED, options.allow),
    'access-control-max-age': String(maxAge),
    ...(credentials && { 'access-control-allow-credentials': 'true' }),
  }
  return (answer, { method, headers }) => {
    if (typeof answer === 'string') {
      // It is the path of a file: whoever calls is a site.
      throw unexpected(
        'cors() in headers of a handler such as fileHandler',
        'it in those of a directory',
      )
    }
    const allowed = allowedOrigin(headers.get('origin'))
    if (allowed === null) return shared
    const isPreflight =
      method === 'OPTIONS' && headers.get('access-control-request-method') !== null
    return {
      ...shared,
      'access-control-allow-origin': allowed,
      ...(isPreflight ? preflight : simple),
    }
  }
}

/** What Access-Control-Allow-Origin says to a page of an origin; null if it may read nothing. */
function originRule(rule: CorsOptions['origin']): (origin: string | null) => string | null {
  if (rule === '*') return () => rule
  if (typeof rule === 'string') {
    expectOrigin(rule)
    return () => rule
  }
  if (Array.isArray(rule)) {
    const origins = new Set<string>(rule)
    origins.forEach(expectOrigin)
    return (origin) => (origin !== null && origins.has(origin) ? origin : null)
  }
  if (typeof rule !== 'function') {
    throw unexpected("origin to be a URL's, several, or a function", rule)
  }
  return (origin) => {
    const answer: unknown = origin !== null && rule(origin)
    // The promise of an async function would silently refuse everybody.
    if (Object(answer) === answer) throw unexpectedOf('origin', 'a boolean', answer)
    return answer === true ? origin : null
  }
}

/** @throws TypeError unless a browser might send it, as it stands */
function expectOrigin(origin: string): void {
  const isLikeOne = /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@]+$/.test(origin) && URL.canParse(origin)
  if (isLikeOne && origin.includes('*')) {
    throw unexpected("an origin without '*', or a function for several", `'${origin}'`)
  }
  // Apps have schemes of their own, for which `URL` gives no origin: `capacitor://localhost`.
  if (isLikeOne && [origin, 'null'].includes(new URL(origin).origin)) return
  throw unexpected("an origin like 'https://app.example'", `'${origin}'`)
}

function listOf(option: string, names: readonly string[], others: readonly string[] = []): string {
  if (!Array.isArray(others)) throw unexpected(`${option} to be an array`, others)
  for (const name of others) {
    if (typeof name === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(name)) continue
    throw unexpected(`${option} to hold names of header fields`, name)
  }
  return [...names, ...others].join(', ')
}
