import type { RequestLike } from '../src/source.ts'

/**
 * The host and port that a request was sent to, as it says itself; '' if it says none, as HTTP/1.0
 * allows.
 */
export function authorityOf({ url, headers }: RequestLike): string {
  const host = headers.get('host')
  if (host !== null) return host
  if (!url.startsWith('/')) return hostIn(url) ?? ''
  // Node gives the path alone, and of HTTP/2 a field whose name no Headers takes: Bun's throws.
  return headers instanceof Headers ? '' : (headers.get(':authority') ?? '')
}

function hostIn(url: string): string | undefined {
  return /^\w+:\/\/([^/?#]*)/.exec(url)?.[1]
}

/** The path and query of a request's URL as they came: without the origin, which Node omits. */
export function withoutOrigin(url: string): string {
  return url.replace(/^\w+:\/\/[^/?#]*/, '')
}
