import { openUrl } from '../../adapters/http/open.ts'
import { type HttpTreeOptions, upstreamsOf } from '../../adapters/http/url-upstream.ts'
import { httpTree, OriginError } from '../../adapters/http.ts'
import { type FileTree, isFile } from '../../adapters/site/tree.ts'
import { parseHttpUrl, toRelativePath } from '../../adapters/site/url-path.ts'
import { closeSource } from '../../src/reader.ts'
import { Failure, messageOf } from '../failure.ts'
import type { ServeOptions } from '../options.ts'
import { HEAD } from '../own-request.ts'
import type { Root } from '../root.ts'
import { distantRoot, openNearby, WatchedFetch } from './distant.ts'
import { expectVisible } from './visible.ts'

/**
 * A folder or a file of another server, by its URL. A folder that the server does not list has no
 * page: its files are found by those who know their names.
 *
 * @throws Failure, as a rejection, if it is not there or can't be read
 */
export async function httpRoot(
  options: ServeOptions,
  say: (notice: string) => void,
): Promise<Root> {
  const url = parseHttpUrl(options.path)
  if (url === null) {
    // Whatever it is, it may have a password in it.
    throw new Failure('expected a URL like https://host/films/')
  }
  const place = url.origin + url.pathname
  const nearby = await openNearby(options, say)
  const watched = new WatchedFetch()
  const once = { fetch: watched.fetch, retries: 0 }
  try {
    if (!url.pathname.endsWith('/')) {
      const { folder, name } = split(url)
      const opened = await treeOf(url, name, once).open(name, HEAD)
      if (opened === null) throw new Failure(`there is nothing at ${place}`)
      if (isFile(opened)) {
        void closeSource(opened)
        const about = { id: folder.href, name, place, file: name }
        return distantRoot(treeOf(url, name), about, nearby)
      }
      url.pathname += '/'
    }
    const isListed = await canBeListed(httpTree(url, once), () => watched.status)
    if (watched.status === 404) throw new Failure(`there is nothing at ${place}`)
    const about = { id: url.href, name: titleOf(url), place, file: null }
    const root = distantRoot(httpTree(url), about, nearby)
    return isListed ? root : { ...root, shelf: null }
  } catch (error) {
    if (error instanceof Failure) throw error
    if (error instanceof OriginError) throw originFailure(error, watched, url)
    throw new Failure(messageOf(error))
  }
}

/**
 * What a file's URL has before its name, with its query and credentials, and the name: what comes
 * behind the last slash, even if that is encoded, as in the URLs of some stores.
 */
function split(url: URL): { readonly folder: URL; readonly name: string } {
  const folder = new URL(url)
  const [, before = '', last = ''] = /^(.*(?:\/|%2f))(.*)$/i.exec(url.pathname) ?? []
  folder.pathname = before
  return { folder, name: expectVisible(`/${last}`, url.origin + url.pathname) }
}

/** One file, asked for by its URL as it was given: encoded otherwise, it may be another one. */
function treeOf(url: URL, name: string, options: HttpTreeOptions = {}): FileTree {
  const target = new URL(url)
  const upstreamOf = upstreamsOf(target, options)
  return {
    isFlat: true,
    open: (path, request) => (path === name ? openUrl(upstreamOf, target, request, options) : null),
  }
}

async function canBeListed(tree: FileTree, statusOf: () => number | null): Promise<boolean> {
  try {
    for await (const _ of tree.list?.('') ?? []) break
    return true
  } catch (error) {
    const status = statusOf()
    if (error instanceof OriginError && (status === 200 || status === 403)) return false
    throw error
  }
}

function titleOf({ pathname, host }: URL): string {
  return toRelativePath(pathname.replace(/\/+$/, ''))?.split('/').at(-1) ?? host
}

function originFailure(
  { reason }: OriginError,
  { status, obstacle }: WatchedFetch,
  { origin }: URL,
): Failure {
  if (status === null) return new Failure(`can't reach ${origin}: ${obstacle ?? reason}`)
  if (status === 401 || status === 403) return new Failure(`${origin} refuses access (${status})`)
  return new Failure(`${origin} can't be used: ${reason}`)
}
