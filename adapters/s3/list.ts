import { decodeEntities } from '../http/entities.ts'
import { noListing, readListing, toDate, toSize } from '../http/listing.ts'
import { ask, type Upstream } from '../http/upstream.ts'
import { type Entry, isEntryName } from '../site/tree.ts'
import { decodedIfValid } from '../site/url-path.ts'

/**
 * What a bucket has directly below a prefix, page by page: the next is asked for when the last
 * entry of one was taken.
 *
 * @param upstreamOf the listing with these parameters
 * @param signal ends it
 * @throws OriginError, as a rejection, when the store gives none
 */
export async function* listObjects(
  upstreamOf: (query: Readonly<Record<string, string>>) => Upstream,
  prefix: string,
  signal?: AbortSignal,
): AsyncGenerator<Entry> {
  const query = { 'list-type': '2', delimiter: '/', 'encoding-type': 'url', prefix }
  let next: string | undefined
  const asked = new Set<string>()
  const folders = new Set<string>()
  do {
    const token = next === undefined ? {} : { 'continuation-token': next }
    const upstream = upstreamOf({ ...query, ...token })
    const page = await readListing(upstream, await ask(upstream, 'GET', {}, signal), signal)
    if (!page.includes('</ListBucketResult')) throw noListing(upstream, 'something else')
    yield* entriesOf(page, prefix, folders)
    next = elementOf(page, 'NextContinuationToken') || undefined
    if (next === undefined && elementOf(page, 'IsTruncated') === 'true') {
      throw noListing(upstream, 'a part of one')
    }
    if (next !== undefined && asked.has(next)) throw noListing(upstream, 'the same page again')
    if (next !== undefined) asked.add(next)
  } while (next !== undefined)
}

/** @param folders that were named before: some stores repeat the last one on the next page */
function* entriesOf(page: string, prefix: string, folders: Set<string>): Generator<Entry> {
  const isEncoded = elementOf(page, 'EncodingType') === 'url'
  const nameOf = (text = '', end?: number) => {
    // Stores write a space as a plus sign, and that as an escape.
    return (isEncoded ? decodedIfValid(text.replaceAll('+', ' ')) : text).slice(prefix.length, end)
  }
  for (const content of elementsOf(page, 'CommonPrefixes')) {
    // S3 has one in each, others all of a page.
    for (const text of elementsOf(content, 'Prefix')) {
      const name = nameOf(decodeEntities(text), -1)
      if (!isEntryName(name) || folders.has(name)) continue
      folders.add(name)
      yield { name, kind: 'directory' }
    }
  }
  for (const content of elementsOf(page, 'Contents')) {
    // Some tools store an empty object for a folder, whose name is then empty here.
    const name = nameOf(elementOf(content, 'Key'))
    if (!isEntryName(name)) continue
    const size = toSize(elementOf(content, 'Size'))
    const lastModified = toDate(elementOf(content, 'LastModified'))
    yield { name, kind: 'file', size, lastModified, version: elementOf(content, 'ETag') }
  }
}

/**
 * The contents of the elements of a name. Not by a regular expression, which would search to the
 * end of the page from each element that is not closed.
 */
function* elementsOf(xml: string, name: string): Generator<string> {
  const [begin, end] = [`<${name}>`, `</${name}>`]
  for (let at = xml.indexOf(begin); at >= 0; at = xml.indexOf(begin, at)) {
    const start = at + begin.length
    at = xml.indexOf(end, start)
    if (at < 0) return
    yield xml.slice(start, at)
  }
}

/** The text of the first element of a name. */
function elementOf(xml: string, name: string): string | undefined {
  const [text] = elementsOf(xml, name)
  return text && decodeEntities(text)
}
