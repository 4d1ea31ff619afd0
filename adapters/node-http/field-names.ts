/** Fields as Node takes them: a list is of as many lines. */
export type NodeFields = Record<string, string | string[]>

/** Names that are sent often, as RFCs write them. */
const WRITTEN = new Map(
  `
  Accept-Ranges Access-Control-Allow-Origin Access-Control-Expose-Headers Allow Cache-Control
  Content-Disposition Content-Encoding Content-Length Content-MD5 Content-Range
  Content-Security-Policy Content-Type Cross-Origin-Resource-Policy ETag Expires Last-Modified
  Location Repr-Digest Retry-After Set-Cookie Vary WWW-Authenticate X-Content-Type-Options
  `
    .trim()
    .split(/\s+/)
    .map((name) => [name.toLowerCase(), name]),
)

/**
 * Fields, with their names as RFCs write them. HTTP/1.1 knows no case (RFC 9110 §5.1), but some
 * clients do: GRUB finds a length only in `Content-Length`.
 *
 * @param fields by lower-case name
 *
 * @example
 * asWritten({ etag: '"a"', 'x-my-own': 'b' }) // { ETag: '"a"', 'X-My-Own': 'b' }
 */
export function asWritten(fields: Readonly<NodeFields>): NodeFields {
  const written: NodeFields = {}
  for (const name in fields) written[WRITTEN.get(name) ?? capitalize(name)] = fields[name] ?? ''
  return written
}

/** Each of its words. */
function capitalize(name: string): string {
  return name.replace(/(?:^|-)[a-z]/g, (begin) => begin.toUpperCase())
}
