import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import type { Answer } from '../src/answer.ts'
import type { FileLookup } from '../src/lookup.ts'
import { toHost } from './address.ts'
import { authorityOf } from './authority.ts'

/**
 * A lookup that answers only those who ask for a name of this machine. The page of a site elsewhere
 * may have its own name lead here (DNS rebinding), and would then read what only this machine, or
 * its network, is to see: a browser takes it for the same site, but says the name that it asks for.
 *
 * @param names besides IP addresses and localhost; `.example.com` is that and all names below it
 */
export function forHosts(lookup: FileLookup, names: readonly string[]): FileLookup {
  const known = new Set(names.map((name) => toHost(name) ?? name))
  const domains = [...known].filter((name) => name.startsWith('.'))
  const isKnown = (name: string) =>
    known.has(name) || domains.some((domain) => `.${name}`.endsWith(domain))
  // Most requests say the same as the one before.
  let last = ''
  return (request, ...context) => {
    const authority = authorityOf(request)
    if (authority !== last) {
      const name = nameIn(authority)
      if (!isOwn(name) && !isKnown(name)) return unknownHost(name)
      last = authority
    }
    return lookup(request, ...context)
  }
}

function isOwn(name: string): boolean {
  // An IP address can't be rebound, and a client without Host is no browser.
  if (name === '' || isIP(name) !== 0) return true
  return /^(?:[\w-]+\.)*localhost$/.test(name)
}

/** The name of a host, in lower case and without its port. */
function nameIn(authority: string): string {
  const name = authority.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '')
  return name.replace(/^\[(.*)\]$/, '$1')
}

function unknownHost(name: string): Answer {
  const shown = /^[\w.-]{1,253}$/.test(name) ? name : 'NAME'
  return refusal(
    403,
    `byteserve does not know the host name ${shown}. If it is yours, start it with --allow-host ${shown}.\n`,
  )
}

/**
 * A lookup that asks for a user and a password (RFC 7617).
 *
 * @param credentials `USER:PASS`
 */
export function withPassword(lookup: FileLookup, credentials: string): FileLookup {
  const expected = digest(Buffer.from(credentials).toString('base64'))
  return (request, ...context) => {
    const [, given = ''] =
      /^basic +([\w+/=]+) *$/i.exec(request.headers.get('authorization') ?? '') ?? []
    // Digests have one length, so that the time of the comparison tells nothing.
    const isKnown = timingSafeEqual(digest(given), expected)
    return isKnown ? lookup(request, ...context) : UNAUTHORIZED
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

const UNAUTHORIZED: Answer = refusal(401, 'byteserve asks for a user and a password.\n', {
  'www-authenticate': 'Basic realm="byteserve", charset="UTF-8"',
})

function refusal(status: number, text: string, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
      ...headers,
    },
    pieces: [new TextEncoder().encode(text)],
  }
}
