import { type Answer, UNAVAILABLE } from '../../src/answer.ts'
import {
  expectFunction,
  expectOptions,
  expectSwitch,
  expectWait,
  expectWholeNumber,
  SourceChangedError,
  unexpected,
} from '../../src/errors.ts'
import { expectHeaders } from '../../src/headers.ts'
import type { FileLookup } from '../../src/lookup.ts'
import { isBun, isWorkerd } from '../../src/runtime.ts'
import type { FileSource, HeadersLike, RequestLike } from '../../src/source.ts'
import { storedEncoding, storedType, withStored } from '../store/stored-fields.ts'
import { contentOf } from './content.ts'
import { OriginError, toAnswer } from './failure.ts'
import { find } from './find.ts'
import type { StoredFetch } from './stored-fetch.ts'
import type { Upstream } from './upstream.ts'

/** How the files of another server are got, whatever protocol names them. */
export interface OriginOptions {
  /**
   * Statuses that mean that there is no such file, besides 404 and 410. S3 answers 403 for a
   * missing key in a bucket that may not be listed.
   */
  readonly missing?: readonly number[] | undefined
  /**
   * Whether a file never changes once it has a URL. The bytes of two responses are joined in one
   * answer only if both name the same version by a strong entity tag, or if this is true and their
   * size and validators are the same.
   */
  readonly immutable?: boolean | undefined
  /**
   * Whether a body that breaks off is resumed where it did. By default, bodies of more than 1 MiB
   * are, on Bun all, but none on Workers, where every byte would have to pass through JavaScript:
   * there, and with false, the runtime gets bodies untouched, and the client's breaks off with
   * them.
   */
  readonly resume?: boolean | undefined
  /**
   * How often a request is repeated that is answered by 408, 429 or 5xx but for 501, or not at all,
   * and a body that broke off before it gave a byte. A whole number; 2 by default. What comes to
   * nothing is answered by 503, with the other server's Retry-After.
   */
  readonly retries?: number | undefined
  /**
   * How long the other server may be silent while it is waited for, in ms: before the head, and
   * between two chunks of the body. The whole may take as long as it likes, and a client that
   * pauses is not counted. A whole number, 1 to 2 147 483 647 (25 days); 30 000 by default.
   *
   * On Deno and Workers, a body that is not resumed, such as one of up to 1 MiB, is not watched
   * once its head has come.
   */
  readonly timeout?: number | undefined
  /** A `fetch` of your own, which must not decode; the runtime's by default. */
  readonly fetch?: StoredFetch | undefined
}

/** What goes to the runtime untouched, in bytes: what sockets hold anyway while a client pauses. */
const UNTOUCHED = isWorkerd ? Infinity : isBun ? 0 : 1024 * 1024

/**
 * How other servers are asked.
 *
 * @throws RangeError or TypeError if an option is invalid
 */
export function originLimits(
  options: OriginOptions,
): Pick<Upstream, 'retries' | 'timeout' | 'hasSignal'> {
  expectOptions(options)
  const { fetch, missing, immutable, retries = 2, timeout = 30_000, resume = false } = options
  expectFunction('fetch', fetch)
  expectSwitch('immutable', immutable)
  expectSwitch('resume', resume)
  if (missing !== undefined && !Array.isArray(missing)) {
    throw unexpected('missing to be an array', missing)
  }
  expectWholeNumber('retries', retries, 0)
  expectWait('timeout', timeout)
  // workerd sends the body of a fetch that has a signal through JavaScript.
  return { retries, timeout, hasSignal: resume || !isWorkerd }
}

/** Stands for the request of a caller who wants to know what a file is, and reads it later. */
const NO_REQUEST: RequestLike = { method: 'READ', url: '/', headers: new Headers() }

/**
 * A file of another server as a source, for one request.
 *
 * @param fallback fields and a type for what its server does not say
 * @param path what its type is found by
 * @returns null if there is no such file
 * @throws OriginError if the other server fails
 */
export async function originFile(
  upstream: Upstream,
  request: RequestLike | null,
  options: OriginOptions,
  fallback: OriginFileOptions = {},
  path = '',
): Promise<FileSource | null> {
  const { resume } = options
  const untouched = resume === undefined ? UNTOUCHED : resume ? 0 : Infinity
  const found = await find(upstream, request ?? NO_REQUEST, options)
  if (found === null) return null
  const { version, body, ...plan } = found
  const { size, etag, lastModified, headers } = version
  const type = storedType(headers.get('content-type'))
  try {
    return {
      size,
      type: (type === NO_TYPE ? undefined : type) ?? fallback.type?.(path) ?? undefined,
      etag,
      lastModified,
      headers: withStored(fallback.headers, storedFields(headers)),
      ...contentOf(upstream, version, body, { ...plan, untouched }),
      ...upstream.describe?.(headers),
    }
  } catch (thrown) {
    body?.hangUp()
    throw thrown
  }
}

/** What S3 says of an object that was stored without a type. */
const NO_TYPE = 'binary/octet-stream'

/** What the other server says of a file besides its version and type. */
function storedFields(headers: Headers): Record<string, string | null> {
  const names = ['content-language', 'content-disposition', 'cache-control', 'expires']
  const fields = Object.fromEntries(names.map((name) => [name, headers.get(name)]))
  const [age = null] = /^\d+$/.exec(headers.get('age') ?? '') ?? []
  return { ...fields, age, 'content-encoding': storedEncoding(headers.get('content-encoding')) }
}

/** What the caller says of one file; its server's word comes first. */
export interface OriginFileOptions {
  /** Further fields of the answers, such as CORS. What the other server says wins over them. */
  readonly headers?: HeadersLike | undefined
  /** The media type of a file for which the other server has none. */
  readonly type?: ((path: string) => string | null | undefined) | undefined
}

/** @throws TypeError if an option is invalid */
export function expectFileOptions({ headers, type }: OriginFileOptions): void {
  expectHeaders(headers)
  expectFunction('type(path)', type)
}

/** The answer to a failure of the other server. */
export function answerFailure(error: unknown): Answer {
  if (error instanceof OriginError) return toAnswer(error)
  if (error instanceof SourceChangedError) return { ...UNAVAILABLE, error }
  throw error
}

/** A lookup that answers failures of the other server. */
export function answering<Context extends readonly unknown[]>(
  lookup: FileLookup<Context>,
): FileLookup<Context> {
  return async (request, ...context) => {
    try {
      return await lookup(request, ...context)
    } catch (error) {
      return answerFailure(error)
    }
  }
}
