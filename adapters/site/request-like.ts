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

/** A request whose URL is the rest of another one. */
export interface Below extends RequestLike {
  readonly originalUrl?: string
}

/**
 * A request like another one, with some parts replaced. What Cloudflare tells of it comes along
 * (`cf`), and the signal of its client: leave that out by `signal: undefined` where others wait for
 * the same.
 */
export function requestLike(request: RequestLike, changes: Partial<Below>): RequestLike {
  const { method, url, headers, cf } = request as RequestLike & { readonly cf?: unknown }
  const like = {
    method,
    url,
    headers,
    cf,
    // It is looked at when it is asked for: Deno prints a warning then.
    get signal() {
      return request.signal
    },
    ...changes,
  }
  return like
}
