/**
 * Files as middleware of Hono, on every runtime.
 *
 * @example
 * ```ts
 * import { files } from 'byteserve/hono'
 * import { nodeDirectory } from 'byteserve/node'
 * import { Hono } from 'hono'
 *
 * const app = new Hono()
 * app.use('/media/*', files(nodeDirectory('media')))
 * ```
 *
 * @module
 */
import { expectHeaders } from '../src/headers.ts'
import { expectLookup, type FileLookup, isSource } from '../src/lookup.ts'
import { closeSource } from '../src/reader.ts'
import type { ServeOptions } from '../src/respond.ts'
import { matchFile } from '../src/serve.ts'
import { isForAnswer, restriction, withoutLifetime } from './site/lifetime.ts'
import { toFolder } from './site/redirect.ts'
import { requestLike } from './site/request-like.ts'
import { lastSegment, parseTarget } from './site/url-path.ts'

/** The part of Hono's Context that is used. */
export interface ContextLike {
  /** What was asked for. */
  readonly req: {
    /** As the runtime gave it. */
    readonly raw: Request
    /** The path that was routed. */
    readonly path: string
    /** The route that led here, such as `/media/*`. */
    readonly routePath: string
  }
  /**
   * The response, which so far may be only the header fields that were set; setting it to undefined
   * removes it, with these fields.
   */
  res: Response | undefined
}

/**
 * Middleware of Hono that answers with the files that a lookup finds, and calls the next if there
 * is none, and for any method but GET and HEAD; with `cors`, it answers the preflight for a file.
 * Below a route that ends in `*`, the lookup sees the rest of the path: `/film.mp4` of
 * `/media/film.mp4`, wherever the app is mounted, so that a directory needs no `base`.
 *
 * Lookup and observers get Hono's context, too. Name its type, as in the second line below:
 * TypeScript can't tell which app it is for.
 *
 * What it finds is what was routed: where the URL names another path, the next is called.
 *
 * Header fields that other middleware sets before or after are kept, but for lifetimes set before
 * where the answer is an error, or says `private` or `no-store` itself. A parameter of the route has
 * to be one segment.
 *
 * @throws RangeError or TypeError at once if an option is invalid or `lookup` is not a function
 *
 * @example
 * ```ts
 * app.use('/media/*', files(nodeDirectory('media')))
 * app.use(
 *   '/media/*',
 *   files((request, c: Context<{ Bindings: Env }>) => r2Bucket(c.env.MEDIA)(request)),
 * )
 * ```
 */
export function files<C extends ContextLike>(
  lookup: FileLookup<readonly [c: C]>,
  options: ServeOptions<readonly [c: C]> = {},
): (c: C, next: () => Promise<void>) => Promise<void> {
  expectLookup(lookup)
  const match = matchFile(belowRoute(lookup), options)
  return async (c, next) => {
    const response = await match(c.req.raw, c)
    if (response === null) return next()
    if (c.res) keepFields(c.res.headers, response)
    // Otherwise Hono would put the fields that are set already over those of the file.
    c.res = undefined
    c.res = response
  }
}

function belowRoute<C extends ContextLike>(
  lookup: FileLookup<readonly [c: C]>,
): FileLookup<readonly [c: C]> {
  return async (request, c) => {
    const target = parseTarget(request.url)
    if (target === null || !isRouted(target.pathname, c)) return null
    const { protocol, host, pathname, search } = target
    const rest = restOf(pathname, c)
    const cut = rest === null ? pathname : pathname.slice(0, pathname.length - rest.length - 1)
    const below = { url: `/${rest ?? ''}${search}`, mount: `${protocol}//${host}${cut}` }
    const found = await lookup(requestLike(request, below), c)
    if (rest !== null || !found || (!isSource(found) && found.status !== 200)) return found
    // `/media` of the route `/media/*`: the links of its page are relative to `/media/`.
    if (isSource(found)) void closeSource(found)
    const said = expectHeaders(found.headers)['cache-control']
    return toFolder(lastSegment(pathname), search, withoutLifetime(said))
  }
}

/** What follows the path of the route; null if not even a slash does. */
function restOf(pathname: string, { req }: ContextLike): string | null {
  if (!req.routePath.endsWith('*')) return pathname.slice(1)
  const segments = pathname.split('/')
  const ofRoute = req.routePath.split('/').length - 1
  // Counted from the last name. What was routed may have more before it, such as the host, and less
  // after it: `strict: false` removes a slash.
  const start = lastName(segments) - lastName(req.path.split('/')) + ofRoute
  return start < segments.length ? segments.slice(Math.max(start, 1)).join('/') : null
}

/** Whether the names that are looked up are those that were routed, which a router may decode. */
function isRouted(pathname: string, { req }: ContextLike): boolean {
  const names = pathname.split('/')
  const routed = req.path.split('/')
  const shift = lastName(names) - lastName(routed)
  const ofRoute = req.routePath.endsWith('*') ? req.routePath.split('/').length - 1 : 1
  const first = Math.max(ofRoute, 1 - shift)
  return routed
    .slice(first, lastName(routed) + 1)
    .every((name, at) => decode(name) === decode(names[first + at + shift] ?? ''))
}

/** A name, decoded as far as it can be, in lower case, to which a router may bring it. */
function decode(name: string): string {
  const decoded = name.replace(/(?:%[\da-f]{2})+/gi, (escaped) => {
    try {
      return decodeURIComponent(escaped)
    } catch {
      return escaped
    }
  })
  return decoded.toLowerCase()
}

function lastName(segments: readonly string[]): number {
  return Math.max(
    segments.findLastIndex((segment) => segment !== ''),
    0,
  )
}

/** The fields that only the file knows. */
const OF_THE_FILE = /^(?:accept-ranges|content-(?:encoding|length|range|type)|etag|last-modified)$/

/** Keeps fields that were set before; the response depends on what both name in Vary. */
function keepFields(before: Headers, { status, headers }: Response): void {
  const own = headers.get('cache-control') ?? undefined
  for (const [name, value] of before) {
    if (name === 'vary' || name === 'set-cookie') headers.append(name, value)
    else if (OF_THE_FILE.test(name) || !isForAnswer(status, name, value, own)) continue
    else headers.set(name, (name === 'cache-control' && restriction(own, value)) || value)
  }
}
