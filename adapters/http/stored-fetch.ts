import { isNode } from '../../src/runtime.ts'
import { misanswer } from './failure.ts'
import { cancel } from './upstream.ts'

/** What is asked of a server. */
export interface Ask {
  /** HEAD for the version alone. */
  readonly method: 'GET' | 'HEAD'
  /** Every field of the request. */
  readonly headers: Headers
  /** Null where it is enough to cancel the body. */
  readonly signal: AbortSignal | null
  /** `follow` only in a page, which is not told where a redirect leads. */
  readonly redirect: 'follow' | 'manual'
  /** For how many ms the body may be silent. Where nobody looks at it, `fetch` may. */
  readonly timeout: number
}

/** A `fetch` whose bodies are the bytes that are stored, whatever Content-Encoding they have. */
export type StoredFetch = (url: string, ask: Ask) => Promise<Response>

/**
 * The runtime's own `fetch`, kept from decoding: a decoded body has another length, and a range of
 * it is none of the file. Bun and workerd have an option for that, Deno leaves the answers to
 * ranges alone, and Node's is kept from seeing that there is something to decode.
 *
 * @throws OriginError, as a rejection, if Node's sees it all the same
 */
export const storedFetch: StoredFetch = async (url, ask) => {
  const codings: string[] = []
  // `decompress` is Bun's, `encodeResponseBody` workerd's, `dispatcher` Node's; others ignore them.
  const own = { decompress: false, encodeResponseBody: 'manual', dispatcher: taking(codings, ask) }
  const response = await fetch(url, { ...ask, ...own })
  if (codings.length > 0) {
    const headers = new Headers(response.headers)
    headers.set('content-encoding', codings.join(', '))
    // Another Response would leave this one to be garbage collected, and its body with it.
    return Object.defineProperty(response, 'headers', { value: headers })
  }
  if (!isNode || !response.ok || !response.headers.has('content-encoding')) return response
  cancel(response)
  const name = url.replace(/[?#].*/s, '')
  throw misanswer({ name }, 'a body as it is stored', 'it decoded by fetch')
}

/**
 * A `fetch` that asks for what is stored, and not for another encoding of it: its offsets are those
 * of the file. Google's store decodes what it has in gzip, without a length or ranges, unless gzip
 * is accepted.
 */
export function asStored(fetch: StoredFetch): StoredFetch {
  return async (url, ask) => {
    const headers = new Headers(ask.headers)
    if (!headers.has('accept-encoding')) headers.set('accept-encoding', 'identity')
    const response = await fetch(url, { ...ask, headers })
    const { headers: told } = response
    const isDecoded =
      told.get('x-goog-stored-content-encoding') === 'gzip' && !told.has('content-encoding')
    if (!isDecoded || headers.get('accept-encoding') !== 'identity') return response
    cancel(response)
    headers.set('accept-encoding', 'gzip')
    return fetch(url, { ...ask, headers })
  }
}

/** The part of undici's handlers that is used. */
interface Handler {
  /** In Node 20 to 25. */
  onHeaders?(status: number, fields: Uint8Array[], ...rest: unknown[]): boolean
  /** From Node 26 on. */
  onResponseStart?(controller: { rawHeaders?: Uint8Array[] }, ...rest: unknown[]): void
}

/**
 * The global dispatcher of Node, which keeps the Content-Encoding of a response from fetch. Its own
 * limits are 300 s; for the head, the caller has another.
 */
function taking(codings: string[], { timeout }: Ask) {
  // Over HTTP/2, Node 26 gives no raw fields.
  const limits = { headersTimeout: 0, bodyTimeout: timeout, allowH2: false }
  /** @param fields names and values by turns, as Buffers */
  const take = (fields: Uint8Array[]) =>
    fields.filter((field, i) => {
      const isCoding = /^content-encoding$/i.test(String(fields[i - (i % 2)]))
      if (isCoding && i % 2 === 1) codings.push(String(field))
      return !isCoding
    })
  return {
    dispatch(options: object, handler: Handler): boolean {
      // That of fetch itself: the other may be of another undici, which a program has installed.
      const version = handler.onResponseStart ? 2 : 1
      const below = Reflect.get(globalThis, Symbol.for(`undici.globalDispatcher.${version}`))
      const taker: Handler = {
        onHeaders(status, fields, ...rest) {
          return handler.onHeaders?.call(this, status, take(fields), ...rest) ?? true
        },
        onResponseStart(controller, ...rest) {
          const { rawHeaders } = controller
          if (rawHeaders) controller.rawHeaders = take(rawHeaders)
          handler.onResponseStart?.call(this, controller, ...rest)
        },
      }
      return below.dispatch({ ...options, ...limits }, Object.setPrototypeOf(taker, handler))
    },
  }
}
