import { isOriginForm } from '../../../src/runtime.ts'
import { parseTarget } from '../../site/url-path.ts'
import { type Grant, parseToken, type Token } from './token.ts'

/*
 * Where the token stands in a URL:
 *
 *   /films/a.mp4?v=2&signed=TOKEN      for one file
 *   /films/~TOKEN/a/index.m3u8         for all that is below /films/
 *
 * The second is a part of the path, so that relative links, such as those of a playlist, have it
 * too.
 */
const ASSIGNMENT = 'signed='
const MARK = '~'

/** A URL with a token, taken apart. */
export interface SignedUrl {
  readonly grant: Grant
  readonly token: Token
  /** The URL without the token: absolute if the other one was. */
  readonly url: string
}

/** A URL as it is read by everybody: dot segments resolved, and its path decoded once. */
export interface UrlParts {
  readonly url: URL
  readonly isAbsolute: boolean
  /** Decoded. */
  readonly path: string
}

/** Null unless its path is UTF-8, and no segment could be taken for another path or line. */
export function partsOf(text: string): UrlParts | null {
  const url = parseTarget(text)
  if (url === null || !/^https?:$/.test(url.protocol)) return null
  const path = decodeSegments(url.pathname)
  return path === null ? null : { url, path, isAbsolute: !isOriginForm(text) }
}

/** Puts a token where a grant's scope says. */
export function addToken(
  { url, isAbsolute }: UrlParts,
  { scope, path }: Grant,
  token: string,
): string {
  const signed = new URL(url)
  if (scope === 'file') {
    signed.search = `${url.search === '' ? '?' : `${url.search}&`}${ASSIGNMENT}${token}`
  } else {
    const depth = path.split('/').length - 1
    const segments = url.pathname.split('/')
    segments.splice(depth, 0, MARK + token)
    signed.pathname = segments.join('/')
  }
  return toText(signed, isAbsolute)
}

/**
 * Whether there is something like a token in a URL: with another one, nobody could tell which
 * counts.
 */
export function hasToken({ url }: UrlParts): boolean {
  return tokensIn(url).length > 0
}

/** Null unless there is one token in it, in one of the two places. */
export function takeToken(text: string): SignedUrl | null {
  const parts = partsOf(text)
  if (parts === null) return null
  const [found, ...others] = tokensIn(parts.url)
  if (found === undefined || others.length > 0) return null
  const token = parseToken(found.slice(found.startsWith(MARK) ? MARK.length : ASSIGNMENT.length))
  if (token === null) return null
  return found.startsWith(MARK) ? fromPath(parts, token, found) : fromQuery(parts, token, found)
}

/** As they stand there: segments of the path, parameters of the query. */
function tokensIn({ pathname, search }: URL): string[] {
  const isSegment = (segment: string) => segment.startsWith(MARK) && parseToken(segment.slice(1))
  const isParameter = (parameter: string) => parameter.startsWith(ASSIGNMENT)
  return [...pathname.split('/').filter(isSegment), ...parametersOf(search).filter(isParameter)]
}

function fromQuery({ url, path, isAbsolute }: UrlParts, token: Token, found: string): SignedUrl {
  const plain = new URL(url)
  plain.search = parametersOf(url.search)
    .filter((parameter) => parameter !== found)
    .join('&')
  const { expires } = token
  const grant: Grant = { scope: 'file', path, query: plain.search, expires }
  return { grant, token, url: toText(plain, isAbsolute) }
}

function fromPath({ url, isAbsolute }: UrlParts, token: Token, found: string): SignedUrl | null {
  const segments = url.pathname.split('/')
  const depth = segments.indexOf(found)
  const path = decodeSegments(`${segments.slice(0, depth).join('/')}/`)
  // At the end, it stands for what it is below of, such as `/films`, and not for what is below.
  if (path === null || depth === segments.length - 1) return null
  const plain = new URL(url)
  plain.pathname = segments.toSpliced(depth, 1).join('/')
  const grant: Grant = { scope: 'below', path, query: '', expires: token.expires }
  return { grant, token, url: toText(plain, isAbsolute) }
}

function parametersOf(search: string): string[] {
  return search.slice(1).split('&')
}

function toText(url: URL, isAbsolute: boolean): string {
  return isAbsolute ? url.href : url.pathname + url.search + url.hash
}

function decodeSegments(pathname: string): string | null {
  try {
    const segments = pathname.split('/').map(decodeURIComponent)
    return segments.some((segment) => /[/\\]|\p{Cc}/u.test(segment)) ? null : segments.join('/')
  } catch {
    return null
  }
}
