import type { RequestLike } from '../../src/source.ts'

/** The fields of a request without its conditions (RFC 9110 §13.1), and with this Range or none. */
export function unconditional(
  { headers }: RequestLike,
  range: string | null = null,
): RequestLike['headers'] {
  return {
    get(name) {
      if (/^range$/i.test(name)) return range
      return /^if-/i.test(name) ? null : headers.get(name)
    },
  }
}

/** A request whose URL is what is left of another one. */
interface Below extends RequestLike {
  /** What was cut off at its beginning. */
  readonly mount?: string | undefined
}

const QUERY = /\?.*/s

/**
 * The URL of a request with what a router has cut off its beginning: that of Hono, as `files` says,
 * or of Express or Connect, as the first of the context does, which nodeListener passes. Where a
 * middleware has changed more of it, as its client sent it, without a query that is in the request's.
 */
export function clientUrlOf(request: RequestLike, [incoming]: readonly unknown[]): string {
  const { mount, url } = request as Below
  if (typeof mount === 'string') return mount + url
  const { originalUrl, url: rest } = Object(incoming)
  const isTold = typeof originalUrl === 'string' && typeof rest === 'string'
  if (!isTold || request instanceof Request) return url
  const isCut = originalUrl.endsWith(rest) && url.startsWith('/')
  if (isCut) return originalUrl.slice(0, originalUrl.length - rest.length) + url
  // What `url` has left of the same query lacks the signature of `signed`.
  const [ofClient, ofRest] = [originalUrl, rest].map((each) => QUERY.exec(each)?.[0])
  return ofClient === ofRest ? originalUrl.replace(QUERY, '') : originalUrl
}

/**
 * A request like another one, with some parts replaced. What Cloudflare tells of it comes along
 * (`cf`), what its URL is below, and the signal of its client: leave that out by
 * `signal: undefined` where others wait for the same.
 */
export function requestLike(request: RequestLike, changes: Partial<Below>): RequestLike {
  const { method, url, headers, cf, mount } = request as Below & { readonly cf?: unknown }
  const like = {
    method,
    url,
    headers,
    cf,
    mount,
    // It is looked at when it is asked for: Deno prints a warning then.
    get signal() {
      return request.signal
    },
    ...changes,
  }
  return like
}
