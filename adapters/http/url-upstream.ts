import { unexpected } from '../../src/errors.ts'
import { expectHeaders } from '../../src/headers.ts'
import type { HeadersLike } from '../../src/source.ts'
import { parseHttpUrl } from '../site/url-path.ts'
import { type OriginOptions, originLimits } from './file.ts'
import { readPart } from './head.ts'
import { follow } from './redirects.ts'
import { asStored, storedFetch } from './stored-fetch.ts'
import { cancel, type HeaderPairs, type Upstream } from './upstream.ts'

/** Options of `httpTree`. */
export interface HttpTreeOptions extends OriginOptions {
  /**
   * Fields of the requests to the other server, such as Authorization; or a function that gives
   * them for each, so that they can be renewed. Another one, to which it redirects, gets none of
   * them; but in a page, whose browser follows redirects by itself, all but Authorization.
   */
  readonly requestHeaders?: HeadersLike | (() => HeadersLike | Promise<HeadersLike>) | undefined
}

/** @throws TypeError, without what may be secret, unless it is a URL of HTTP */
export function expectUrl(url: string | URL): URL {
  const parsed = parseHttpUrl(url)
  if (parsed !== null) return parsed
  const got = URL.canParse(url) ? new URL(url).protocol : 'none'
  throw new TypeError(`Expected a URL of http: or https:, got ${got}`)
}

/** What errors call a file: its URL without credentials, query and fragment. */
export function nameOf({ origin, pathname }: URL): string {
  return origin + pathname
}

/**
 * How files are asked for by their URLs: with the credentials of `root`, which fetch would refuse
 * in a URL, so that they are taken out of it. `isFile` is told where redirects led, and says
 * whether that is a file: anything else is a 404.
 *
 * @throws TypeError or RangeError if the credentials or an option are invalid
 */
export function upstreamsOf(
  root: URL,
  options: HttpTreeOptions,
): (url: URL, isFile?: (trail: readonly URL[]) => boolean) => Upstream {
  const limits = originLimits(options)
  const { requestHeaders } = options
  const fetch = asStored(options.fetch ?? storedFetch)
  const { timeout } = limits
  if (typeof requestHeaders !== 'function') unquoted(requestHeaders, expectHeaders)
  const credentials = basic(root)
  root.username = ''
  root.password = ''
  return (url, isFile = () => true) => ({
    name: nameOf(url),
    ...limits,
    send: async function send(method, fields, signal) {
      const headers = new Headers(fields)
      const given = typeof requestHeaders === 'function' ? await requestHeaders() : requestHeaders
      for (const [field, value] of unquoted(given ?? {}, (fields) => new Headers(fields))) {
        if (!Object.hasOwn(fields, field)) headers.set(field, value)
      }
      if (credentials !== null) headers.set('authorization', credentials)
      const found = await follow(
        fetch,
        nameOf(url),
        { url, method, headers, signal, timeout },
        fields,
      )
      if (isRefusal(fields, found.response)) {
        cancel(found.response)
        return send(method, {}, signal)
      }
      if (isFile(found.trail)) return found.response
      cancel(found.response)
      return new Response(null, { status: 404 })
    },
  })
}

/**
 * What is made of the caller's fields.
 *
 * @throws TypeError that names them, in place of what `make` throws: that may quote a value, which
 * may be a secret
 */
function unquoted<Given, Made>(given: Given, make: (fields: Given) => Made): Made {
  try {
    return make(given)
  } catch {
    const names = Object.keys(Object(given)).join(', ')
    throw unexpected('header fields', names === '' ? given : `invalid ${names}`)
  }
}

/**
 * Whether a server takes no Range at all: it answers `bytes=0-`, which every file but an empty one
 * can satisfy, with an error, or with a 206 that does not say of what.
 */
function isRefusal({ range }: HeaderPairs, { status, headers }: Response): boolean {
  return range === 'bytes=0-' && [206, 400, 406].includes(status) && !readPart(headers).range
}

/**
 * The credentials of a URL as a field; null if it has none.
 *
 * @throws TypeError, without the secret, unless they are percent-encoded UTF-8
 */
function basic({ username, password }: URL): string | null {
  if (username + password === '') return null
  try {
    const bytes = new TextEncoder().encode(decodeURIComponent(`${username}:${password}`))
    return `Basic ${btoa(String.fromCharCode(...bytes))}`
  } catch {
    throw new TypeError('Expected the credentials of a URL to be percent-encoded UTF-8')
  }
}
