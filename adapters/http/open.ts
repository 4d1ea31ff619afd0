import type { FileSource, RequestLike } from '../../src/source.ts'
import { misanswer } from './failure.ts'
import { type OriginOptions, originFile } from './file.ts'
import { isFolder } from './redirects.ts'
import type { Upstream } from './upstream.ts'

/**
 * What another server has at a URL, which does not end in a slash.
 *
 * @param upstreamOf as `upstreamsOf` makes it
 * @returns 'directory' if it says that this is one; null if there is nothing
 * @throws OriginError, as a rejection, if it fails
 */
export async function openUrl(
  upstreamOf: (url: URL, isFile: (trail: readonly URL[]) => boolean) => Upstream,
  url: URL,
  request: RequestLike,
  options: OriginOptions,
): Promise<FileSource | 'directory' | null> {
  // Servers redirect to the URL of a directory, but also to a page, such as a login.
  let trail: readonly URL[] = []
  const isOfFile = () => !trail.at(-1)?.pathname.endsWith('/')
  const upstream = upstreamOf(url, (urls) => {
    trail = urls
    return isOfFile()
  })
  const file = await originFile(upstream, request, options)
  if (isOfFile()) return file
  if (isFolder(trail)) return 'directory'
  const end = trail.at(-1)
  // Many servers send what is not there to a folder above it, and an index page to its folder.
  if (end?.hostname === url.hostname && url.pathname.startsWith(end.pathname)) return null
  throw misanswer(upstream, 'the file', 'a redirect to a folder')
}
