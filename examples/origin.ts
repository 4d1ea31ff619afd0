import { contentRange, type FileLookup, type FileSource, SourceChangedError } from 'byteserve'

/** Bytes as they are stored: fetch would decode an encoding, and then no length would be right. */
const AS_STORED = { 'accept-encoding': 'identity' }

/**
 * A file of another HTTP server, which must answer ranges. One HEAD tells its size and version, and
 * each range takes one GET; several need a strong entity tag.
 *
 * @returns null when the other server has no such file
 * @throws Error, as a rejection, when it answers anything but 200 or 404
 */
export async function originFile(url: string): Promise<FileSource | null> {
  const { status, headers } = await fetch(url, { method: 'HEAD', headers: AS_STORED })
  if (status === 404) return null
  const size = Number(headers.get('content-length') ?? NaN)
  if (status !== 200 || Number.isNaN(size)) {
    throw new Error(`Expected 200 with a Content-Length from ${url}, got ${status}`)
  }
  const type = headers.get('content-type') ?? undefined
  const etag = headers.get('etag') ?? undefined
  const hangUp = new AbortController()
  let reads = 0
  return {
    size,
    type,
    etag,
    async read(start, end) {
      // Only a strong entity tag tells that two responses are of one version.
      if (reads++ > 0 && !etag?.startsWith('"')) {
        throw new SourceChangedError(`${url} may have changed while it was being served`)
      }
      const asked = { ...AS_STORED, range: `bytes=${start}-${end - 1}` }
      const { status, headers, body } = await fetch(url, { headers: asked, signal: hangUp.signal })
      const isSame =
        headers.get('content-range') === contentRange(size, { start, end }) &&
        (headers.get('etag') ?? undefined) === etag
      if (status === 206 && isSame && body !== null) return body
      await body?.cancel()
      throw new SourceChangedError(`${url} changed while it was being served`)
    },
    close: () => hangUp.abort(),
  }
}

/** A lookup of the files below a URL that ends in `/`. */
export function origin(base: string): FileLookup {
  return ({ url }) => {
    const { pathname } = new URL(url, base)
    // Whatever decodes `%2e%2e%2f` on the way would lead out of the base.
    if (/%2f|%5c|%00/i.test(pathname)) return null
    // Not `new URL(path, base)`: a path like `/http://other/` would lead to another server.
    return originFile(base + pathname.slice(1))
  }
}
