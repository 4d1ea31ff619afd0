import { isIPv6 } from 'node:net'
import type { NetworkInterfaceInfo } from 'node:os'
import { parseHttpUrl } from '../adapters/site/url-path.ts'

export type Scheme = 'http' | 'https'

export function schemeOf(tls: object | null): Scheme {
  return tls === null ? 'http' : 'https'
}

/**
 * A host as browsers write it: a name in ASCII, in lower case and without a dot at its end, an
 * address in its shortest form and without brackets. Null if it is none.
 *
 * @example
 * toHost('Bücher.example.') // 'xn--bcher-kva.example'
 * toHost('::0') // '::'
 * toHost('0') // '0.0.0.0'
 * toHost('https://films.example') // null
 */
export function toHost(text: string): string | null {
  const bare = withoutBrackets(text)
  // A URL may have more than a host in it.
  if (!isIPv6(bare) && /[\s/\\?#@:]/.test(bare)) return null
  const url = `http://${isIPv6(bare) ? `[${bare}]` : bare}`
  return URL.canParse(url) ? withoutBrackets(new URL(url).hostname).replace(/\.$/, '') : null
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1')
}

/**
 * A URL that a person can open. An address that means "everywhere" can't be opened, so the loopback
 * address takes its place.
 *
 * @param host as `toHost` writes it
 *
 * @example
 * formatUrl('::1', 8080) // 'http://[::1]:8080/'
 * formatUrl('0.0.0.0', 8080) // 'http://127.0.0.1:8080/'
 */
export function formatUrl(host: string, port: number, scheme: Scheme = 'http'): string {
  const place = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `${scheme}://${place.includes(':') ? `[${place}]` : place}:${port}/`
}

/** An IP address as people write it: a socket for IPv6 gives IPv4 ones as `::ffff:192.0.2.1`. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:/, '')
}

/** Whether only programs on this machine can reach what listens at an IP address. */
export function isLoopback(address: string): boolean {
  return /^(?:::1$|(?:::ffff:)?127\.|::ffff:7f[\da-f]{2}:)/.test(address)
}

/**
 * The URLs at which other machines find what listens at an IP address. Where that means all
 * addresses of this machine, IPv6's link-local ones are left out: they mean nothing without the
 * name that the network has on the other machine, and no browser accepts such a name.
 *
 * @param host what a person called the address
 *
 * @example
 * externalUrls('0.0.0.0', '0.0.0.0', 8080, networkInterfaces()) // ['http://192.168.0.7:8080/']
 * externalUrls('nas.local', '192.168.0.7', 8080, {}) // ['http://nas.local:8080/']
 */
export function externalUrls(
  host: string,
  address: string,
  port: number,
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>,
  scheme: Scheme = 'http',
): string[] {
  if (isLoopback(address)) return []
  if (address !== '0.0.0.0' && address !== '::') return [formatUrl(host, port, scheme)]
  return Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family }) => !internal && (family === 'IPv4' || address === '::'))
    .filter((own) => !own.address.startsWith('fe80:'))
    .map((own) => formatUrl(own.address, port, scheme))
}

/** Whether it is the URL of a store. It may not hold a key, wherever in it: errors name it. */
export function isEndpoint(text: string): boolean {
  const url = parseHttpUrl(text)
  return url !== null && url.username + url.password + url.search + url.hash === ''
}
