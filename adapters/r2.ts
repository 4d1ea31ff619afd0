import { SourceChangedError } from '../src/errors.ts'
import { expectHeaders, isFieldValue, isPrintable } from '../src/headers.ts'
import { type ByteRange, parseRange, type RangeSpec, resolveRange } from '../src/range.ts'
import type { FileLookup, FileSource, HeadersLike, RequestLike } from '../src/source.ts'
import { expectBase, toRelativePath } from './path.ts'

/** The part of a bucket binding that is used; Cloudflare's `R2Bucket` fits. */
export interface R2BucketLike {
  /** The metadata of an object; null if there is none by that key. */
  head(key: string): Promise<R2ObjectLike | null>
  /** An object and its content; without the content when `onlyIf` fails. */
  get(key: string, options?: R2GetOptionsLike): Promise<R2ObjectLike | null>
}

/** The part of an object that is used; Cloudflare's `R2Object` and `R2ObjectBody` fit. */
export interface R2ObjectLike {
  /** Complete length in bytes. */
  readonly size: number
  /** The entity tag without its quotes. */
  readonly etag: string
  /** The entity tag with its quotes. */
  readonly httpEtag: string
  /** When it was uploaded. */
  readonly uploaded: Date
  /** The header fields that are stored with it. */
  readonly httpMetadata?: R2HttpMetadataLike
  /** Absent if only the metadata was asked for, or a condition failed. */
  readonly body?: ReadableStream<Uint8Array>
}

/** The header fields that are stored with an object. */
export interface R2HttpMetadataLike {
  /** Content-Type. */
  readonly contentType?: string
  /** Content-Language. */
  readonly contentLanguage?: string
  /** Content-Disposition. */
  readonly contentDisposition?: string
  /** Content-Encoding. */
  readonly contentEncoding?: string
  /** Cache-Control. */
  readonly cacheControl?: string
  /** Expires. */
  readonly cacheExpiry?: Date
}

/** What content of an object is asked for. */
export interface R2GetOptionsLike {
  /** The last `suffix` bytes, or `length` bytes from `offset` on, by default up to the end. */
  range?: { offset: number; length?: number } | { suffix: number }
  /** The version that it must be, named by its entity tag without quotes. */
  onlyIf?: { etagMatches: string }
}

/** Options of `r2File`. */
export interface R2FileOptions {
  /** Further header fields, such as CORS. What is stored with the object wins over them. */
  readonly headers?: HeadersLike | undefined
  /** The media type of an object that is stored without one. */
  readonly type?: ((key: string) => string | null | undefined) | undefined
}

/** Options of `r2Bucket`. */
export interface R2BucketOptions extends R2FileOptions {
  /** What the keys begin with: empty, or ending in `/`. Nothing outside of it is found. */
  readonly prefix?: string | undefined
  /** The path that the bucket is mounted at, starting and ending with `/`. `/` by default. */
  readonly base?: string | undefined
}

/** The longest key of R2, in bytes of UTF-8. */
const LONGEST_KEY = 1024

/** The most that is read at once, in bytes. */
const CHUNK = 256 * 1024

/**
 * An object of an R2 bucket, for one request: where possible, its metadata and the requested bytes
 * come in one operation. A GET with one range or none costs one; two if the range is unsatisfiable
 * or cut by `maxSlice`, or If-Range fails; k ranges cost 1 + k; HEAD costs one `head`. What is read
 * later comes from the same version, or the response is cut off.
 *
 * The media type is the one stored with the object, or what `type` says, or
 * `application/octet-stream`. The key is taken as given.
 *
 * Give it to `serveFile` with the same request; otherwise close it yourself.
 *
 * @returns null when there is no such object
 * @throws R2's error for any failure, as a rejection
 *
 * @example
 * serveFile(request, await r2File(env.MEDIA, 'videos/film.mp4', request))
 */
export async function r2File(
  bucket: R2BucketLike,
  key: string,
  request: RequestLike,
  options: R2FileOptions = {},
): Promise<FileSource | null> {
  // R2 throws for a longer key, instead of saying that there is no such object.
  if (new TextEncoder().encode(key).length > LONGEST_KEY) return null
  const spec = likelyRange(request)
  const object = await findObject(bucket, key, spec)
  if (object === null) return null
  const { size, httpEtag, uploaded, httpMetadata = {} } = object
  const { contentType = '' } = httpMetadata
  const isType = contentType !== '' && isPrintable(contentType)
  try {
    return {
      size,
      type: isType ? contentType : (options.type?.(key) ?? undefined),
      etag: httpEtag,
      lastModified: uploaded,
      headers: withStored(options.headers, httpMetadata),
      ...content(bucket, key, object, spec && resolveRange(spec, size)),
    }
  } catch (error) {
    await object.body?.cancel()
    throw error
  }
}

/**
 * A lookup of the objects of an R2 bucket: the key is `prefix` followed by the path of the
 * request's URL below `base`, decoded once. Keys with a hidden, an empty or a dot segment are not
 * found; a segment `.well-known` is.
 *
 * @throws TypeError at once when there is no bucket, `prefix` or `base` lacks a slash, or a field
 * of `headers` can't be sent
 *
 * @example
 * export default { fetch: (request, env) => fileHandler(r2Bucket(env.MEDIA))(request) }
 */
