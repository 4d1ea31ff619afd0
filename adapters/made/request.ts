import { isWorkerd } from '../../src/runtime.ts'
import type { RequestLike } from '../../src/source.ts'
import { clientUrlOf, requestLike, unconditional } from '../site/request-like.ts'

/**
 * A request for the same file that asks for something else of it: without the client's conditions,
 * and with this Range or none.
 *
 * @param signal aborted when no request needs it any more; some lookups listen to a Request's
 * signal. The client's is left out: others may wait for the same
 */
export function askingFor(
  request: RequestLike,
  method: 'GET' | 'HEAD',
  range: string | null,
  signal?: AbortSignal,
): RequestLike {
  return requestLike(request, { method, headers: unconditional(request, range), signal })
}

/**
 * A request that may be kept while its body is sent. Some hosts link a Request and its Headers to
 * the response's body, which could then never be garbage collected.
 */
export function copyOf(request: RequestLike): RequestLike {
  const { headers } = request
  const kept = headers instanceof Headers ? new Headers(headers) : headers
  return requestLike(request, { headers: kept, signal: undefined })
}

/**
 * The same request of another URL. A Request stays one, for what a runtime or `fetch` does with it,
 * and keeps what else it has: `cf` in Workers, what a framework has added.
 *
 * @param url absolute if it is a Request's
 */
export function withUrl(request: RequestLike, url: string): RequestLike {
  const copy = request instanceof Request ? requestOf(request, url) : requestLike(request, { url })
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(request))) {
    if (!(name in copy)) Object.defineProperty(copy, name, property)
  }
  // It is looked at when it is asked for: Deno prints a warning then.
  return Object.defineProperty(copy, 'signal', { get: () => request.signal })
}

function requestOf(request: Request, url: string): Request {
  // Elsewhere, a Request does not take all that another one says: `navigate` as its mode, say.
  const { method, headers } = request
  return new Request(url, isWorkerd ? request : { method, headers })
}

/**
 * What names a file by default: the host and the whole URL, its query included, and what a router
 * has left of that.
 */
export function urlOf(request: RequestLike, ...context: readonly unknown[]): string {
  const { url, headers } = request
  const whole = clientUrlOf(request, context)
  if (whole === url && /^[a-z][a-z\d+.-]*:/i.test(url)) return url
  // Of HTTP/2. No Headers takes such a name.
  const authority = headers instanceof Headers ? null : headers.get(':authority')
  const host = headers.get('host') ?? authority
  // Not joined: a client may send a Host that goes on like a path.
  return JSON.stringify(whole === url ? [host, url] : [host, whole, url])
}

/** What may be said of a file in an error: its path, but no query, which may hold a secret. */
export function pathOf({ url }: RequestLike): string {
  return url.replace(/^[a-z+]+:\/\/[^/]*|[?#].*/gis, '')
}
