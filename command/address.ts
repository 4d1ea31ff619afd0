/**
 * A URL that a person can open. To listen everywhere is no place to go to, so that is this machine.
 *
 * @example
 * formatUrl('::1', 8080) // 'http://[::1]:8080/'
 * formatUrl('0.0.0.0', 8080) // 'http://127.0.0.1:8080/'
 */
export function formatUrl(host: string, port: number): string {
  const place = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${place.includes(':') ? `[${place}]` : place}:${port}/`
}

/** Whether only programs on this machine reach what listens there. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host)
}
