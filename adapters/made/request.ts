import type { ByteRange } from '../../src/range.ts'
import type { RequestLike } from '../../src/source.ts'

/** What is left to those who answer the client: a block is read whatever they decide. */
const LEFT_OUT = /^(?:range|if-(?:match|none-match|modified-since|unmodified-since|range))$/i

/** What a lookup is asked; a Request has a signal, too, and some lookups heed it. */
interface Asking extends RequestLike {
  readonly signal?: AbortSignal
}

/** Asks for a file's version, whatever the client's conditions are. */
export function askingForVersion({ url, headers }: RequestLike): Asking {
  return { method: 'HEAD', url, headers: withRange(headers, null) }
}

/**
 * Asks for some bytes of the same file, without the client's conditions.
 *
 * @param signal aborted when nobody wants them any more: that of the client is his alone
 */
export function askingForBytes(
  { url, headers }: RequestLike,
  { start, end }: ByteRange,
  signal: AbortSignal,
): Asking {
  return { method: 'GET', url, headers: withRange(headers, `bytes=${start}-${end - 1}`), signal }
}

function withRange(headers: RequestLike['headers'], range: string | null): RequestLike['headers'] {
  return {
    get(name) {
      if (!LEFT_OUT.test(name)) return headers.get(name)
      return name.toLowerCase() === 'range' ? range : null
    },
  }
}

/**
 * A request that may be kept while its body is sent. Some hosts link a Request and its Headers to
 * the response's body, which could then never be garbage collected.
 */
export function copyOf({ method, url, headers }: RequestLike): RequestLike {
  return { method, url, headers: headers instanceof Headers ? new Headers(headers) : headers }
}

/** What names a file by default: the host and the whole URL, its query included. */
export function urlOf({ url, headers }: RequestLike): string {
  if (!url.startsWith('/')) return url
  return `//${headers.get('host') ?? headers.get(':authority') ?? ''}${url}`
}

/** What may be said of a file in an error: its path, but no query, which may hold a secret. */
export function pathOf({ url }: RequestLike): string {
  return url.replace(/^[a-z+]+:\/\/[^/]*|[?#].*$/gi, '')
}
