/**
 * Objects of Cloudflare's R2, one operation for a GET.
 *
 * @example
 * ```ts
 * import { fileHandler } from 'byteserve'
 * import { type R2BucketLike, r2Bucket } from 'byteserve/r2'
 *
 * export default {
 *   fetch: fileHandler((request, env: { MEDIA: R2BucketLike }) => r2Bucket(env.MEDIA)(request)),
 * }
 * ```
 *
 * @module
 */
import { expectFunction, expectOptions, kindOf, unexpected } from '../src/errors.ts'
import type { FileLookup } from '../src/lookup.ts'
import { resolveRange } from '../src/range.ts'
import type { FileSource, HeadersLike, RequestLike } from '../src/source.ts'
import type { R2BucketLike, R2HttpMetadataLike } from './r2/binding.ts'
import { contentOf, findObject, likelyRange } from './r2/content.ts'
import { digestsOf, listingOf } from './r2/metadata.ts'
import { type SiteOptions, site } from './site/site.ts'
import type { FileTree } from './site/tree.ts'
import { ofStore } from './site/views.ts'
import { expectPrefix, isTooLong } from './store/object-key.ts'
import { storedEncoding, storedType, withStored } from './store/stored-fields.ts'

export type {
  R2BucketLike,
  R2ChecksumsLike,
  R2GetOptionsLike,
  R2HttpMetadataLike,
  R2ListedLike,
  R2ListOptionsLike,
  R2ObjectLike,
  R2PageLike,
} from './r2/binding.ts'

/** Options of `r2File`. */
export interface R2FileOptions {
  /** Further header fields, such as CORS. What is stored with the object wins over them. */
  readonly headers?: HeadersLike | undefined
  /** The media type of an object that is stored without one. */
  readonly type?: ((key: string) => string | null | undefined) | undefined
}

/** Options of `r2Bucket`. */
export interface R2BucketOptions<Context extends readonly unknown[] = readonly unknown[]>
  extends SiteOptions<Context> {
  /** What the keys begin with: empty, or ending in `/`. Nothing outside of it is found. */
  readonly prefix?: string | undefined
}

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
 * @throws as a rejection, R2's error for any failure; TypeError when there is no bucket, or `type`
 * is not a function
 *
 * @example
 * ```ts
 * serveFile(request, await r2File(env.MEDIA, 'videos/film.mp4', request))
 * ```
 */
export async function r2File(
  bucket: R2BucketLike,
  key: string,
  request: RequestLike,
  options: R2FileOptions = {},
): Promise<FileSource | null> {
  expectBucket(bucket)
  expectOptions(options)
  expectFunction('type(key)', options.type)
  if (isTooLong(key)) return null
  const spec = likelyRange(request)
  const object = await findObject(bucket, key, spec)
  if (object === null) return null
  const { size, httpEtag, uploaded, httpMetadata = {} } = object
  try {
    return {
      size,
      type: storedType(httpMetadata.contentType) ?? options.type?.(key) ?? undefined,
      etag: httpEtag,
      lastModified: uploaded,
      headers: withStored(options.headers, storedFields(httpMetadata)),
      digest: digestsOf(object.checksums),
      ...contentOf(bucket, key, object, spec && resolveRange(spec, size)),
    }
  } catch (error) {
    await object.body?.cancel()
    throw error
  }
}

/**
 * A lookup of the objects of an R2 bucket: the key is `prefix` followed by the path of the
 * request's URL below `base`, decoded once. Keys with a hidden, an empty or a dot segment are not
 * found; a segment `.well-known` is. `index` and `listing` are off unless they are asked for.
 *
 * @throws TypeError at once when there is no bucket, `prefix` lacks a slash, or an option is
 * invalid
 *
 * @example
 * ```ts
 * export default { fetch: fileHandler((request, env: Env) => r2Bucket(env.MEDIA)(request)) }
 * ```
 */
export function r2Bucket<Context extends readonly unknown[] = readonly unknown[]>(
  bucket: R2BucketLike,
  options: R2BucketOptions<Context> = {},
): FileLookup<Context> {
  expectOptions(options)
  const { prefix = '' } = options
  expectBucket(bucket)
  expectPrefix(prefix)
  const tree: FileTree = {
    isFlat: true,
    open: (path, request) => r2File(bucket, prefix + path, request),
    list: listingOf(bucket, prefix),
  }
  // It is often made for each request, and the bucket is not.
  return site(ofStore(tree, bucket, prefix), options)
}

/** @throws TypeError unless it is one: a misspelt binding is undefined */
function expectBucket(bucket: R2BucketLike): void {
  if (typeof bucket?.get === 'function' && typeof bucket.head === 'function') return
  throw unexpected(
    'an R2 bucket',
    `${kindOf(bucket).toLowerCase()}; see the bindings of your Worker`,
  )
}

/** What R2 stores with an object besides its type, as fields. */
function storedFields(stored: R2HttpMetadataLike): Record<string, string | null | undefined> {
  return {
    'content-language': stored.contentLanguage,
    'content-disposition': stored.contentDisposition,
    'content-encoding': storedEncoding(stored.contentEncoding),
    'cache-control': stored.cacheControl,
    expires: stored.cacheExpiry?.toUTCString(),
  }
}
