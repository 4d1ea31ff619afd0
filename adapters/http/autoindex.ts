import { type Entry, isEntryName } from '../site/tree.ts'
import { othersTurn, RUN_LENGTH } from '../store/at-once.ts'
import { decodeEntities } from './entities.ts'
import { noListing, readListing, toDate, toSize } from './listing.ts'
import { ask, drop, isMissing, type Upstream } from './upstream.ts'

/**
 * What another server shows to be directly in a folder: JSON as nginx, Caddy and byteserve have it,
 * or the page of nginx, Apache, lighttpd, Caddy, Python, or whatever else calls itself an index.
 *
 * @param folderOf tells its URL, which ends in a slash, after redirects
 * @param signal ends it
 * @returns nothing if there is no such folder
 * @throws OriginError, as a rejection, when the server shows none; the reason of the signal
 */
export async function* listIndex(
  upstream: Upstream,
  folderOf: () => URL,
  missing?: readonly number[],
  signal?: AbortSignal,
): AsyncGenerator<Entry> {
  const reply = await ask(upstream, 'GET', { accept: 'application/json, */*;q=0.1' }, signal)
  const { status, headers } = reply.response
  if (isMissing(status, missing)) return drop(upstream, reply)
  const text = await readListing(upstream, reply, signal)
  const isJson = /\bjson\b/.test(headers.get('content-type') ?? '')
  const entries = await inRuns(isJson ? parseJson(text) : parsePage(text, folderOf()), signal)
  if (entries === null) throw noListing(upstream, 'something else')
  // Two links may lead to one file: its icon, and its name.
  const names = new Set<string>()
  for (const entry of entries) {
    if (names.has(entry.name) || !isEntryName(entry.name)) continue
    names.add(entry.name)
    yield entry
  }
}

/** What is read of a listing, link by link; whether it is one, is known at its end. */
type Parsed = Generator<Entry | null, boolean>

/** All of a listing, without keeping others from their turn; null if it is none. */
async function inRuns(parsed: Parsed, signal: AbortSignal | undefined): Promise<Entry[] | null> {
  const entries: Entry[] = []
  for (let count = 1; ; count++) {
    const { value, done } = parsed.next()
    if (done) return value ? entries : null
    if (value !== null) entries.push(value)
    if (count % RUN_LENGTH > 0) continue
    await othersTurn()
    signal?.throwIfAborted()
  }
}

/** What nginx says of entries; Caddy says only whether they are folders. */
const KINDS: readonly unknown[] = ['file', 'directory', 'other']

function* parseJson(text: string): Parsed {
  let items: unknown
  try {
    items = JSON.parse(text)
  } catch {
    return false
  }
  if (!Array.isArray(items)) return false
  let isIndex = items.length === 0
  for (const item of items) {
    const { type, is_dir: isFolder } = Object(item)
    isIndex ||= KINDS.includes(type) || typeof isFolder === 'boolean'
    yield toEntry(item)
  }
  return isIndex
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
const TITLE = /<(?:title|h1)\b[^<>]*>\s*(?:Index of\b|Directory listing\b|Directory: \/)/i

/** The heading of IIS: its host and the path of the folder. */
const HEADING = /<h1>([^<>]*)<\/h1>/i

/** A link to the folder above, or one that sorts: what an index has, and few other pages. */
const ABOVE = /^(?:\.\.\/?|\?C=.*|\?sort=\w+&order=.*)$/

function* parsePage(page: string, folder: URL): Parsed {
  const [, heading = ''] = HEADING.exec(page) ?? []
  let isIndex = TITLE.test(page) || (heading.includes(' - /') && heading.endsWith('/'))
  for (const link of linksOf(page)) {
    const [, double, single, bare] = HREF.exec(link) ?? []
    const [, behind = ''] = /<\/a\s*>([^<]*)/i.exec(link) ?? []
    const href = decodeEntities(double ?? single ?? bare ?? '').trim()
    if (ABOVE.test(href)) isIndex = true
    const found = nameBelow(href, folder)
    if (!found?.isFolder) yield found && withFacts(found.name, behind)
    else yield { name: found.name, kind: 'directory' }
  }
  return isIndex
}

/** The links of a page, each from behind its `<a ` up to the next. */
function* linksOf(page: string): Generator<string> {
  let start = -1
  for (const { index, 0: begin } of page.matchAll(/<a\s|$/gi)) {
    if (start >= 0) yield page.slice(start, index)
    start = index + begin.length
  }
}

/** What a link names directly below a folder; null if it leads elsewhere. */
function nameBelow(href: string, folder: URL): { name: string; isFolder: boolean } | null {
  try {
    const { origin, pathname, search } = new URL(href, folder)
    const isBelow = origin === folder.origin && pathname.startsWith(folder.pathname)
    if (!isBelow || search !== '') return null
    const [, encoded, slash] = /^([^/]+)(\/?)$/.exec(pathname.slice(folder.pathname.length)) ?? []
    return encoded === undefined
      ? null
      : { name: decodeURIComponent(encoded), isFolder: slash === '/' }
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
