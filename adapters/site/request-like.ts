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

/**
 * What a router has cut off the beginning of a request's URL: that of Hono, as `files` says, or of
 * Express or Connect, as the first of the context does, which nodeListener passes; '' for nothing.
 */
export function mountOf(request: RequestLike, [incoming]: readonly unknown[]): string {
  const { mount } = request as Below
  if (mount !== undefined) return mount
  const { baseUrl, originalUrl, url } = Object(incoming)
  const isCut = typeof originalUrl === 'string' && typeof url === 'string'
  if (!isCut || !request.url.startsWith('/')) return ''
  if (typeof baseUrl === 'string') return baseUrl
  // Where a middleware has changed more of it, all of it tells.
  return originalUrl.endsWith(url) ? originalUrl.slice(0, -url.length) : originalUrl
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
