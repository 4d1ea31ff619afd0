import { decodeEntities } from '../http/entities.ts'
import { OriginError } from '../http/failure.ts'
import { ask, drop, type Upstream, within } from '../http/upstream.ts'
import type { Entry } from '../site/tree.ts'

/**
 * What a bucket has directly below a prefix, page by page: the next is asked for when the last entry
 * of one was taken.
 *
 * @param upstreamOf the listing with these parameters
 * @throws OriginError, as a rejection, when the store gives none
 */
export async function* listObjects(
  upstreamOf: (query: Readonly<Record<string, string>>) => Upstream,
  prefix: string,
): AsyncGenerator<Entry> {
  const query = { 'list-type': '2', delimiter: '/', 'encoding-type': 'url', prefix }
  let next: string | undefined
  do {
    const token = next === undefined ? {} : { 'continuation-token': next }
    const page = await readPage(upstreamOf({ ...query, ...token }))
    yield* entriesOf(page, prefix)
    next = elementOf(page, 'NextContinuationToken')
  } while (next !== undefined)
}

async function readPage(upstream: Upstream): Promise<string> {
  const reply = await ask(upstream, 'GET', {})
  const { response, hangUp } = reply
  if (response.status === 200) {
    const text = await within(upstream.timeout, response.text(), hangUp).catch(() => null)
    if (text !== null) return text
  } else drop(upstream, reply)
  throw new OriginError(502, upstream.name, `Expected a listing, got status ${response.status}`)
}

function* entriesOf(page: string, prefix: string): Generator<Entry> {
  const isEncoded = elementOf(page, 'EncodingType') === 'url'
  const nameOf = (text = '', end?: number) => {
    return (isEncoded ? decode(text) : text).slice(prefix.length, end)
  }
  for (const [, content = ''] of page.matchAll(/<CommonPrefixes>(.*?)<\/CommonPrefixes>/gs)) {
    const name = nameOf(elementOf(content, 'Prefix'), -1)
    if (isName(name)) yield { name, kind: 'directory' }
  }
  for (const [, content = ''] of page.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
    // Some tools store an empty object for a folder, whose name is then empty here.
    const name = nameOf(elementOf(content, 'Key'))
    if (!isName(name)) continue
    const size = Number(elementOf(content, 'Size'))
    const lastModified = new Date(elementOf(content, 'LastModified') ?? Number.NaN)
    yield { name, kind: 'file', size, lastModified, version: elementOf(content, 'ETag') }
  }
}

/** Whether a tree can have it: a URL resolves dots. */
function isName(name: string): boolean {
  return !/^\.{0,2}$/.test(name) && !name.includes('/')
}

/** The text of the first element of a name. */
function elementOf(xml: string, name: string): string | undefined {
  const [, text] = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml) ?? []
  return text && decodeEntities(text)
}

/** Stores write a space as a plus sign, and that as an escape. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
