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
import { type Role, represent, type Visit } from './represent.ts'
import { type Below, requestLike } from './request-like.ts'
import { type Entry, isFile, join, type Opened } from './tree.ts'
import { decodePath, parseTarget, type Target, toTarget } from './url-path.ts'

/** What is found for a request; at once, if it is a file that the tree opens at once. */
export function search(visit: Visit): Found | Promise<Found> {
  const { rules, tree, request } = visit
  const target = toTarget(request.url, rules.base, rules.isFound)
  if (target === null || !isOfRequestLine(request)) return null
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

/** What there is, if it is not simply a file. */
async function searchOther(visit: Visit, target: Target, opened: Opened): Promise<Found> {
  const { path, endsInSlash, isNameable } = target
  if (path === null) return notFound(visit)
  const found =
    isNameable && (await (endsInSlash ? inFolder(visit, path) : instead(visit, path, opened)))
  return found || (await fallback(visit, path)) || notFound(visit)
}

/** What a path with a slash at its end names. */
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
  // The client's, of which Hono, Express and Connect hand on the rest.
  const url = (request as Below).originalUrl ?? originalUrl ?? request.url
  const folder = { path: decodePath(url), isRoot: path === '' }
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
  return accepted.get('text/html') ? fileAt(visit, page, 'stand-in') : null
}

/** Where a client that accepts pages might have got the fallback. */
const NO_PAGE: Answer = { status: 404, headers: { vary: 'Accept' }, pieces: [], yields: true }

/** The page of a 404. What is asked of a file, such as a range of it, is not asked of this page. */
async function notFound(visit: Visit): Promise<Answer | null> {
  const { rules, request } = visit
  const page =
    rules.notFound &&
    (await fileAt({ ...visit, request: plainly(request) }, rules.notFound, 'stand-in'))
  if (!page) return rules.fallback === null ? null : NO_PAGE
  try {
    const { size, type, headers } = page
    const { 'accept-ranges': _, ...fields } = fileFields({ size, type, headers }, 200, 0)
    return { status: 404, headers: fields, pieces: [await readBytes(page, 0, size)] }
  } finally {
    void closeSource(page)
  }
}

/** A request for all of a page, whatever part or version of a file is asked for. */
function plainly(request: RequestLike): RequestLike {
  const get = (name: string) => (/^(?:range|if-.+)$/i.test(name) ? null : request.headers.get(name))
  return requestLike(request, { method: 'GET', headers: { get } })
}

async function fileAt(visit: Visit, path: string, role?: Role): Promise<FileSource | null> {
  const opened = await visit.tree.open(path, visit.request)
  return isFile(opened) ? represent(visit, path, opened, role) : null
}

function encodedName(path: string): string {
  return encodeURIComponent(lastSegment(path))
}

function lastSegment(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** With its question mark; empty if there is none. */
function queryOf({ url }: RequestLike): string {
  return parseTarget(url)?.search ?? ''
}
