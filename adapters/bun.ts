import { statSync } from 'node:fs'
import type { FileLookup, FileSource, HeadersLike } from '../src/source.ts'
import { type DirectoryOptions, directoryLookup } from './directory.ts'
import { type FileOptions, fileSource, sourceAt } from './file-source.ts'
import type { HeldFile } from './held-file.ts'

export type { DirectoryOptions } from './directory.ts'
export type { FileOptions } from './file-source.ts'

declare const Bun: { file(path: string): Blob }

export interface BunOptions {
  /**
   * Never hands a large body to Bun by its path, which Bun opens only when it sends: a file that is
   * replaced in that moment would go out under the old one's entity tag. At the price of
   * `Transfer-Encoding: chunked` from 1 MiB on, since Bun drops Content-Length from streams.
   */
  readonly stable?: boolean | undefined
}

/** From this length on, in bytes, Bun sends a slice of a file by sendfile. */
const SENDFILE_FROM = 1024 * 1024

/** Media types of which Bun does not add `Content-Disposition: filename="…"` to a file's body. */
const SHOWN_INLINE = /^(?:text|image|audio|video|font)\/|json|wasm/

/**
 * A regular file of the local file system, held open until it was served; the like of `nodeFile`,
 * with Bun's own body from 1 MiB on.
 *
 * @returns null when there is no such file, or it is a directory or a device
 * @throws what the operating system says of any other failure, or RangeError when an option makes
 * no sense, as a rejection
 *
 * @example
 * Bun.serve({ fetch: async (request) => serveFile(request, await bunFile('film.mp4')) })
 */
export function bunFile(
  path: string,
  options: FileOptions & BunOptions = {},
): Promise<FileSource | null> {
  return sourceAt(path, options, bunSource)
}

/**
 * A look-up of the files below a directory, by the rules of `nodeDirectory`, with Bun's own bodies
 * from 1 MiB on.
 *
 * @throws TypeError at once when `root` is no directory or `base` has no slashes around it;
 * RangeError when `keepOpen` makes no sense
 *
 * @example
 * Bun.serve({ idleTimeout: 0, fetch: fileHandler(bunDirectory('media')) })
 */
export function bunDirectory(
  root: string,
  options: DirectoryOptions & BunOptions = {},
): FileLookup {
  return directoryLookup(root, options, (file) => bunSource(file, options))
}

function bunSource(file: HeldFile, options: FileOptions & BunOptions): FileSource {
  const source: FileSource = {
    ...fileSource(file, options),
    bufferLimit: SENDFILE_FROM,
    // Bun reads files of this size on its own thread too: it is faster than the way to another.
    read: (start, end) =>
      (end - start <= SENDFILE_FROM ? file.readSync(start, end) : null) ?? file.read(start, end),
  }
  if (options.stable || file.size < SENDFILE_FROM) return source
  return { ...source, headers: shownInline(source), body: (start, end) => slice(file, start, end) }
}

async function slice(file: HeldFile, start: number, end: number): Promise<Blob | null> {
  if (end - start < SENDFILE_FROM) return null
  const stat = statSync(file.path, { throwIfNoEntry: false })
  if (stat === undefined || !file.isSame(stat)) return null
  await file.close()
  return Bun.file(file.path).slice(start, end)
}

/** Bun would add a malformed Content-Disposition, with the file's name on the server. */
function shownInline({ type = '', headers }: FileSource): HeadersLike | undefined {
  if (SHOWN_INLINE.test(type)) return headers
  const fields = new Headers(headers)
  if (!fields.has('content-disposition')) fields.set('content-disposition', 'inline')
  return fields
}
