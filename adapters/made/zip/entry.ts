import { streamBody } from '../../../src/body.ts'
import { expectOptions } from '../../../src/errors.ts'
import { expectHeaders } from '../../../src/headers.ts'
import type { Found } from '../../../src/lookup.ts'
import { BodyReader, closeSource, NOTHING } from '../../../src/reader.ts'
import { collected } from '../../../src/runtime.ts'
import type { FileSource, HeadersLike, RequestLike } from '../../../src/source.ts'
import { acceptEncodingOf, acceptedEncodings } from '../../site/encodings.ts'
import { derivedTag, overlay } from '../../site/overlay.ts'
import { inMemory, sliced } from '../bytes.ts'
import { expectSource } from '../part.ts'
import { inRow } from '../row.ts'
import { crc32 } from './crc32.ts'
import { findStored, type Stored } from './directory.ts'

/** What is said about a file of an archive, besides its bytes. */
export interface ZipEntryOptions {
  /** Media type; `application/octet-stream` by default. */
  readonly type?: string | undefined
  /** Further header fields, such as Cache-Control. */
  readonly headers?: HeadersLike | undefined
}

/**
 * A file inside a ZIP archive. The archive is not unpacked: its end, its directory and a header are
 * read, in some four reads.
 *
 * - **Stored**, as films and pictures should be: a part of the archive, with ranges.
 * - **Deflated**, and the client takes gzip: the bytes as they are in the archive, with
 *   `Content-Encoding: gzip` around them. It has ranges, which are of the encoded bytes.
 * - **Deflated** otherwise: inflated while it is sent, without a length and without ranges. If its
 *   bytes have another checksum than the archive says, the body breaks off.
 *
 * The archive is closed with what is returned, or at once.
 *
 * @param path in the archive, as it is spelled there, in UTF-8
 * @param request tells by its Accept-Encoding which of them
 * @returns null if there is no such file, or it is encrypted or compressed in another way; also if
 * the source is no archive, or a damaged one
 * @throws TypeError, as a rejection, if a field of `headers` can't be sent; what reading throws
 *
 * @example
 * ```ts
 * const archive = await nodeFile('comics/issue-1.cbz')
 * const page = archive && (await zipEntry(archive, 'page-01.jpg', request, { type: 'image/jpeg' }))
 * serveFile(request, page)
 * ```
 */
export async function zipEntry(
  source: FileSource,
  path: string,
  request: RequestLike,
  options: ZipEntryOptions = {},
): Promise<Found> {
  expectSource(source)
  let stored: Stored | null = null
  try {
    expectOptions(options)
    expectHeaders(options.headers)
    stored = path.endsWith('/') ? null : await findStored(source, path)
  } finally {
    if (stored === null) void closeSource(source)
  }
  if (stored === null) return null
  const { etag, lastModified } = source
  const close = () => source.close?.()
  const tag = derivedTag(etag, stored.start.toString(36))
  const { type, headers } = options
  const file = { type, etag: tag, lastModified, headers, close }
  if (!stored.isDeflated) return { ...file, ...sliced(source, stored.start, stored.end) }
  const vary = { vary: 'Accept-Encoding' }
  if (acceptedEncodings(acceptEncodingOf(request), ['gzip']).length > 0) {
    const encoded = overlay(headers, vary, { 'content-encoding': 'gzip' })
    return { ...file, ...gzipped(source, stored), etag: derivedTag(tag, 'gz'), headers: encoded }
  }
  const unknown = { 'content-type': 'application/octet-stream' }
  const known = type === undefined ? null : { 'content-type': type }
  const fields = overlay(unknown, headers, known, vary, { 'x-content-type-options': 'nosniff' })
  return { status: 200, headers: fields, pieces: [], stream: inflating(source, stored, request) }
}

/** Deflated bytes are what gzip holds, between a head and a tail (RFC 1952 §2.3). */
function gzipped(
  source: FileSource,
  { start, end, crc, size }: Stored,
): Pick<FileSource, 'size' | 'read'> {
  const head = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255)
  const tail = new Uint8Array(8)
  new DataView(tail.buffer).setUint32(0, crc, true)
  new DataView(tail.buffer).setUint32(4, size, true)
  return inRow([inMemory(head), sliced(source, start, end), inMemory(tail)])
}

/**
 * Opens the inflated bytes, once; the source is closed with them, or when nobody will open them.
 */
function inflating(
  source: FileSource,
  stored: Stored,
  { method }: RequestLike,
): () => ReadableStream<Uint8Array> {
  const open = () => {
    collected?.unregister(source)
    return inflated(source, stored)
  }
  if (method === 'HEAD') void closeSource(source)
  // A client may hang up before, and nothing else says so.
  else collected?.register(open, () => void closeSource(source), source)
  return open
}

/** The source is closed with the stream, whose last byte comes only if all have their checksum. */
function inflated(
  source: FileSource,
  { start, end, size, crc }: Stored,
): ReadableStream<Uint8Array> {
  const deflated = streamBody(new BodyReader(source, start, end))
  // The type asks for more than bytes, in some runtimes' types.
  const inflate = new DecompressionStream('deflate-raw') as TransformStream<Uint8Array, Uint8Array>
  const stream = deflated.pipeThrough(inflate)
  // Once it is being read, the reader cancels it.
  const close = () => (stream.locked ? undefined : stream.cancel())
  const reader = new BodyReader({ read: () => stream, close }, 0, size)
  let seen = 0
  let fault: Error | undefined
  const read = async () => {
    if (fault) throw fault
    const chunk = (await reader.next()) ?? NOTHING
    seen = crc32(chunk, seen)
    if (reader.sent < size || seen === crc) return chunk
    fault = new Error(`Expected a file of the CRC-32 ${hex(crc)}, got one of ${hex(seen)}`)
    if (chunk.length === 1) throw fault
    return chunk.subarray(0, -1)
  }
  return streamBody(new BodyReader({ read, close: () => reader.close() }, 0, size))
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, '0')
}
