import { expectHeaders, type HeaderFields, LIFETIMES, readFields } from '../../src/headers.ts'
import { closeSource } from '../../src/reader.ts'
import { whileWanted } from '../../src/runtime.ts'
import type { FileSource, RequestLike } from '../../src/source.ts'
import { expectText } from '../store/given.ts'
import { digestsOf, withDigest, withoutDigests } from './digest.ts'
import { acceptEncodingOf, acceptedEncodings, EXTENSIONS } from './encodings.ts'
import { withoutLifetime } from './lifetime.ts'
import { derivedTag, overlay, plain } from './overlay.ts'
import type { Rules } from './rules.ts'
import type { Transform } from './site-options.ts'
import { type FileTree, isFile, type TreeFile } from './tree.ts'

/** One request of a site. */
export interface Visit {
  readonly rules: Rules
  /** All of the site, or the folder that `within` chose for this request. */
  readonly tree: FileTree
  /** Whether `tree` is a folder that `within` chose: that may not exist, as a store's root does. */
  readonly isWithin: boolean
  readonly request: RequestLike
  /** Whether a file is sent instead of what was asked for: a 404 page, or a fallback. */
  readonly isStandIn: boolean
  /** What the host passes beside it. */
  readonly context: readonly unknown[]
}

/** A file with the fields that it is sent with. */
interface Described extends FileSource {
  readonly headers: Readonly<HeaderFields>
}

/**
 * A file as it is sent: as the options say, and stored in a coding that the client accepts. At
 * once, unless that has to be looked for.
 *
 * @throws what a function of the options throws; the file is closed then
 */
export function represent(
  visit: Visit,
  path: string,
  file: FileSource,
): FileSource | Promise<FileSource> {
  const { transform } = visit.rules
  if (transform === undefined) return inBestCoding(visit, path, file)
  return transformed(visit, path, file, transform)
}

/** What the option `transform` makes of a file, which is closed if that fails. */
async function transformed(
  visit: Visit,
  path: string,
  file: FileSource,
  transform: Transform,
): Promise<FileSource> {
  let isClosed = false
  const close = () => {
    if (isClosed) return
    isClosed = true
    return file.close?.()
  }
  const given = { ...plain(file), close }
  try {
    const making = transform(given, path, visit.tree)
    const working = { close: () => void closeSource(given) }
    const isWork = making instanceof Promise
    const result = await (isWork ? whileWanted(visit.request, working, making) : making)
    if (result === given) return await inBestCoding(visit, path, result)
    const isSame = result.read === given.read && result.size === given.size
    // Stored encodings and digests are those of the file before it was transformed.
    const digest = isSame ? visit.rules.digest : undefined
    const rules = { ...visit.rules, encodings: [], digest }
    const made = isSame ? result : withOwnDigests(result, given)
    return await inBestCoding({ ...visit, rules }, path, made)
  } catch (thrown) {
    void closeSource(given)
    throw thrown
  }
}

/** A transformed file, without the digests of the file that it was made of. */
function withOwnDigests(made: FileSource, { digest, headers }: FileSource): FileSource {
  const file = plain(made)
  return {
    ...file,
    digest: made.digest === digest ? undefined : file.digest,
    headers: headers && made.headers === headers ? withoutDigests(headers) : made.headers,
  }
}

function inBestCoding(
  visit: Visit,
  path: string,
  file: FileSource,
): FileSource | Promise<FileSource> {
  const { rules } = visit
  try {
    const described = describe(visit, path, file)
    const mayBeEncoded = rules.encodings.length > 0 && isEncodable(described) && !noStoreOf(file)
    return mayBeEncoded ? encoded(visit, path, described) : digested(visit, path, described)
  } catch (thrown) {
    void closeSource(file)
    throw thrown
  }
}

