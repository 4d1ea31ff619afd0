import type { Answer } from '../../src/answer.ts'
import { fileFields } from '../../src/headers.ts'
import { type Found, isSource } from '../../src/lookup.ts'
import { closeSource, readBytes } from '../../src/reader.ts'
import { hangUpSignal, isOfRequestLine } from '../../src/runtime.ts'
import type { FileSource, RequestLike } from '../../src/source.ts'
import { listing } from './listing.ts'
import { withDefaults } from './overlay.ts'
import { parseQualities } from './qualities.ts'
import { toFolder } from './redirect.ts'
import { represent, type Visit } from './represent.ts'
import { clientUrlOf, requestLike, unconditional } from './request-like.ts'
import type { Rules } from './rules.ts'
import { type Entry, isFile, join, type Opened } from './tree.ts'
import { decodePath, lastSegment, parseTarget, type SitePath, toSitePath } from './url-path.ts'

/*
 * What is tried for a path, in this order:
 *
 *     /a/b      the file `a/b`, else `a/b.html` and other extensions, else a redirect to `/a/b/`
 *     /a/b/     the ZIP with `?zip`, else the index, else the listing
 *     both      then the fallback, if the client accepts HTML, else the 404 page
 */

/** What the URL of a request names on a site; null if it is none of the site's. */
export function targetOf(request: RequestLike, { base, isFound }: Rules): SitePath | null {
  const target = toSitePath(request.url, base, isFound)
  return target && isOfRequestLine(request) ? target : null
}

/** What is found for a request; at once, if it is a file that the tree opens at once. */
export function search(visit: Visit, target: SitePath): Found | Promise<Found> {
  const { tree, request } = visit
  const { path, endsInSlash, isNameable } = target
  if (!path || endsInSlash || !isNameable) return searchOther(visit, target, null)
  const take = (opened: Opened) =>
    isFile(opened) ? represent(visit, path, opened) : searchOther(visit, target, opened)
  const opened = tree.open(path, request)
  return isLater(opened) ? Promise.resolve(opened).then(take) : take(opened)
}

/** A database may give promises of its own kind. */
function isLater(opened: Opened | PromiseLike<Opened>): opened is PromiseLike<Opened> {
  return typeof opened === 'object' && opened !== null && 'then' in opened
}

/** What is found if the path is not simply that of a file. */
async function searchOther(visit: Visit, target: SitePath, opened: Opened): Promise<Found> {
  const { path, endsInSlash, isNameable } = target
  if (path === null) return notFound(visit)
  const found =
    isNameable && (await (endsInSlash ? inFolder(visit, path) : instead(visit, path, opened)))
  return found || (await fallback(visit, path)) || notFound(visit)
}

/** What a path with a slash at its end names: a folder's ZIP, index or listing. */
async function inFolder(visit: Visit, path: string): Promise<Found> {
  const { rules, tree, request, context } = visit
  const { download, index, listing: format, defaults } = rules
  const { originalUrl } = Object(context[0])
  // Express and Connect hand on `/` for the mount `/media` as for `/media/`. Relative links would
  // lead elsewhere from there. As it came: its last segment may be one that no file can have.
  const mount = path === '' && lastSegment(parseTarget(originalUrl)?.pathname ?? '')
  if (mount) return toItsSlash(visit, path, mount)
  const query = queryOf(request)
  if (download && wantsZip(query) && (await isFolder(visit, path))) {
    const made = await download(tree, path, request)
    return isSource(made) ? withDefaults(made, defaults) : made
  }
  const page = index === null ? null : await fileAt(visit, join(path, index))
  if (page !== null || format === null || !(await isFolder(visit, path))) return page
  const folder = { path: decodePath(clientUrlOf(request, context)), isRoot: path === '' }
  return listing(request, folder, query, entriesOf(visit, path), format, rules.ofFolders)
}

/** What a path without a slash names, if not a file of that name. */
async function instead(visit: Visit, path: string, opened: Opened): Promise<Found> {
  const { rules, tree } = visit
  // The base without its slash.
  if (path === '') return toItsSlash(visit, path, encodedName(rules.base.slice(0, -1)))
  for (const extension of rules.extensions) {
    const file = await fileAt(visit, `${path}.${extension}`)
    if (file !== null) return file
  }
  if (opened !== 'directory' && !tree.isFlat) return null
  return toItsSlash(visit, path, encodedName(path), opened)
}

/**
 * A redirect to a folder's own URL, which ends in a slash; null if nothing is there.
 *
 * @param name the last segment of what was asked for, encoded
 */
async function toItsSlash(
  visit: Visit,
  path: string,
  name: string,
  opened: Opened = null,
): Promise<Answer | null> {
  const { rules, tree, request } = visit
  const { index, listing: format, download } = rules
  const query = queryOf(request)
  const page = index === null ? null : await tree.open(join(path, index), request)
  const isMade = format !== null || (download && wantsZip(query))
  if (isFile(page)) void closeSource(page)
  else if (!isMade) return null
  else if (opened !== 'directory' && !(await isFolder(visit, path))) return null
  return toFolder(name, query, rules.ofFolders)
}

function wantsZip(query: string): boolean {
  return new URLSearchParams(query).has('zip')
}

async function isFolder(visit: Visit, path: string): Promise<boolean> {
  const { tree, isWithin, request } = visit
  if (path === '' && !isWithin) return true
  if (tree.isFlat) {
    for await (const _ of entriesOf(visit, path)) return true
    return false
  }
  const opened = await tree.open(path, request)
  if (isFile(opened)) void closeSource(opened)
  return opened === 'directory'
}

/** What is in a folder, until the client hangs up. */
function entriesOf({ tree, request }: Visit, path: string): AsyncIterable<Entry> | Entry[] {
  return tree.list?.(path, 0, hangUpSignal(request)) ?? []
}

/** The page of an app, where a browser navigates to what is no file. */
async function fallback(visit: Visit, path: string): Promise<FileSource | null> {
  const page = visit.rules.fallback?.(path)
  if (!page) return null
  const accepted = parseQualities(visit.request.headers.get('accept') ?? '')
  return accepted.get('text/html') ? fileAt({ ...visit, isStandIn: true }, page) : null
}

/** A 404 of a site with a `fallback`, which a client that accepts HTML might have got. */
const NO_PAGE: Answer = { status: 404, headers: { vary: 'Accept' }, pieces: [], yields: true }

/** The 404 page. It is sent whole: ranges and preconditions are about the file that is missing. */
async function notFound(visit: Visit): Promise<Answer | null> {
  const { rules } = visit
  const request = requestLike(visit.request, {
    method: 'GET',
    headers: unconditional(visit.request),
  })
  const standIn: Visit = { ...visit, request, isStandIn: true }
  const page = rules.notFound && (await fileAt(standIn, rules.notFound))
  if (!page) return rules.fallback === null ? null : NO_PAGE
  try {
    const { size, type, headers } = page
    const { 'accept-ranges': _, ...fields } = fileFields({ size, type, headers }, 200, 0)
    return { status: 404, headers: fields, pieces: [await readBytes(page, 0, size)] }
  } finally {
    void closeSource(page)
  }
}

async function fileAt(visit: Visit, path: string): Promise<FileSource | null> {
  const opened = await visit.tree.open(path, visit.request)
  return isFile(opened) ? represent(visit, path, opened) : null
}

function encodedName(path: string): string {
  return encodeURIComponent(lastSegment(path))
}

/** With its question mark; empty if there is none. */
function queryOf({ url }: RequestLike): string {
  return parseTarget(url)?.search ?? ''
}
