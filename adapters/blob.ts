/**
 * Blobs and Files as sources: bytes in memory, or files that a browser keeps.
 *
 * @example
 * ```ts
 * import { fileHandler } from 'byteserve'
 * import { blobFile } from 'byteserve/blob'
 *
 * const text = new Blob(['hello, world'], { type: 'text/plain' })
 * export default { fetch: fileHandler(() => blobFile(text, { etag: '"1"' })) }
 * ```
 *
 * @module
 */
import { expectOptions, unexpected } from '../src/errors.ts'
import { expectHeaders } from '../src/headers.ts'
import type { FileSource, HeadersLike } from '../src/source.ts'

/** What is said about a Blob, besides its bytes. */
export interface BlobOptions {
  /** Media type; by default the Blob's. */
  readonly type?: string | undefined
  /** Entity tag, quoted (RFC 9110 §8.8.3); none by default, since a Blob has no version. */
  readonly etag?: string | undefined
  /** By default a File's `lastModified`. */
  readonly lastModified?: Date | undefined
  /** Further header fields, such as Cache-Control. */
  readonly headers?: HeadersLike | undefined
}

/** The most that is read at once, in bytes. */
const CHUNK = 256 * 1024

/**
 * A Blob or File as a source: bytes in memory, a file from the origin-private file system or an
 * `<input>`, or what `openAsBlob` of `node:fs` returns.
 *
 * @throws TypeError when `blob` is not a Blob, or a field of `headers` can't be sent
 *
 * @example
 * ```ts
 * serveFile(request, blobFile(new Blob(['hello, world'], { type: 'text/plain' })))
 * ```
 */
export function blobFile(blob: Blob, options: BlobOptions = {}): FileSource {
  if (typeof blob?.arrayBuffer !== 'function') throw unexpected('a Blob', blob)
  expectOptions(options)
  expectHeaders(options.headers)
  const { size, type } = blob
  const modified = 'lastModified' in blob ? new Date(Number(blob.lastModified)) : undefined
  return {
    size,
    type: options.type ?? (type === '' ? undefined : type),
    etag: options.etag,
    lastModified: options.lastModified ?? modified,
    headers: options.headers,
    async read(start, end) {
      // One small slice at a time: a Blob's stream keeps its file open even when it is cancelled.
      const slice = blob.slice(start, Math.min(end, start + CHUNK))
      return new Uint8Array(await slice.arrayBuffer())
    },
  }
}
