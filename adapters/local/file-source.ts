import { fileURLToPath } from 'node:url'
import { expectHeaders } from '../../src/headers.ts'
import type { FileSource, HeadersLike, NativeRead } from '../../src/source.ts'
import type { HeldFile } from './held-file.ts'
import { expectSharing, findFile, type SharingOptions } from './shared-files.ts'

/** Options of `nodeFile`, `bunFile` and `denoFile`. */
export interface FileOptions extends SharingOptions {
  /** Media type; by default that of the file's extension. */
  readonly type?: string | undefined
  /** Further header fields, such as Cache-Control. */
  readonly headers?: HeadersLike | undefined
}

/**
 * An open file as a source that reads it in another thread, which works on every runtime.
 *
 * @param native the runtime's own ways to read it
 */
export function fileSource(
  file: HeldFile,
  { type, headers }: FileOptions,
  native?: NativeRead,
): FileSource {
  const { size, etag, lastModified, close } = file
  const read = native === undefined ? file.read : Object.assign(file.read, { native })
  return { size, type: type ?? file.type, etag, lastModified, headers, read, close }
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
