/**
 * Files of the local file system on Bun, with its own bodies from 1 MiB on.
 *
 * @example
 * ```ts
 * import { fileHandler } from 'byteserve'
 * import { bunDirectory } from 'byteserve/bun'
 *
 * Bun.serve({ idleTimeout: 0, fetch: fileHandler(bunDirectory('media')) })
 * ```
 *
 * @module
 */
import { expectOptions, expectSwitch } from '../src/errors.ts'
import { type FileLookup, type Found, isSource } from '../src/lookup.ts'
import { closeSource } from '../src/reader.ts'
import type { FileSource } from '../src/source.ts'
import { onThisThread } from './local/calls.ts'
import { type FileOptions, fileSource, sourceAt } from './local/file-source.ts'
import { linkOf } from './local/opening.ts'
import { canAskDescriptors } from './local/permission.ts'
import type { Handle } from './local/pool/handle.ts'
import { type DirectoryOptions, localTree } from './local/tree.ts'
import { isSame } from './local/version.ts'
import { overlay } from './site/overlay.ts'
import { site } from './site/site.ts'

export type { FileOptions, SharingOptions } from './local/file-source.ts'
export { type GrowingOptions, growingFile } from './local/growing.ts'
export type { DirectoryOptions, LocalOptions } from './local/tree.ts'

declare const Bun: { file(path: string): Blob }

/** Options of `bunFile` and `bunDirectory`, besides those for files. */
export interface BunOptions {
  /**
   * Reads bodies of 1 MiB and more from the open file, instead of handing the file to Bun, which
   * sends it without looking at it again: one that is rewritten in place meanwhile goes out as a
   * mix, and one that is truncated stalls; where there is no `/proc`, one that was replaced just
   * before goes out under the old entity tag. The price is `Transfer-Encoding: chunked` above
   * 1 MiB, since Bun drops Content-Length from streams. False by default.
   */
  readonly stable?: boolean | undefined
}

/** From this length on, in bytes, Bun sends a slice of a file with sendfile. */
const SENDFILE_FROM = 1024 * 1024

/** Media types of files to whose responses Bun adds no `Content-Disposition: filename="…"`. */
const SHOWN_INLINE =
  /^(?:text|image|audio|video|font)\/|^application\/(?:json|geo\+json|wasm)(?:;|$)/

/**
 * A regular file of the local file system, kept open until it has been served; like `nodeFile`,
 * with Bun's own body from 1 MiB on.
 *
 * The path is trusted: it is opened as given, links are followed, hidden files are included, and a
 * relative path starts at `process.cwd()`. Never build it from a request: use `bunDirectory`.
 *
 * @returns null when there is no such file, or when it is a directory or a device
 * @throws as a rejection, the operating system's error for any other failure; RangeError when
 * `keepOpen` is not a whole number >= 0; TypeError when a field of `headers` can't be sent
 *
 * @example
 * ```ts
 * Bun.serve({ fetch: async (request) => serveFile(request, await bunFile('film.mp4')) })
 * ```
 */
export async function bunFile(
  path: string | URL,
  options: FileOptions & BunOptions = {},
): Promise<FileSource | null> {
  expectOptions(options)
  expectSwitch('stable', options.stable)
  return sourceAt(path, options, (handle) => shownInline(bunSource(handle, options)))
}

/**
 * A lookup of the regular files under a directory, by the rules of `nodeDirectory`, with Bun's own
 * bodies from 1 MiB on.
 *
 * @throws TypeError at once when `root` is not a directory or an option is invalid; RangeError when
 * `keepOpen` is not a whole number >= 0
 *
 * @example
 * ```ts
 * Bun.serve({ idleTimeout: 0, fetch: fileHandler(bunDirectory('media')) })
 * ```
 */
export function bunDirectory<Context extends readonly unknown[] = readonly unknown[]>(
  root: string | URL,
  options: DirectoryOptions<Context> & BunOptions = {},
): FileLookup<Context> {
  expectOptions(options)
  const { stable } = options
  expectSwitch('stable', stable)
  const lookup = site(
    localTree(root, options, (handle) => bunSource(handle, { stable })),
    options,
  )
  const adapt = (found: Found | undefined) => (isSource(found) ? shownInline(found) : found)
  return (request, ...context) => {
    const found = lookup(request, ...context)
    return found instanceof Promise ? found.then(adapt) : adapt(found)
  }
}

function bunSource(handle: Handle, options: FileOptions & BunOptions): FileSource {
  const isSentByBun = (length: number) => !options.stable && length >= SENDFILE_FROM
  return fileSource(handle, options, {
    bufferLimit: SENDFILE_FROM,
    // Bun, too, reads smaller bodies on the main thread: going through another is slower.
    sync: (start, end) => (isSentByBun(end - start) ? null : handle.readSync(start, end)),
    body: options.stable
      ? undefined
      : (start, end) => (isSentByBun(end - start) ? bunBody(handle, start, end) : null),
  })
}

/**
 * Bun's own body, which opens the file once more when it is sent: by its descriptor, where that can
 * be done, and else by its path. Null if the file has changed, or the disk may keep Bun waiting,
 * which opens and reads on the main thread.
 */
function bunBody(handle: Handle, start: number, end: number): Blob | null {
  const { file } = handle
  if (!file.has(start, end) || !file.isSurelyUnchanged()) return null
  if (canAskDescriptors) {
    return handle.detach() ? Bun.file(linkOf(file.fd)).slice(start, end) : null
  }
  const found = onThisThread.stat(file.path)
  if (found === null || !isSame(found, file.stat)) return null
  void closeSource(handle)
  return Bun.file(file.path).slice(start, end)
}

/** Otherwise Bun would add a malformed Content-Disposition, with the file's name on the server. */
function shownInline(file: FileSource): FileSource {
  const { size, type = '', headers, read } = file
  const isSentByBun = read.native?.body !== undefined && size >= SENDFILE_FROM
  if (!isSentByBun || SHOWN_INLINE.test(type)) return file
  return { ...file, headers: overlay({ 'content-disposition': 'inline' }, headers) }
}
