import { fileURLToPath } from 'node:url'
import { expectSwitch, expectWholeNumber, unexpected } from '../../src/errors.ts'
import { expectHeaders } from '../../src/headers.ts'
import { closeSource } from '../../src/reader.ts'
import type { FileSource, HeadersLike, NativeRead, Read } from '../../src/source.ts'
import type { TreeFile } from '../site/tree.ts'
import { openLiveSource } from './live-file.ts'
import type { Handle } from './pool/handle.ts'
import { anywhere } from './scope.ts'
import { openFiles } from './shared.ts'

/** How long files stay open. */
export interface SharingOptions {
  /**
   * How long a file stays open after the last response that read it, in ms, so that the next one
   * finds it open. It may be up to a second more, and is less when over 128 files wait like this. A
   * whole number, 1000 by default; 0 closes it at once. Where one file is asked for with several,
   * the longest counts.
   */
  readonly keepOpen?: number | undefined
}

/** Options of `nodeFile`, `bunFile` and `denoFile`. */
export interface FileOptions extends SharingOptions {
  /** Media type; by default that of the file's extension. */
  readonly type?: string | undefined
  /**
   * Further header fields. Cache-Control is for you to say: without it, browsers guess for how long
   * the file stays as it is.
   */
  readonly headers?: HeadersLike | undefined
  /**
   * Whether the file is being written, as a download that is played meanwhile: it has no tag and no
   * date, nobody may store any of it, and a change does not cut it off, unless it becomes shorter.
   * What is sent is what is there when it is sent. False by default.
   */
  readonly live?: boolean | undefined
}

/**
 * An open file as a source that reads it in another thread, which works on every runtime.
 *
 * @param native the runtime's own ways to read it
 */
export function fileSource(
  handle: Handle,
  { type, headers }: FileOptions,
  native?: NativeRead,
): TreeFile {
  const { file } = handle
  const read: Read = (start, end, into) => handle.read(start, end, into)
  return {
    size: file.stat.size,
    type: type ?? file.type,
    etag: file.etag,
    lastModified: file.lastModified,
    version: file.listedAs,
    headers,
    read: native === undefined ? read : Object.assign(read, { native }),
    close: () => handle.close(),
  }
}

/** The file at a path, as the source that an adapter makes of it. */
export async function sourceAt(
  path: string | URL,
  options: FileOptions,
  toSource: (handle: Handle) => FileSource,
): Promise<FileSource | null> {
  expectSharing(options)
  expectSwitch('live', options.live)
  if (typeof (options.type ?? '') !== 'string') throw unexpected('type to be a text', options.type)
  expectHeaders(options.headers)
  if (options.live) {
    const source = await openLiveSource(anywhere, pathOf(path), options)
    return source === 'directory' ? null : source
  }
  const found = await openFiles.find(anywhere, pathOf(path), options)
  if (found === null || found === 'directory') return null
  return toSourceOrClose(found, toSource)
}

/** @throws RangeError unless `keepOpen` is a whole number, 0 or more */
export function expectSharing({ keepOpen }: SharingOptions): void {
  if (keepOpen !== undefined) expectWholeNumber('keepOpen', keepOpen, 0)
}

/** @throws TypeError unless it is a path, or the URL of a file */
export function pathOf(path: string | URL): string {
  if (path instanceof URL) return fileURLToPath(path)
  if (typeof path === 'string') return path
  throw unexpected('a path, or a URL of a file', path)
}

/** Makes a source of a file, and closes the file if that fails. */
export function toSourceOrClose(
  handle: Handle,
  toSource: (handle: Handle) => FileSource,
): FileSource {
  try {
    return toSource(handle)
  } catch (error) {
    void closeSource(handle)
    throw error
  }
}
