import { decodedIfValid, parseHttpUrl } from '../site/url-path.ts'
import { onOneLine } from './escape.ts'
import type { Field } from './head.ts'

/** Fields by which the check asks, and which frame its requests. */
const OWN = [
  'accept-encoding',
  'connection',
  'content-length',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'origin',
  'range',
  'transfer-encoding',
]

/**
 * A URL without its user and password, and the field that says them.
 *
 * @throws TypeError when it is not one of http or https
 */
export function parseTarget(text: string): [URL, readonly Field[]] {
  const url = parseHttpUrl(text)
  if (url === null) {
    throw new TypeError(`Expected a URL of http or https, got '${onOneLine(withoutUser(text))}'`)
  }
  const { username, password } = url
  const target = new URL(withoutUser(text))
  target.hash = ''
  if (username === '' && password === '') return [target, []]
  const pair = Buffer.from(`${decodedIfValid(username)}:${decodedIfValid(password)}`)
  return [target, [['Authorization', `Basic ${pair.toString('base64')}`]]]
}

/** What may be a URL, without user and password, which are not to be printed. */
export function withoutUser(text: string): string {
  // Where a password ends in what is no URL, nobody knows.
  if (!URL.canParse(text)) return text.replace(/^([a-z][a-z\d+.-]*:\/\/)?.*@/is, '$1')
  const url = new URL(text)
  if (url.username + url.password === '') return text
  url.username = ''
  url.password = ''
  return url.href
}

/**
 * The caller's header fields. Their values are in no message: they may be secrets.
 *
 * @throws TypeError when one is malformed, or belongs to the check
 */
export function parseFields(
  headers: Readonly<Record<string, string>> | Iterable<Field>,
): readonly Field[] {
  const fields = isIterable(headers) ? [...headers] : Object.entries(headers)
  for (const [name, value] of fields) {
    if (!/^[!#$%&'*+.^`|~\w-]+$/.test(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw new TypeError(`Expected a header field, got one named '${onOneLine(name)}'`)
    }
    if (!OWN.includes(name.toLowerCase())) continue
    throw new TypeError(`${name} is for the check to send`)
  }
  return fields
}

/** @throws TypeError when it is not an origin */
export function parseOrigin(text: string): string {
  const origin = URL.canParse(text) ? new URL(text).origin : 'null'
  if (origin !== 'null') return origin
  throw new TypeError(
    `Expected an origin as https://app.example, got '${onOneLine(withoutUser(text))}'`,
  )
}

/** Whether it is a Headers, a Map or a list. */
function isIterable(
  headers: Readonly<Record<string, string>> | Iterable<Field>,
): headers is Iterable<Field> {
  return Symbol.iterator in headers
}
