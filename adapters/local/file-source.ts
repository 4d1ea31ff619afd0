import { fileURLToPath } from 'node:url'
import { expectHeaders } from '../../src/headers.ts'
import type { FileSource, HeadersLike } from '../../src/source.ts'
import type { HeldFile } from './held-file.ts'
import { expectSharing, findFile, type SharingOptions } from './shared-files.ts'

/** Options of `nodeFile`, `bunFile` and `denoFile`. */
export interface FileOptions extends SharingOptions {
  /** Media type; by default that of the file's extension. */
  readonly type?: string | undefined
  /** Further header fields, such as Cache-Control. */
  readonly headers?: HeadersLike | undefined
}

/** An open file as a source that reads it in another thread, which works on every runtime. */
export function fileSource(file: HeldFile, { type, headers }: FileOptions): FileSource {
  const { size, etag, lastModified, read, close } = file
  return { size, type: type ?? file.type, etag, lastModified, headers, read, close }
}

/**
 * Whether a source still gives a file's bytes as they are. A copy of it with a `read` or a `size` of
 * its own, which decrypts or cuts, does not: those bytes must all come through that `read`.
 */
export function isPlain({ read, size }: FileSource, file: HeldFile): boolean {
  return read === file.read && size === file.size
}

/** The file at a path, as the source that an adapter makes of it. */
export async function sourceAt<Options extends FileOptions>(
  path: string | URL,
  options: Options,
  toSource: (file: HeldFile, options: Options) => FileSource,
): Promise<FileSource | null> {
  expectSharing(options)
  expectHeaders(options.headers)
  const file = await findFile(pathOf(path), options)
  return toSourceOrClose(file, (file) => toSource(file, options))
}

/** @throws TypeError if it is a URL, but not of a file */
export function pathOf(path: string | URL): string {
  return path instanceof URL ? fileURLToPath(path) : path
}

/** Makes a source of a file, if there is one, and closes the file if that fails. */
export function toSourceOrClose(
  file: HeldFile | null,
  toSource: (file: HeldFile) => FileSource,
): FileSource | null {
  if (file === null) return null
  try {
    return toSource(file)
  } catch (error) {
    void file.close()
    throw error
  }
}
