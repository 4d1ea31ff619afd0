/**
 * The objects of a bucket behind any S3 API, one GET for a GET.
 *
 * @example
 * ```ts
 * import { fileHandler } from 'byteserve'
 * import { s3Bucket } from 'byteserve/s3'
 *
 * const endpoint = 'https://s3.eu-central-1.amazonaws.com'
 * const films = s3Bucket(
 *   { endpoint, region: 'eu-central-1', bucket: 'films' },
 *   { base: '/films/' },
 * )
 * export default { fetch: fileHandler(films) }
 * ```
 *
 * @module
 */
import type { Answer } from '../src/answer.ts'
import type { FileLookup } from '../src/lookup.ts'
import type { FileSource, RequestLike } from '../src/source.ts'
import {
  answerFailure,
  answering,
  expectFileOptions,
  type OriginFileOptions,
  type OriginOptions,
  originFile,
  originLimits,
} from './http/file.ts'
import { asStored, storedFetch } from './http/stored-fetch.ts'
import { cancel, type HeaderPairs, reach, type Upstream } from './http/upstream.ts'
import { digestsOf } from './s3/digests.ts'
import { listObjects } from './s3/list.ts'
import { encode, type S3Location, type Store, storeOf, toPath } from './s3/location.ts'
import { type SiteOptions, site } from './site/site.ts'
import type { FileTree } from './site/tree.ts'
import { ofStore } from './site/views.ts'
import { expectPrefix } from './store/object-key.ts'

export { OriginError } from './http/failure.ts'
export type { OriginFileOptions, OriginOptions } from './http/file.ts'
export type { Ask, StoredFetch } from './http/stored-fetch.ts'
export type { S3Location } from './s3/location.ts'
export type { Credentials } from './s3/signer.ts'

/** Options of `s3File`. */
export interface S3FileOptions extends OriginOptions, OriginFileOptions {}

/** Options of `s3Tree`. */
export interface S3TreeOptions extends OriginOptions {
  /** What the keys begin with: empty, or ending in `/`. Nothing outside of it is found. */
  readonly prefix?: string | undefined
}

/** Options of `s3Bucket`. */
export interface S3BucketOptions<Context extends readonly unknown[] = readonly unknown[]>
  extends S3TreeOptions,
    SiteOptions<Context> {}

/**
 * An object of a bucket of S3, or of a store that speaks its protocol, for one request. It costs
 * what `httpFile` costs: one operation for a GET with one range or none, whatever its
 * preconditions.
 *
 * Give it to `serveFile` with the same request; otherwise close it yourself. The key is taken as
 * given; one with a dot segment is not found, since no URL can name it.
 *
 * @param location give the same object each time: what was learned of the store stays with it, such
 * as its clock
 * @returns null when there is no such object; an Answer with 502, 503 or 504 when the store fails
 * @throws TypeError or RangeError, as a rejection, when the location, a key or an option is
 * invalid; what a function of `credentials` throws
 *
 * @example
 * ```ts
 * const endpoint = 'https://s3.eu-central-1.amazonaws.com'
 * const bucket = { endpoint, bucket: 'films', region, credentials }
 * serveFile(request, await s3File(bucket, 'film.mp4', request))
 * ```
 */
export async function s3File(
  location: S3Location,
  key: string,
  request: RequestLike | null = null,
  options: S3FileOptions = {},
): Promise<FileSource | Answer | null> {
  const upstreamOf = upstreamsOf(storeOf(location), options)
  expectFileOptions(options)
  return objectOf(upstreamOf, key, request, options, options).catch(answerFailure)
}

/**
 * The objects of a bucket as a tree: for `site`, and for whatever else is made of trees. Listings
 * are asked for page by page.
 *
 * @throws TypeError or RangeError when the location or an option is invalid
 *
 * @example
 * ```ts
 * site(s3Tree(bucket, { prefix: 'films/' }), { listing: true })
 * ```
 */
export function s3Tree(location: S3Location, options: S3TreeOptions = {}): FileTree {
  const store = storeOf(location)
  const upstreamOf = upstreamsOf(store, options)
  const { prefix = '' } = options
  expectPrefix(prefix)
  const tree: FileTree = {
    isFlat: true,
    open: (path, request) => objectOf(upstreamOf, prefix + path, request, options),
    list: (path, _depth, signal) => {
      return listObjects(
        (query) => upstreamOf('', query),
        path === '' ? prefix : `${prefix}${path}/`,
        signal,
      )
    },
  }
  // It may be made for each request, with the keys of that.
  return ofStore(tree, STORES, `${store.url}/${prefix}`)
}

/**
 * A lookup of the objects of a bucket of S3: the key is `prefix` followed by the path of the
 * request's URL below `base`, decoded once. Its costs are those of `s3File`. `index` and `listing`
 * are off unless they are asked for.
 *
 * @throws as `s3Tree` and `site` do
 *
 * @example
 * ```ts
 * fileHandler(s3Bucket({ endpoint, bucket: 'films', region, credentials }, { base: '/media/' }))
 * ```
 */
export function s3Bucket<Context extends readonly unknown[] = readonly unknown[]>(
  location: S3Location,
  options: S3BucketOptions<Context> = {},
): FileLookup<Context> {
  return answering(site(s3Tree(location, options), options))
}

/** How long a store is not asked for checksums that has refused them, in ms. */
const NO_CHECKSUMS_FOR = 3_600_000

/** What stands for all stores, whose URLs name their objects. */
const STORES = {}

async function objectOf(
  upstreamOf: (path: string) => Upstream,
  key: string,
  request: RequestLike | null,
  options: OriginOptions,
  besides?: OriginFileOptions,
): Promise<FileSource | null> {
  const path = toPath(key)
  return path === null ? null : originFile(upstreamOf(path), request, options, besides, key)
}

/**
 * How what a store has is asked for, by its path and query.
 *
 * @throws TypeError or RangeError if an option is invalid
 */
function upstreamsOf(store: Store, options: OriginOptions) {
  const { url, signer } = store
  const limits = originLimits(options)
  const fetch = asStored(options.fetch ?? storedFetch)
  return (path: string, query: Readonly<Record<string, string>> = {}): Upstream => {
    const pairs = Object.entries(query).map(([name, value]) => `${name}=${encode(value)}`)
    const target = url + path + (pairs.length > 0 ? `?${pairs.join('&')}` : '')
    return {
      name: url + path,
      ...limits,
      describe: (headers) => ({ digest: () => digestsOf(headers) }),
      async send(method, fields, signal) {
        const { timeout } = limits
        // Accept-Encoding is not signed: proxies rewrite it, such as that of Google's store.
        const fetchSigned = (headers: Headers) => {
          const init = { method, headers, signal, redirect: 'manual', timeout } as const
          return reach(url + path, () => fetch(target, init))
        }
        const sendSigned = (asked: HeaderPairs) =>
          signer.send(method, target, asked, fetchSigned, signal)
        if (path === '' || performance.now() < store.noChecksumsUntil) return sendSigned(fields)
        const response = await sendSigned({ ...fields, 'x-amz-checksum-mode': 'ENABLED' })
        if (response.status !== 400) return response
        // Backblaze B2 takes no request with a field that it does not know. A 400 may have another
        // reason, which is over by now: so checksums are asked for again some time later.
        cancel(response)
        const plain = await sendSigned(fields)
        if (plain.ok) store.noChecksumsUntil = performance.now() + NO_CHECKSUMS_FOR
        return plain
      },
    }
  }
}
