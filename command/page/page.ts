import { createHash } from 'node:crypto'
import { inMemory } from '../../adapters/made/bytes.ts'
import { Flights } from '../../adapters/made/flights.ts'
import { parseHttpUrl, parseTarget, toRelativePath } from '../../adapters/site/url-path.ts'
import type { Answer } from '../../src/answer.ts'
import { type FileLookup, isSource } from '../../src/lookup.ts'
import type { FileSource, RequestLike } from '../../src/source.ts'
import type { Scheme } from '../address.ts'
import { authorityOf } from '../authority.ts'
import { GET } from '../own-request.ts'
import { SCRIPT } from './browser/script.ts'
import { languageOf } from './captions.ts'
import { VIEW_NAME, type Views } from './events.ts'
import { readFacts } from './facts.ts'
import { renderPage } from './html.ts'
import { MAX_PAGES, type Query, readLibrary, type Shelf } from './library.ts'
import { ORDERS } from './order.ts'
import { renderPlaylist } from './playlist.ts'
import { asWebVtt } from './srt.ts'
import { STYLE } from './style.ts'

/** What the page is made of. */
export interface PageOptions {
  /** The files, by the paths of URLs. */
  readonly files: FileLookup
  /** What is in its folders; listing one that there isn't throws, as a rejection. */
  readonly shelf: Shelf
  /** What the root is called. */
  readonly name: string
  readonly scheme: Scheme
  /** Whether the files have an archive of each folder, at `?zip`. */
  readonly hasArchives: boolean
  readonly views: Views
}

/**
 * A lookup that answers for a folder with a page of what can be played in it and below, unless it
 * has an index.html, and leaves everything else to the lookup of the files. Programs, which do not
 * ask for HTML, get from that what it has to say of a folder.
 */
export function withPage({
  files,
  shelf,
  name,
  scheme,
  hasArchives,
  views,
}: PageOptions): FileLookup {
  const underWay = new Flights<FileSource>()

  return async (request, ...context) => {
    const { url } = request
    // Most requests are for a file, and need no parser.
    if (/^[^?]*[^/?]$/.test(url)) return files(request, ...context)
    const target = parseTarget(url)
    if (target === null) return files(request, ...context)
    const { pathname, searchParams } = target
    const view = searchParams.get('events') ?? ''
    if (VIEW_NAME.test(view)) return listen(view, pathname)
    if (searchParams.has('vtt') && /\.srt$/i.test(pathname)) return captions(pathname)
    if (!pathname.endsWith('/')) return files(request, ...context)
    const path = pathname.replace(/\/{2,}/g, '/')
    const folder = path === '/' ? '' : toRelativePath(path.slice(0, -1))
    if (folder === null || searchParams.has('zip')) return files(request, ...context)
    const index = await open(`${pathname}index.html`, request)
    if (index !== null) return index
    if (searchParams.has('playlist')) return playlist(folder, target, request)
    const listing = wantsHtml(request) ? null : await listed(folder, request, context)
    if (listing !== null) return listing
    if (path === pathname) return page(folder, searchParams)
    return folder === '' || (await isFolder(folder)) ? toPlainPath(target) : null
  }

  /** The file at a path, or null. It is asked for with the fields of `request`, or with none. */
  async function open(path: string, request: RequestLike = GET): Promise<FileSource | null> {
    const { method, headers } = request
    const found = await files({ method, headers, url: path })
    return isSource(found) ? found : null
  }

  async function listed(folder: string, request: RequestLike, context: readonly unknown[]) {
    // A root that is gone is a failure: to a program that copies, an empty folder is an order.
    if (folder === '') await look(folder)
    return files(request, ...context)
  }

  /** Throws, as a rejection, if it is no folder. */
  async function look(path: string): Promise<void> {
    for await (const _ of shelf.list(path)) break
  }

  function isFolder(path: string): Promise<boolean> {
    return look(path).then(
      () => true,
      () => false,
    )
  }

  /** Listing a large folder takes a while: all who ask for it in the meantime share one page. */
  async function page(folder: string, asked: URLSearchParams): Promise<FileSource | null> {
    if (folder !== '' && !(await isFolder(folder))) return null
    const query = toQuery(folder, asked)
    return underWay.join(JSON.stringify(query), () => makePage(query)).value
  }

  async function makePage(query: Query): Promise<FileSource> {
    const found = await readLibrary(shelf, query)
    // Bookmarked, perhaps, when there was more here.
    const isBehind = query.page > found.pages
    const library = isBehind ? await readLibrary(shelf, { ...query, page: found.pages }) : found
    const html = renderPage(library, {
      rootName: name,
      hasArchives,
      style: STYLE,
      script: SCRIPT,
    })
    return toSource(html, 'text/html; charset=utf-8', {
      'content-security-policy': POLICY,
      'referrer-policy': 'no-referrer',
      vary: 'accept',
    })
  }

  async function playlist(
    folder: string,
    { host, pathname }: URL,
    request: RequestLike,
  ): Promise<FileSource | null> {
    if (folder !== '' && !(await isFolder(folder))) return null
    const query: Query = { folder, words: '', order: 'name', page: 1 }
    const { media } = await readLibrary(shelf, query, LONG)
    const here = `${scheme}://${authorityOf(request) || host}${pathname}`
    const own = URL.canParse(here) ? here : `${scheme}://${host}${pathname}`
    const base = ownReferrer(request, pathname) ?? own
    return toSource(renderPlaylist(media, query, base), 'audio/x-mpegurl', { vary: 'referer' })
  }

  async function captions(pathname: string): Promise<FileSource | null> {
    const source = await open(pathname)
    return source && asWebVtt(source, languageOf(pathname))
  }

  /** The requests that a page makes for a file, as they come and go. */
  async function listen(view: string, pathname: string): Promise<Answer | null> {
    const path = toRelativePath(pathname)
    const source = path === null ? null : await open(pathname)
    if (path === null || source === null) return null
    const facts = await readFacts(source)
    return {
      status: 200,
      headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
      pieces: [],
      stream: () => views.listen(view, path, facts),
    }
  }
}

