import { unexpected } from '../../src/errors.ts'
import { isOriginForm } from '../../src/runtime.ts'

/** What a URL names below a base. */
export interface SitePath {
  /**
   * Decoded, without slashes around it; null for what is hidden: it must look like what is not
   * there.
   */
  readonly path: string | null
  /** Whether it ends in a slash: it names a folder, then. `''` without one is the base itself. */
  readonly endsInSlash: boolean
  /** Whether a file can have this path. If not, it may still be a route of an app. */
  readonly isNameable: boolean
}

/**
 * The path below `base` of the file that a request URL names, decoded once and without a leading
 * slash. Null if there is none: it lies outside `base`, ends in a slash, is not valid UTF-8, names
 * a hidden file, or has an encoded byte that could make it another path to a file system (`%2f`,
 * `%5c`, `%00`). Repeated slashes count as one, and dot segments are resolved as the URL Standard
 * says; no result can lead above the root. Where the runtime's parser overlooks some, as that of
 * Node 20 and 22 does in `/.b/../a`, it is null.
 *
 * @param url absolute, or starting with `/` as in a request line
 * @param base starting and ending with `/`, decoded
 * @throws TypeError if `base` does not
 *
 * @example
 * ```ts
 * toRelativePath('http://host/media/a%20b/c.mp4?t=1', '/media/') // 'a b/c.mp4'
 * toRelativePath('http://host/media/%2e%2e%2fsecret', '/media/') // null
 * ```
 */
export function toRelativePath(url: string, base = '/'): string | null {
  expectSlashes(base)
  const target = toSitePath(url, base, isVisible)
  return target?.isNameable && !target.endsInSlash ? target.path || null : null
}

/**
 * What a request URL names below a base.
 *
 * @param base as `expectBase` returns it
 * @param isFound whether a segment of it may be found
 * @returns null if it lies outside, or names no path
 */
export function toSitePath(
  url: string,
  base: string,
  isFound: (name: string) => boolean,
): SitePath | null {
  const plain = plainPath(url)
  if (plain?.startsWith(base)) {
    return { path: plain.slice(base.length), endsInSlash: false, isNameable: true }
  }
  const whole = decodePath(url)
  // The base may be asked for without its slash.
  if (whole === '' || !`${whole}/`.startsWith(base)) return null
  const endsInSlash = whole.endsWith('/')
  const path = whole.slice(base.length, endsInSlash ? -1 : undefined)
  const isHidden = path !== '' && !path.split('/').every(isFound)
  return { path: isHidden ? null : path, endsInSlash, isNameable: !whole.includes(NO_NAME) }
}

/**
 * A target whose path can be used as it stands: nothing in it is encoded, and no segment is empty,
 * hidden or a dot segment. Most are like that, and need no parser.
 */
const PLAIN = /^(?:https?:\/\/[\w.-]+(?::\d+)?)?((?:\/[\w-][\w.-]*)+)$/

/** The path of a URL that needs no parser; undefined for any other. */
export function plainPath(url: string): string | undefined {
  return PLAIN.exec(url)?.[1]
}

/**
 * What a request asks for, as a URL that is the same on every runtime: Node gives the request
 * target as it was sent, the others a whole URL. Null if it is not valid, or not resolved.
 *
 * @example
 * parseTarget('/a/../b.mp4?t=1')?.pathname // '/b.mp4'
 */
export function parseTarget(url: string): URL | null {
  const absolute = isOriginForm(url) ? `http://localhost${url}` : url
  const parsed = URL.canParse(absolute) ? new URL(absolute) : null
  // Node 20 and 22 overlook the dot segments of `/a/.b/../c`: others might not.
  return parsed && /\/\.{1,2}(?:\/|$)/.test(parsed.pathname) ? null : parsed
}

/** A URL of HTTP, with or without TLS; null if it is none. */
export function parseHttpUrl(text: string | URL, base?: URL): URL | null {
  const url = URL.canParse(text, base) ? new URL(text, base) : null
  return url !== null && /^https?:$/.test(url.protocol) ? url : null
}

/** What is not percent-encoded, or not UTF-8, stands for itself. */
export function decodedIfValid(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
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
  expectSlashes(base)
  const { pathname } = new URL(`http://localhost${base.replace(/[?#]/g, encodeURIComponent)}`)
  const path = decodePath(pathname)
  return path && !path.includes(NO_NAME) ? path : pathname
}

function expectSlashes(base: string): void {
  if (/^\/(?:.*\/)?$/s.test(base)) return
  throw unexpected("base to start and end with '/'", `'${base}'`)
}

/** Marks a segment that can't be the name of a file. */
export const NO_NAME = '\0'

/** The path of a URL, decoded, with its repeated slashes as one; empty if there is none. */
export function decodePath(url: string): string {
  return (parseTarget(url)?.pathname ?? '')
    .replace(/\/{2,}/g, '/')
    .split('/')
    .map(decodeSegment)
    .join('/')
}

/** A segment that is UTF-8, and that no file system could take for another path. */
function decodeSegment(text: string): string {
  try {
    const segment = decodeURIComponent(text)
    return /[/\\\0]/.test(segment) ? NO_NAME + text : segment
  } catch {
    return NO_NAME + text
  }
}

/** The name that a path ends with: empty where it ends in a slash. */
export function lastSegment(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/**
 * A name as a segment of a URL that may stand in any quotes: `encodeURIComponent` leaves single
 * ones, and programs that look for links end one at either kind.
 */
export function encodeSegment(name: string): string {
  return encodeURIComponent(name).replaceAll("'", '%27')
}

/**
 * Whether a name is not that of a hidden file. What Windows keeps of deleted files, on each disk, is
 * hidden, too.
 */
export function isVisible(name: string): boolean {
  return !/^(?:\.|\$recycle\.bin$)/i.test(name) || name === '.well-known'
}

/**
 * Whether one segment of a URL's path can name it: not if it would need `%2f`, `%5c` or `%00`, or
 * is not valid Unicode.
 */
export function isNameable(name: string): boolean {
  return /^[^/\\\0\p{Cs}\ufffd]+$/u.test(name)
}

/** Whether it can be the name of a visible file or folder. */
export function isName(name: unknown): name is string {
  return typeof name === 'string' && isNameable(name) && isVisible(name)
}
