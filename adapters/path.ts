/**
 * The path below `base` that a request URL names, decoded once and without a leading slash, or
 * null when it names none: outside `base`, an empty segment, a byte that could mean another path
 * to a file system (`%2f`, `%5c`, `%00`), invalid UTF-8, or a hidden file. Dot segments are
 * resolved as the WHATWG's URL does; nothing that comes out can lead above the root.
 *
 * @param url absolute, or starting with `/` as in a request line
 * @param base as `expectBase` lets pass
 *
 * @example
 * toRelativePath('http://host/media/a%20b/c.mp4?t=1', '/media/') // 'a b/c.mp4'
 * toRelativePath('http://host/media/%2e%2e%2fsecret', '/media/') // null
 */
export function toRelativePath(url: string, base = '/'): string | null {
  const plain = PLAIN.exec(url)?.[1]
  const path = plain ?? decodePath(parseTarget(url)?.pathname)
  if (!path?.startsWith(base)) return null
  const relative = path.slice(base.length)
  return plain !== undefined || relative.split('/').every(isVisible) ? relative : null
}

/**
 * A target whose path names a file as it stands: nothing in it is encoded, empty, hidden, or a dot
 * segment. Most do, and need no parser.
 */
const PLAIN = /^(?:https?:\/\/[\w.-]+(?::\d+)?)?((?:\/[\w-][\w.-]*)+)$/

/**
 * What a request asks for as a URL, written the same on every runtime: Node gives the request line
 * as it came, the others a whole URL. Null when it is none.
 *
 * @example
 * parseTarget('/a/../b.mp4?t=1')?.pathname // '/b.mp4'
 */
export function parseTarget(url: string): URL | null {
  const absolute = url.startsWith('/') ? `http://localhost${url}` : url
  return URL.canParse(absolute) ? new URL(absolute) : null
}

/**
 * The path that a lookup is mounted at, decoded, so that it is found by all its spellings.
 *
 * @param base as it stands in URLs, or decoded
 * @throws TypeError unless it starts and ends with a slash
 *
 * @example
 * expectBase('/my%20films/') // '/my films/'
 */
export function expectBase(base: string): string {
  if (!base.startsWith('/') || !base.endsWith('/')) {
    throw new TypeError(`Expected base to start and end with '/', got '${base}'`)
  }
  const { pathname } = new URL(`http://localhost${base.replace(/[?#]/g, encodeURIComponent)}`)
  return decodePath(pathname) ?? pathname
}

/** Null when it is not UTF-8, or a segment of it could mean another path to a file system. */
function decodePath(pathname = ''): string | null {
  try {
    const segments = pathname.split('/').map(decodeURIComponent)
    return segments.some((segment) => /[/\\\0]/.test(segment)) ? null : segments.join('/')
  } catch {
    return null
  }
}

function isVisible(name: string): boolean {
  return name !== '' && (!name.startsWith('.') || name === '.well-known')
}