/** What a playlist may hold. */
const LONG = { folders: 1, media: 10_000, pictures: 1, others: 1 }
const MAX_WORDS = 200

function toQuery(folder: string, asked: URLSearchParams): Query {
  const page = Number(asked.get('page') ?? 1)
  return {
    folder,
    words: (asked.get('q') ?? '').trim().slice(0, MAX_WORDS),
    order: ORDERS.find((order) => order === asked.get('sort')) ?? 'name',
    page: Number.isInteger(page) ? Math.min(Math.max(page, 1), MAX_PAGES) : 1,
  }
}

/**
 * A redirect to the folder without the slashes that are too many: from there, `../` leads out of
 * it. It is relative, as all links are.
 */
function toPlainPath({ pathname, search }: URL): Answer {
  const toRoot = '../'.repeat(pathname.split('/').length - 2)
  const location = toRoot + pathname.replace(/\/{2,}/g, '/').slice(1) + search
  const headers = { location, 'cache-control': 'no-cache', vary: 'accept' }
  return { status: 308, headers, pieces: [] }
}

/**
 * The page of a folder that a link in it was followed from, as its browser sees it: a proxy may
 * speak TLS, and have this server below a path of its own. Null for programs, and for other pages.
 *
 * @param folder the path of the folder as it is asked for
 */
function ownReferrer(request: RequestLike, folder: string): string | null {
  const referrer = request.headers.get('referer') ?? ''
  const page = parseHttpUrl(referrer)
  if (page === null) return null
  const isOwn =
    page.host === authorityOf(request) || request.headers.get('sec-fetch-site') === 'same-origin'
  return isOwn && page.pathname.endsWith(folder) ? referrer : null
}

/** Browsers say so; rclone, wget and curl take anything. */
function wantsHtml({ headers }: RequestLike): boolean {
  return /\btext\/html\b/i.test(headers.get('accept') ?? '')
}

// Allows only this server's files, and no script but the page's own, whatever a file is called.
const POLICY = [
  "default-src 'none'",
  "media-src 'self'",
  // Firefox asks for /favicon.ico, whatever icon the page names.
  "img-src 'self' data:",
  "frame-src 'self'",
  "connect-src 'self'",
  `style-src '${hash(STYLE)}'`,
  `script-src '${hash(SCRIPT)}'`,
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'self'",
].join('; ')

function toSource(text: string, type: string, headers: Record<string, string> = {}): FileSource {
  return {
    ...inMemory(new TextEncoder().encode(text)),
    type,
    etag: `"${hash(text)}"`,
    headers: { 'cache-control': 'no-cache', ...headers },
  }
}

/** In the form that Content-Security-Policy requires, and an entity tag may have. */
function hash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