export function r2Bucket(bucket: R2BucketLike, options: R2BucketOptions = {}): FileLookup {
  const { prefix = '' } = options
  if (!bucket) {
    // A misspelt binding is undefined.
    throw new TypeError(`Expected an R2 bucket, got ${bucket}; see the bindings in wrangler.toml`)
  }
  expectHeaders(options.headers)
  const base = expectBase(options.base ?? '/')
  if (prefix !== '' && !prefix.endsWith('/')) {
    throw new TypeError(`Expected prefix to be empty or end with '/', got '${prefix}'`)
  }
  return (request) => {
    const path = toRelativePath(request.url, base)
    return path === null ? null : r2File(bucket, prefix + path, request, options)
  }
}

/** The fields stored with an object, over others; a Headers is made only if there are any. */
function withStored(
  others: HeadersLike | undefined,
  stored: R2HttpMetadataLike,
): HeadersLike | undefined {
  const fields = Object.entries({
    'content-language': stored.contentLanguage,
    'content-disposition': stored.contentDisposition,
    'content-encoding': stored.contentEncoding,
    'cache-control': stored.cacheControl,
    expires: stored.cacheExpiry?.toUTCString(),
  })
  // R2 also stores values that no header field can have.
  const known = fields.filter(([, value]) => value !== undefined && isFieldValue(value))
  if (known.length === 0) return others
  const headers = new Headers(others)
  for (const [name, value = ''] of known) headers.set(name, value)
  return headers
}

/** All of an object, even if it is empty. */
const WHOLE: RangeSpec = { firstPos: 0, lastPos: Infinity }

/** The bytes that a request will most likely get; null for several ranges, and without a body. */
function likelyRange({ method, headers }: RequestLike): RangeSpec | null {
  if (method !== 'GET') return null
  const [spec = null, ...others] = parseRange(headers.get('range') ?? '') ?? [WHOLE]
  return others.length === 0 ? spec : null
}

async function findObject(
  bucket: R2BucketLike,
  key: string,
  spec: RangeSpec | null,
): Promise<R2ObjectLike | null> {
  const options = spec === null ? null : toOptions(spec)
  if (options === null) return bucket.head(key)
  if (options.range === undefined) return bucket.get(key)
  try {
    return await bucket.get(key, options)
  } catch {
    // An unsatisfiable range, an empty object and a failure all throw, and only the message tells
    // them apart. From the metadata, the core can tell.
    return bucket.head(key)
  }
}

/** Null for a range that R2 can't express and no object can satisfy. */
function toOptions(spec: RangeSpec): R2GetOptionsLike | null {
  const most = Number.MAX_SAFE_INTEGER
  if ('suffixLength' in spec) {
    const suffix = Math.min(spec.suffixLength, most)
    return suffix === 0 ? null : { range: { suffix } }
  }
  const { firstPos: offset, lastPos } = spec
  if (offset > most) return null
  if (lastPos < most) return { range: { offset, length: lastPos - offset + 1 } }
  return offset === 0 ? {} : { range: { offset } }
}

/**
 * How the content of an object is read.
 *
 * @param range the bytes that the object's body holds, if it has one
 */
function content(
  bucket: R2BucketLike,
  key: string,
  { body, etag }: R2ObjectLike,
  range: ByteRange | null,
): Pick<FileSource, 'read' | 'body' | 'close'> {
  let unread = body ?? null

  async function open(start: number, end: number): Promise<ReadableStream<Uint8Array>> {
    const stream = unread
    unread = null
    if (stream !== null && range?.start === start && range.end === end) return stream
    await stream?.cancel()
    const options = { range: { offset: start, length: end - start }, onlyIf: { etagMatches: etag } }
    const object = await bucket.get(key, options)
    if (object?.body) return object.body
    throw new SourceChangedError(`${key} changed while it was being served`)
  }

  return {
    body: open,
    read: async (start, end) => inLargeChunks(await open(start, end), end - start),
    async close() {
      const stream = unread
      unread = null
      await stream?.cancel()
    },
  }
}

/**
 * workerd hands R2's own stream to JavaScript in chunks of 4 KiB, unless asked for more: asking
 * takes the CPU time for 64 MiB from 1300 to 100 ms.
 */
function inLargeChunks(
  stream: ReadableStream<Uint8Array>,
  length: number,
): ReadableStream<Uint8Array> {
  const reader = byteReader(stream)
  if (reader === null) return stream
  let left = length
  const source: UnderlyingDefaultSource<Uint8Array> = {
    async pull(controller) {
      const min = Math.min(left, CHUNK)
      const { value, done } = await reader.read(new Uint8Array(min), { min })
      if (value !== undefined && value.length > 0) controller.enqueue(value)
      left -= value?.length ?? 0
      if (done || left === 0) controller.close()
    },
    cancel: (reason) => reader.cancel(reason),
  }
  return new ReadableStream(source, { highWaterMark: 0 })
}

/** Null for streams that are not workerd's: on Node, wrangler's `getPlatformProxy` copies them. */
function byteReader(stream: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | null {
  try {
    return stream.getReader({ mode: 'byob' })
  } catch {
    return null
  }
}
