import type { NetworkInterfaceInfo } from 'node:os'

export type Scheme = 'http' | 'https'

/**
 * A URL that a person can open. An address that means "everywhere" can't be opened, so the loopback
 * address takes its place.
 *
 * @example
 * formatUrl('::1', 8080) // 'http://[::1]:8080/'
 * formatUrl('0.0.0.0', 8080) // 'http://127.0.0.1:8080/'
 */
export function formatUrl(host: string, port: number, scheme: Scheme = 'http'): string {
  const place = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `${scheme}://${place.includes(':') ? `[${place}]` : place}:${port}/`
}

/** Whether only programs on this machine can reach what listens at an IP address. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./.test(address)
}

/**
 * The URLs at which other machines find what listens on all addresses of this one; none if it
 * listens on one only. IPv6's link-local addresses are left out: they mean nothing without the name
 * that the network has on the other machine, and no browser accepts such a name.
 *
 * @param address the IP address that is listened on
 *
 * @example
 * externalUrls('0.0.0.0', 8080, networkInterfaces()) // ['http://192.168.0.7:8080/']
 */
export function externalUrls(
  address: string,
  port: number,
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>,
  scheme: Scheme = 'http',
): string[] {
  if (address !== '0.0.0.0' && address !== '::') return []
  return Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family }) => !internal && (family === 'IPv4' || address === '::'))
    .filter((own) => !own.address.startsWith('fe80:'))
    .map((own) => formatUrl(own.address, port, scheme))
}
