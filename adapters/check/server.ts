import type { Fields } from './head.ts'

/** A server that is known well enough to say which of its settings to change. */
export type KnownServer = 'nginx' | 'Caddy' | 'Apache' | 'Express' | 'S3' | 'Cloudflare'

/**
 * The server that answers, by what it says of itself. An application is named before the proxy in
 * front of it: it is where files are served.
 */
export function recognize(fields: Fields): KnownServer | null {
  const server = fields.get('server') ?? ''
  const via = fields.get('via') ?? ''
  if (/\bexpress\b/i.test(fields.get('x-powered-by') ?? '')) return 'Express'
  if (/^AmazonS3/i.test(server) || fields.has('x-amz-request-id')) return 'S3'
  if (/^cloudflare/i.test(server) || fields.has('cf-ray')) return 'Cloudflare'
  if (/^(?:nginx|openresty)/i.test(server)) return 'nginx'
  // Apache-Coyote is Tomcat.
  if (/^Apache(?:\/|$)/i.test(server)) return 'Apache'
  if (/^Caddy/i.test(server) || /\bcaddy\b/i.test(via)) return 'Caddy'
  return null
}
