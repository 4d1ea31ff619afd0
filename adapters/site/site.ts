import { expectHeaders } from '../../src/headers.ts'
import type { FileLookup } from '../../src/lookup.ts'
import type { FileSource, HeadersLike } from '../../src/source.ts'
import type { FileTree, Opened } from './tree.ts'
import { expectBase, toRelativePath } from './url-path.ts'

/** Options of a site, whatever store its files are in. */
export interface SiteOptions {
  /**
   * Where the site is mounted, starting and ending with `/`: with `/media/`, the URL path
   * `/media/a.mp4` is the file `a.mp4`, and paths outside `/media/` are not found. `/` by default.
   */
  readonly base?: string | undefined
  /**
   * Further header fields, such as Cache-Control, for every answer about a file; not for a 404 or
   * 503. A Content-Type is used only where the type is not known, and what is stored with a file wins.
   */
  readonly headers?: HeadersLike | undefined
}

/**
 * A lookup of the files of a tree, by the path of the request's URL, decoded once. Hidden files
 * (except `.well-known`) are not found.
 *
 * @throws TypeError at once when `base` does not start and end with a slash, or a field of `headers`
 * can't be sent
 *
 * @example
 * fileHandler(site(tree, { base: '/media/' }))
 */
export function site(tree: FileTree, options: SiteOptions = {}): FileLookup {
  const { headers } = options
  const base = expectBase(options.base ?? '/')
  expectHeaders(headers)
  const toFound = (opened: Opened) => {
    if (opened === null || opened === 'directory') return null
    return headers === undefined ? opened : withFields(opened, headers)
  }
  return (request) => {
    const path = toRelativePath(request.url, base)
    if (path === null) return null
    const opened = tree.open(path, request)
    return opened instanceof Promise ? opened.then(toFound) : toFound(opened)
  }
}

/** What a file says itself wins over what is said of all. */
function withFields(file: FileSource, headers: HeadersLike): FileSource {
  if (file.headers === undefined) return { ...file, headers }
  const fields = Object.fromEntries(new Headers(headers))
  for (const [name, value] of new Headers(file.headers)) fields[name] = value
  return { ...file, headers: fields }
}
