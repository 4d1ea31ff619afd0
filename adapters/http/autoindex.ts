import type { Entry } from '../site/tree.ts'
import { decodeEntities } from './entities.ts'
import { noListing, readListing, toDate, toSize } from './listing.ts'
import { ask, drop, isMissing, type Upstream } from './upstream.ts'

/**
 * What another server shows to be directly in a folder: JSON as nginx, Caddy and byteserve have it,
 * or the page of nginx, Apache, lighttpd, Caddy, Python, or whatever else calls itself an index.
 *
 * @param folder its URL, which ends in a slash
 * @returns nothing if there is no such folder
 * @throws OriginError, as a rejection, when the server shows none
 */
export async function* listIndex(
  upstream: Upstream,
  folder: URL,
  missing?: readonly number[],
): AsyncGenerator<Entry> {
  const reply = await ask(upstream, 'GET', { accept: 'application/json, */*;q=0.1' })
  const { status, headers } = reply.response
  if (isMissing(status, missing)) return drop(upstream, reply)
  const text = await readListing(upstream, reply)
  const isJson = /\bjson\b/.test(headers.get('content-type') ?? '')
  const entries = isJson ? parseJson(text) : parsePage(text, folder)
  if (entries === null) throw noListing(upstream, 'something else')
  // Two links may lead to one file: its picture, and its name.
  const names = new Set<string>()
  for (const entry of entries) {
    if (names.has(entry.name) || /^\.{0,2}$|\//.test(entry.name)) continue
    names.add(entry.name)
    yield entry
  }
}

/** Null if it is no listing. */
function parseJson(text: string): Entry[] | null {
  try {
    const items: unknown = JSON.parse(text)
    return Array.isArray(items) ? items.flatMap((item) => toEntry(item) ?? []) : null
  } catch {
    return null
  }
}

/** As nginx and byteserve say it, or Caddy, which has a slash behind the name of a folder. */
function toEntry(item: unknown): Entry | null {
  const { name, type, size, mtime, is_dir: isFolder, mod_time: modified } = Object(item)
  if (typeof name !== 'string') return null
  if (type === 'directory' || isFolder === true) {
    return { name: name.replace(/\/$/, ''), kind: 'directory' }
  }
  if (type !== 'file' && isFolder !== false) return null
  return { name, kind: 'file', size: toSize(size), lastModified: toDate(mtime ?? modified) }
}

/** Where a link leads, from behind `<a ` on. */
const HREF = /^[^>]*?\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))/i

/** What an index calls itself. */
const TITLE = /<(?:title|h1)\b[^<>]*>\s*(?:Index of|Directory listing)\b/i

/** A link to the folder above, or one that sorts: what an index has, and few other pages. */
const ABOVE = /^(?:\.\.\/?|\?C=.*)$/

/** Null if it is no listing. */
function parsePage(page: string, folder: URL): Entry[] | null {
  let isIndex = TITLE.test(page)
  const entries: Entry[] = []
  for (const link of page.split(/<a\s/i).slice(1)) {
    const [, double, single, bare] = HREF.exec(link) ?? []
    const [, behind = ''] = /<\/a\s*>([^<]*)/i.exec(link) ?? []
    const href = decodeEntities(double ?? single ?? bare ?? '').trim()
    if (ABOVE.test(href)) isIndex = true
    const found = URL.canParse(href, folder) ? nameBelow(new URL(href, folder), folder) : null
    if (found === null) continue
    entries.push(
      found.isFolder ? { name: found.name, kind: 'directory' } : withFacts(found.name, behind),
    )
  }
  return isIndex ? entries : null
}

/** What a URL names directly below a folder's; null if it leads elsewhere. */
function nameBelow(url: URL, folder: URL): { name: string; isFolder: boolean } | null {
  const { origin, pathname, search } = url
  const isBelow = origin === folder.origin && pathname.startsWith(folder.pathname)
  if (!isBelow || search !== '') return null
  const [, encoded, slash] = /^([^/]+)(\/?)$/.exec(pathname.slice(folder.pathname.length)) ?? []
  if (encoded === undefined) return null
  try {
    return { name: decodeURIComponent(encoded), isFolder: slash === '/' }
  } catch {
    return null
  }
}

/** nginx writes a file's time, in UTC, and its exact size behind the link. */
function withFacts(name: string, behind: string): Entry {
  const [, day, month, year, time, size] =
    /^\s+(\d\d)-(\w{3})-(\d{4}) (\d\d:\d\d)\s+(\d+)\s*$/.exec(behind) ?? []
  if (size === undefined) return { name, kind: 'file' }
  const lastModified = toDate(`${day} ${month} ${year} ${time} GMT`)
  return { name, kind: 'file', size: toSize(size), lastModified }
}
