/**
 * The path below `base` that a request URL names, decoded once and without a leading slash. Null if
 * there is none: it lies outside `base`, is not valid UTF-8, names a hidden file, or has an empty
 * segment or an encoded byte that could make it another path to a file system (`%2f`, `%5c`,
 * `%00`). Dot segments are resolved as the URL Standard says; no result can lead above the root.
 *
 * @param url absolute, or starting with `/` as in a request line
 * @param base as `expectBase` returns it
 *
 * @example
 * toRelativePath('http://host/media/a%20b/c.mp4?t=1', '/media/') // 'a b/c.mp4'
 * toRelativePath('http://host/media/%2e%2e%2fsecret', '/media/') // null
 */
export function toRelativePath(url: string, base = '/'): string | null {
  const plain = PLAIN.exec(url)?.[1]
  if (plain !== undefined) return below(base, plain)
  const path = below(base, decodePath(parseTarget(url)?.pathname))
  return path?.split('/').every(isVisible) ? path : null
}

function below(base: string, path: string | null): string | null {
  return path?.startsWith(base) ? path.slice(base.length) : null
}

/**
 * A target whose path can be used as it stands: nothing in it is encoded, and no segment is empty,
 * hidden or a dot segment. Most are like that, and need no parser.
 */
const PLAIN = /^(?:https?:\/\/[\w.-]+(?::\d+)?)?((?:\/[\w-][\w.-]*)+)$/

/**
 * What a request asks for, as a URL that is the same on every runtime: Node gives the request
 * target as it was sent, the others a whole URL. Null if it is not valid.
 *
 * @example
 * parseTarget('/a/../b.mp4?t=1')?.pathname // '/b.mp4'
 */
export function parseTarget(url: string): URL | null {
  const absolute = url.startsWith('/') ? `http://localhost${url}` : url
  return URL.canParse(absolute) ? new URL(absolute) : null
}

/**
 * The path that a lookup is mounted at, decoded, so that every spelling of it is found.
 *
 * @param base encoded, as in a URL, or decoded
 * @throws TypeError unless it starts and ends with a slash
 *
 * @example
 * expectBase('/my%20films/') // '/my films/'
 */
export function expectBase(base: string): string {
  if (!/^\/(?:.*\/)?$/s.test(base)) {
    throw new TypeError(`Expected base to start and end with '/', got '${base}'`)
  }
  const { pathname } = new URL(`http://localhost${base.replace(/[?#]/g, encodeURIComponent)}`)
  return decodePath(pathname) ?? pathname
}

/** Null if it is not UTF-8, or a file system could take a segment for another path. */
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
