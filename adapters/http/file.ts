import type { Answer } from '../../src/answer.ts'
import { expectFunction, expectWholeNumber } from '../../src/errors.ts'
import type { FileSource, HeadersLike, RequestLike } from '../../src/source.ts'
import { storedType, withStored } from '../site/stored-fields.ts'
import { contentOf } from './content.ts'
import { OriginError, toAnswer } from './failure.ts'
import { find } from './find.ts'
import { type StoredFetch, storedEncoding } from './stored-fetch.ts'
import type { Upstream } from './upstream.ts'

/** How the files of another server are got, whatever protocol names them. */
export interface OriginOptions {
  /** The media type of a file that the other server names none for. */
  readonly type?: ((path: string) => string | null | undefined) | undefined
  /**
   * Statuses that mean that there is no such file, besides 404 and 410. S3 answers 403 for a missing
   * key in a bucket that may not be listed.
   */
  readonly missing?: readonly number[] | undefined
  /**
   * Whether a file never changes once it has a URL. The bytes of two responses are joined in one
   * answer only if both name the same version by a strong entity tag, or if this is true and their
   * size and validators are the same.
   */
  readonly immutable?: boolean | undefined
  /**
   * Whether a body that breaks off is resumed where it did; true by default, but on Workers, where
   * every byte then passes through JavaScript. Otherwise the runtime gets the body untouched, and
   * the client's breaks off with it.
   */
  readonly resume?: boolean | undefined
  /**
   * How often a request is repeated that is answered by 408, 429 or 5xx, or not at all, and a body
   * that broke off before it gave a byte. A whole number; 2 by default. What comes to nothing is
   * answered by 503, with the other server's Retry-After.
   */
  readonly retries?: number | undefined
  /**
   * How long the other server may be silent while it is waited for, in ms: before the head, and
   * between two chunks of the body. The whole may take as long as it likes, and a client that
   * pauses is not counted. A whole number, 1 or more; 30 000 by default.
   */
  readonly timeout?: number | undefined
  /** A `fetch` of your own, which must not decode; the runtime's by default. */
  readonly fetch?: StoredFetch | undefined
}

const isWorkerd = globalThis.navigator?.userAgent === 'Cloudflare-Workers'

/** @throws RangeError or TypeError if an option is invalid */
export function expectOriginOptions({
  type,
  fetch,
  retries = 2,
  timeout = 30_000,
}: OriginOptions): {
  readonly retries: number
  readonly timeout: number
} {
  expectFunction('type(path)', type)
  expectFunction('fetch', fetch)
  expectWholeNumber('retries', retries, 0)
  expectWholeNumber('timeout', timeout, 1)
  return { retries, timeout }
}

/**
 * A file of another server as a source, for one request.
 *
 * @param path what `type` is asked about
 * @param headers further fields, under those of the other server
 * @returns null if there is no such file; an answer if the other server fails
 */
export async function originFile(
  upstream: Upstream,
  request: RequestLike,
  path: string,
  headers: HeadersLike | undefined,
  options: OriginOptions,
): Promise<FileSource | Answer | null> {
  const { immutable: isImmutable = false, missing = [], resume: resumes = !isWorkerd } = options
  try {
    const found = await find(upstream, request, { missing, isImmutable })
    if (found === null) return null
    const { version, body, isJoinable } = found
    return {
      size: version.size,
      type: storedType(version.headers.get('content-type')) ?? options.type?.(path) ?? undefined,
      etag: version.etag,
      lastModified: version.lastModified,
      headers: withStored(headers, storedFields(version.headers)),
      ...contentOf(upstream, version, body, { isJoinable, resumes }),
    }
  } catch (error) {
    if (error instanceof OriginError) return toAnswer(error)
    throw error
  }
}

/** What the other server says of a file besides its version and type. */
function storedFields(headers: Headers): Record<string, string | null> {
  const names = ['content-language', 'content-disposition', 'cache-control', 'expires', 'age']
  const fields = Object.fromEntries(names.map((name) => [name, headers.get(name)]))
  return { ...fields, 'content-encoding': storedEncoding(headers) }
}
