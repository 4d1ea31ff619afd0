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
import { expectHeaders } from '../src/headers.ts'
import type { FileLookup } from '../src/lookup.ts'
import type { FileSource, HeadersLike, RequestLike } from '../src/source.ts'
import { listIndex } from './http/autoindex.ts'
import { misanswer } from './http/failure.ts'
import {
  answerFailure,
  answering,
  expectFileOptions,
  type OriginFileOptions,
  type OriginOptions,
  originFile,
  originLimits,
} from './http/file.ts'
import { readPart } from './http/head.ts'
import { follow, isFolder } from './http/redirects.ts'
import { storedFetch } from './http/stored-fetch.ts'
import { cancel, type HeaderPairs, type Upstream } from './http/upstream.ts'
import { type SiteOptions, site } from './site/site.ts'
import type { FileTree } from './site/tree.ts'
import { ofStore } from './site/views.ts'
import { isSayable } from './store/object-key.ts'

export { OriginError } from './http/failure.ts'
export type { OriginFileOptions, OriginOptions } from './http/file.ts'
export type { Ask, StoredFetch } from './http/stored-fetch.ts'

/** Options of `httpTree`. */
export interface HttpTreeOptions extends OriginOptions {
  /**
   * Fields of the requests to the other server, such as Authorization; or a function that gives
   * them for each, so that they can be renewed. Another one, to which it redirects, gets none of
   * them; but in a page, whose browser follows redirects by itself, all but Authorization.
   */
  readonly requestHeaders?: HeadersLike | (() => HeadersLike | Promise<HeadersLike>) | undefined
}

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
  expectFileOptions(options)
  const upstream = upstreamsOf(target, options)(target)
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
    if (!isSayable(path)) return null
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
      // What a server gives for a directory is no file.
      if (path === '') return 'directory'
      const url = urlOf(path)
      if (url === null) return null
      // Servers redirect to the URL of a directory; and to that of a page, such as a login.
      let trail: readonly URL[] = []
      const isOfFile = () => !trail.at(-1)?.pathname.endsWith('/')
      const upstream = upstreamOf(url, (urls) => {
        trail = urls
        return isOfFile()
      })
      const file = await originFile(upstream, request, options)
      if (isOfFile()) return file
      if (isFolder(trail)) return 'directory'
      throw misanswer(upstream, 'the file', 'a redirect to a folder')
    },
  }
  // It may be made for each request, with the fields of that.
  return ofStore(tree, ORIGINS, nameOf(root))
}

/** What stands for all other servers, whose URLs name their files. */
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

/** @throws TypeError, without what may be secret, unless it is a URL of HTTP */
function expectUrl(url: string | URL): URL {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (parsed !== null && /^https?:$/.test(parsed.protocol)) return parsed
  throw new TypeError(`Expected a URL of http: or https:, got ${parsed?.protocol ?? 'none'}`)
}

/** What errors call a file: its URL without credentials, query and fragment. */
function nameOf({ origin, pathname }: URL): string {
  return origin + pathname
}

/**
 * How files are asked for by their URLs: with the credentials of `root`, which fetch would refuse
 * in a URL, so that they are taken out of it. Whether the URLs that redirects led to end in that of
 * a file, `isFile` tells; any other is not there.
 *
 * @throws TypeError or RangeError if the credentials or an option are invalid
 */
function upstreamsOf(root: URL, options: HttpTreeOptions) {
  const { fetch = storedFetch, requestHeaders } = options
  const limits = originLimits(options)
  const { timeout } = limits
  if (typeof requestHeaders !== 'function') expectHeaders(requestHeaders)
  const credentials = basic(root)
  root.username = ''
  root.password = ''
  return (url: URL, isFile = (_trail: readonly URL[]) => true): Upstream => ({
    name: nameOf(url),
    ...limits,
    send: async function send(method, fields, signal) {
      // A body must come as it is stored: its offsets are those of the file.
      const elsewhere = { 'accept-encoding': 'identity', ...fields }
      const headers = new Headers(elsewhere)
      const given = typeof requestHeaders === 'function' ? await requestHeaders() : requestHeaders
      for (const [field, value] of new Headers(given ?? {})) {
        if (!Object.hasOwn(fields, field)) headers.set(field, value)
      }
      if (credentials !== null) headers.set('authorization', credentials)
      const found = await follow(
        fetch,
        nameOf(url),
        { url, method, headers, signal, timeout },
        elsewhere,
      )
      if (isRefusal(fields, found.response)) {
        cancel(found.response)
        return send(method, {}, signal)
      }
      if (isFile(found.trail)) return found.response
      cancel(found.response)
      return new Response(null, { status: 404 })
    },
  })
}

/**
 * Whether a server takes no Range at all, for it does not take one that every file but an empty one
 * can satisfy: its answer is an error, or a 206 that does not say of what.
 */
function isRefusal({ range }: HeaderPairs, { status, headers }: Response): boolean {
  return range === 'bytes=0-' && [206, 400, 406].includes(status) && !readPart(headers).range
}

/**
 * The credentials of a URL as a field; null if it has none.
 *
 * @throws TypeError, without the secret, unless they are percent-encoded UTF-8
 */
function basic({ username, password }: URL): string | null {
  if (username + password === '') return null
  try {
    const bytes = new TextEncoder().encode(decodeURIComponent(`${username}:${password}`))
    return `Basic ${btoa(String.fromCharCode(...bytes))}`
  } catch {
    throw new TypeError('Expected the credentials of a URL to be percent-encoded UTF-8')
  }
}
