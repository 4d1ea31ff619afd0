/**
 * The path and query that a request asks for, written the same on every runtime: Node gives the
 * request line as it came, the others a whole URL. What is no URL is its own path.
 *
 * @example
 * parseTarget('http://127.0.0.1:8080/a/../b.mp4?t=1') // { path: '/b.mp4', query: '?t=1' }
 */
export function parseTarget(url: string): { readonly path: string; readonly query: string } {
  const absolute = url.startsWith('/') ? `http://localhost${url}` : url
  if (!URL.canParse(absolute)) return { path: url, query: '' }
  const { pathname, search } = new URL(absolute)
  return { path: pathname, query: search }
}