/** What the options say of a file. */
function describe({ rules, isStandIn }: Visit, path: string, file: TreeFile): Described {
  const { defaults, fallback, fieldsOf, cacheControlOf } = rules
  const type = expectText('type', rules.type?.(path)) ?? file.type
  const described = { ...plain(file), type, headers: defaults }
  if (!isStandIn && !file.headers && !fieldsOf && !cacheControlOf) return described
  const noStore = file.isLive && noStoreOf(file)
  const said = overlay(defaults, file.headers, fieldsOf?.(path, file))
  let lifetime = noStore || expectText('cacheControl', cacheControlOf?.(path, file))
  // It is sent for another URL, at which there may be a file tomorrow.
  if (isStandIn) lifetime ||= withoutLifetime(said['cache-control'])
  const dropped = isStandIn ? ABOUT_ITS_URL : noStore && LIFETIMES
  const headers = overlay(
    dropped ? readFields(said, dropped) : said,
    lifetime ? { 'cache-control': lifetime } : null,
    isStandIn && fallback !== null ? { vary: 'Accept' } : null,
  )
  if (lifetime === null) delete headers['cache-control']
  return { ...described, headers }
}

/** Fields left out when a file is sent in place of another, as a 404 page. */
const ABOUT_ITS_URL = new RegExp(`^content-disposition$|${LIFETIMES.source}`)

/**
 * Whether a file may be stored in a coding, too. Films, sound and pictures are encoded already, and
 * are asked for by ranges, which must never be of something else.
 */
function isEncodable({ type, headers }: Described): boolean {
  const known = type || headers['content-type'] || ''
  return !/^(?:video|audio|image)\/(?!svg\+xml)/i.test(known) && !headers['content-encoding']
}

/**
 * The Cache-Control of a file that may be being written: its store gives it no validator, and
 * `no-store`. Undefined for any other.
 */
function noStoreOf({ etag, lastModified, headers }: FileSource): string | undefined {
  if (etag !== undefined || lastModified !== undefined) return undefined
  const said = expectHeaders(headers)['cache-control']
  return /\bno-store\b/i.test(said ?? '') ? said : undefined
}

/** The best of a file's encoded versions, or else itself. */
async function encoded(visit: Visit, path: string, file: Described): Promise<FileSource> {
  const { rules, tree, request } = visit
  const headers = overlay(file.headers, { vary: 'Accept-Encoding' })
  const accepted = acceptedEncodings(acceptEncodingOf(request), rules.encodings)
  const isByDate = asksRangeByDate(request)
  try {
    for (const encoding of isByDate ? new Set([...accepted, ...rules.encodings]) : accepted) {
      const storedAt = path + EXTENSIONS[encoding]
      const stored = await tree.open(storedAt, request)
      if (!isFile(stored)) continue
      const isCoding = isUsable(stored, file)
      const isBest = isCoding && accepted.includes(encoding)
      void closeSource(isBest ? file : stored)
      if (isBest) {
        return digested(visit, storedAt, {
          ...plain(stored),
          type: file.type,
          etag: derivedTag(stored.etag, encoding),
          lastModified: isByDate ? undefined : stored.lastModified,
          headers: overlay(withoutDigests(headers), { 'content-encoding': encoding }),
        })
      }
      if (isCoding) return digested(visit, path, { ...file, headers, lastModified: undefined })
    }
  } catch (thrown) {
    void closeSource(file)
    throw thrown
  }
  return digested(visit, path, { ...file, headers })
}

/**
 * Whether a range is asked for with a date in If-Range. A file and its encoded versions may share a
 * date, which then does not tell them apart (RFC 9110 §8.8.1, §13.1.5): so whichever is sent has no
 * date, and is sent whole.
 */
function asksRangeByDate({ method, headers }: RequestLike): boolean {
  if (method !== 'GET' || headers.get('range') === null) return false
  return headers.get('if-range')?.includes('"') === false
}

/**
 * Whether an encoded version is not older than its file. An empty one is broken: even of nothing, a
 * coding has bytes.
 */
function isUsable(stored: FileSource, { lastModified }: FileSource): boolean {
  const encoded = stored.lastModified?.getTime() ?? 0
  // brotli copies the time of the file as far as its second.
  const latest = encoded % 1000 === 0 ? encoded + 999 : encoded
  return stored.size > 0 && (!lastModified || latest >= lastModified.getTime())
}

/** With the digest that the client asks for, if the option knows it, or else the file. */
function digested(
  { rules: { digest }, request }: Visit,
  path: string,
  file: FileSource,
): FileSource | Promise<FileSource> {
  if (digest === undefined) return withDigest(request, file)
  const known = async () => (await digest(path, file)) ?? digestsOf(file)
  return withDigest(request, { ...file, digest: known })
}
