/**
 * The files of another HTTP server, one GET for a GET.
 *
 * @example
 * ```ts
 * import { fileHandler } from 'byteserve'
 * import { httpOrigin } from 'byteserve/http'
 *
 * const films = httpOrigin('https://origin.example/films/', { base: '/films/' })
 * export default { fetch: fileHandler(films) }
 * ```
 *
 * @module
 */
import type { Answer } from '../src/answer.ts'
import type { FileLookup } from '../src/lookup.ts'
import type { FileSource, RequestLike } from '../src/source.ts'
import { listIndex } from './http/autoindex.ts'
import {
  answerFailure,
  answering,
  expectFileOptions,
  type OriginFileOptions,
  originFile,
} from './http/file.ts'
import { openUrl } from './http/open.ts'
import { expectUrl, type HttpTreeOptions, nameOf, upstreamsOf } from './http/url-upstream.ts'
import { type SiteOptions, site } from './site/site.ts'
import type { FileTree } from './site/tree.ts'
import { ofStore } from './site/views.ts'
import { canBeUrlPath } from './store/object-key.ts'

export { OriginError } from './http/failure.ts'
export type { OriginFileOptions, OriginOptions } from './http/file.ts'
export type { Ask, StoredFetch } from './http/stored-fetch.ts'
export type { HttpTreeOptions } from './http/url-upstream.ts'

/** Options of `httpFile`. */
export interface HttpFileOptions extends HttpTreeOptions, OriginFileOptions {}

/** Options of `httpOrigin`. */
export interface HttpOriginOptions<Context extends readonly unknown[] = readonly unknown[]>
  extends HttpTreeOptions,
    SiteOptions<Context> {}

/**
 * A file of another HTTP server, for one request: its head and the requested bytes come in one GET.
 * A GET with one range or none costs one, whatever its preconditions; two if the range is
 * unsatisfiable or cut by `maxSlice`, or If-Range fails. k ranges cost k, and HEAD costs one HEAD.
 * All bytes are of one version, or the response is cut off.
 *
 * Give it to `serveFile` with the same request; otherwise close it yourself. Without a request, one
 * HEAD tells the size and the version, and each read takes a GET.
 *
 * @returns null when the other server says 404 or 410; an Answer with 502, 503 or 504 when it fails
 * @throws TypeError or RangeError, as a rejection, when `url` is not one of HTTP, its credentials
 * are not percent-encoded UTF-8, or an option is invalid; what a function of `requestHeaders`
 * throws
 *
 * @example
 * ```ts
 * serveFile(request, await httpFile('https://example.org/film.mp4', request))
 * ```
 */
export async function httpFile(
  url: string | URL,
  request: RequestLike | null = null,
  options: HttpFileOptions = {},
): Promise<FileSource | Answer | null> {
  const target = expectUrl(url)
  const upstream = upstreamsOf(target, options)(target)
  expectFileOptions(options)
  return originFile(upstream, request, options, options, target.pathname).catch(answerFailure)
}

/**
 * The files below a URL of another HTTP server, as a tree: for `site`, and for whatever else is
 * made of trees. A path is encoded and put behind the URL. A folder is listed by what the other
 * server shows of it: the JSON of nginx, Caddy or byteserve, or the index page of most servers.
 *
 * @throws TypeError or RangeError when `base` is not a URL of HTTP that ends in `/`, its
 * credentials are not percent-encoded UTF-8, or an option is invalid
 *
 * @example
 * ```ts
 * site(httpTree('https://example.org/films/'), { base: '/media/' })
 * ```
 */
export function httpTree(base: string | URL, options: HttpTreeOptions = {}): FileTree {
  const root = expectUrl(base)
  if (!root.pathname.endsWith('/')) {
    throw new TypeError(`Expected a URL that ends in '/', got ${nameOf(root)}`)
  }
  const upstreamOf = upstreamsOf(root, options)
  const urlOf = (path: string) => {
    if (!canBeUrlPath(path)) return null
    const url = new URL(root)
    url.pathname += path.split('/').map(encodeURIComponent).join('/')
    return url
  }
  const tree: FileTree = {
    isFlat: true,
    async *list(path, _depth, signal) {
      const url = urlOf(path === '' ? '' : `${path}/`)
      if (url === null) return
      // A link is relative to where a redirect has led.
      let folder = url
      const upstream = upstreamOf(url, (trail) => {
        folder = trail.findLast(({ pathname }) => pathname.endsWith('/')) ?? url
        return true
      })
      yield* listIndex(upstream, () => folder, options.missing, signal)
    },
    async open(path, request) {
      // The answer of a server for a directory is no file.
      if (path === '') return 'directory'
      const url = urlOf(path)
      return url === null ? null : openUrl(upstreamOf, url, request, options)
    },
  }
  // It may be made for each request, with the fields of that.
  return ofStore(tree, ORIGINS, nameOf(root))
}

/** The store of all trees made here: a URL names its file, whichever server has it. */
const ORIGINS = {}

/**
 * A lookup of the files below a URL of another HTTP server. Its costs are those of `httpFile`.
 *
 * @throws as `httpTree` and `site` do
 *
 * @example
 * ```ts
 * export default { fetch: fileHandler(httpOrigin('https://example.org/films/')) }
 * ```
 */
export function httpOrigin<Context extends readonly unknown[] = readonly unknown[]>(
  base: string | URL,
  options: HttpOriginOptions<Context> = {},
): FileLookup<Context> {
  return answering(site(httpTree(base, options), options))
}
