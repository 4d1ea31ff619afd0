import { httpTree, OriginError } from '../../adapters/http.ts'
import { type FileTree, isFile } from '../../adapters/site/tree.ts'
import { toRelativePath } from '../../adapters/site/url-path.ts'
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
  const url = URL.canParse(options.path) ? new URL(options.path) : null
  if (url === null || !/^https?:$/.test(url.protocol)) {
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
      const opened = await httpTree(folder, once).open(name, HEAD)
      if (opened === null) throw new Failure(`there is nothing at ${place}`)
      if (isFile(opened)) {
        void closeSource(opened)
        const about = { id: folder.href, name, place, file: name }
        return distantRoot(httpTree(folder), about, nearby)
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

/** The folder that a file's URL lies in, with its query and credentials, and the file's name. */
function split(url: URL): { readonly folder: URL; readonly name: string } {
  const folder = new URL(url)
  folder.pathname = url.pathname.replace(/[^/]*$/, '')
  const pathname = url.pathname.slice(folder.pathname.length - 1)
  return { folder, name: expectVisible(pathname, url.origin + url.pathname) }
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
