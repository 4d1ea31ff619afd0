import { escapeControls } from './escape.ts'
import type { Ask } from './exchange.ts'
import type { Field } from './head.ts'

/** A text without the words of secrets, which a server may send back. */
export function redact(text: string, secrets: readonly string[]): string {
  const words = secrets.flatMap((secret) => secret.split(' ')).filter(({ length }) => length > 5)
  return words.reduce((redacted, word) => redacted.replaceAll(word, '…'), text)
}

/** Fields that are ours, or that curl sends by itself. */
const LEFT_OUT = ['user-agent', 'host', 'connection']

/**
 * A line for a shell that asks the same by curl, and shows the head of the answer.
 *
 * @param url where the check began: curl follows redirects, which may lead to a signed URL
 * @param secrets the fields that the caller has added, whose values are not printed
 */
export function curlLine(
  ask: Pick<Ask, 'method' | 'fields'>,
  url: URL,
  { secrets, insecure, redirected }: CurlOptions,
): string {
  const hidden = new Set(secrets.map(([name]) => name.toLowerCase()))
  const headers = ask.fields.flatMap(([name, value]) => {
    const key = name.toLowerCase()
    if (LEFT_OUT.includes(key) || (key === 'accept-encoding' && value === 'identity')) return []
    const shown = redact(
      value,
      secrets.map(([, secret]) => secret),
    )
    return ['-H', `${name}: ${hidden.has(key) ? `YOUR ${name.toUpperCase()}` : shown}`]
  })
  const words = [
    'curl',
    '-sS',
    // Brackets and braces in a URL are not patterns.
    ...(/[[\]{}]/.test(url.href) ? ['-g'] : []),
    ...(redirected ? ['-L'] : []),
    ...(insecure && url.protocol === 'https:' ? ['-k'] : []),
    ...(ask.method === 'HEAD' ? ['-I'] : ['-D', '-', '-o', '/dev/null', '-m', '5']),
    ...(ask.method === 'OPTIONS' ? ['-X', 'OPTIONS'] : []),
    ...headers,
    url.href,
  ]
  return words.map(quote).join(' ')
}

export interface CurlOptions {
  readonly secrets: readonly Field[]
  readonly insecure: boolean
  readonly redirected: boolean
}

/** A word of a POSIX shell. Control characters are escaped, for they have no place in a field. */
function quote(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word
  return `'${escapeControls(word).replaceAll("'", "'\\''")}'`
}
