/**
 * Files of the local file system on Deno, with Deno's own streams where asked for.
 *
 * @example
 * ```ts
 * import { fileHandler } from 'byteserve'
 * import { denoDirectory } from 'byteserve/deno'
 *
 * Deno.serve(fileHandler(denoDirectory('media', { native: true })))
 * ```
 *
 * @module
 */
import { expectOptions, expectSwitch } from '../src/errors.ts'
import type { FileLookup } from '../src/lookup.ts'
import type { FileSource } from '../src/source.ts'
import { fromDeno, onThisThread } from './local/calls.ts'
import { type FileOptions, fileSource, sourceAt } from './local/file-source.ts'
import { linkOf } from './local/opening.ts'
import { canAskDescriptors, type DenoStat } from './local/permission.ts'
import type { Handle } from './local/pool/handle.ts'
import type { OpenFile } from './local/pool/open-file.ts'
import { type DirectoryOptions, localTree } from './local/tree.ts'
import { isSame } from './local/version.ts'
import { site } from './site/site.ts'
import { within } from './store/within.ts'

export type { FileOptions, SharingOptions } from './local/file-source.ts'
export { type GrowingOptions, growingFile } from './local/growing.ts'
export type { DirectoryOptions, LocalOptions } from './local/tree.ts'

declare const Deno: {
  readonly version: { readonly deno: string }
  openSync(path: string): NativeFile
  open(path: string): Promise<NativeFile>
}

interface NativeFile {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>
  seekSync(offset: number, whence: number): number
  statSync(): DenoStat
  close(): void
}

/** Options of `denoFile` and `denoDirectory`, besides those for files. */
export interface DenoOptions {
  /**
   * Hands Deno's own file stream to Deno.serve, for twice the speed. The stream runs on to the end
   * of the file and Deno.serve cuts it at Content-Length, so this is right only for responses that
   * go directly to Deno.serve: a program that reads the body may get more than the range. A file
   * that is rewritten in place while it is sent is sent as a mix. False by default.
   */
  readonly native?: boolean | undefined
}

/** Up to this length, in bytes, reading synchronously is faster than a file stream. */
const READ_SYNC_UP_TO = 32 * 1024

const SEEK_START = 0

/**
 * A regular file of the local file system, kept open until it has been served; like `nodeFile`.
 * Needs `--allow-read` of the file.
 *
 * The path is trusted: it is opened as given, links are followed, hidden files are included, and a
 * relative path starts at `process.cwd()`. Never build it from a request: use `denoDirectory`.
 *
 * @returns null when there is no such file, or when it is a directory or a device
 * @throws as a rejection, the operating system's error for any other failure; RangeError when
 * `keepOpen` is not a whole number >= 0; TypeError when a field of `headers` can't be sent
 *
 * @example
 * ```ts
 * Deno.serve(async (request) => serveFile(request, await denoFile('film.mp4', { native: true })))
 * ```
 */
export async function denoFile(
  path: string | URL,
  options: FileOptions & DenoOptions = {},
): Promise<FileSource | null> {
  expectOptions(options)
  expectSwitch('native', options.native)
  return sourceAt(path, options, (handle) => denoSource(handle, options))
}

/**
 * A lookup of the regular files under a directory, by the rules of `nodeDirectory`. Needs
 * `--allow-read` of the directory.
 *
 * @throws TypeError at once when `root` is not a directory or an option is invalid; RangeError when
 * `keepOpen` is not a whole number >= 0
 *
 * @example
 * ```ts
 * Deno.serve(fileHandler(denoDirectory('media', { native: true })))
 * ```
 */
export function denoDirectory<Context extends readonly unknown[] = readonly unknown[]>(
  root: string | URL,
  options: DirectoryOptions<Context> & DenoOptions = {},
): FileLookup<Context> {
  expectOptions(options)
  const { native } = options
  expectSwitch('native', native)
  return site(
    localTree(root, options, (handle) => denoSource(handle, { native })),
    options,
  )
}

function denoSource(handle: Handle, options: FileOptions & DenoOptions): FileSource {
  return fileSource(handle, options, {
    sync: (start, end) => (end - start <= READ_SYNC_UP_TO ? handle.readSync(start, end) : null),
    body: (start, end) => (options.native ? denoStream(handle, start, end) : null),
  })
}

/** Deno's own stream from `start` on; null if it isn't of this version, or would not be cut. */
async function denoStream(
  handle: Handle,
  start: number,
  end: number,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | null> {
  const { file } = handle
  if (!file.has(start, end) || (end < file.stat.size && !cutsSurplus())) return null
  const native = file.isSurelyUnchanged() ? await openNative(file) : null
  if (native === null) return null
  try {
    native.seekSync(start, SEEK_START)
    await handle.close()
    return native.readable
  } catch (error) {
    native.close()
    throw error
  }
}

/** Null if that is another file by now, or none: the one that is held can be read. */
async function openNative({ path, fd, stat }: OpenFile): Promise<NativeFile | null> {
  let native: NativeFile | null = null
  try {
    if (canAskDescriptors) return Deno.openSync(linkOf(fd))
    const found = onThisThread.stat(path)
    if (found === null || !isSame(found, stat)) return null
    native = await openInTime(path)
    if (native !== null && isSame(fromDeno(native.statSync()), stat)) return native
  } catch {
    // Reading the file that is held will work, or say why not.
  }
  native?.close()
  return null
}

/** How long to wait for a file to be opened that is on this machine's disks, in ms. */
const PATIENCE = 200

/**
 * Opens a file in another thread: the path may lead to a FIFO by now, whose opening waits for a
 * writer. Then null, and it is closed once there was one.
 */
function openInTime(path: string): Promise<NativeFile | null> {
  const opening = Deno.open(path)
  return within(PATIENCE, opening, () => {
    opening.then((native) => native.close()).catch(() => {})
  })
}

/** Before 2.9.6, Deno.serve dropped the chunk that passes Content-Length instead of cutting it. */
function cutsSurplus(): boolean {
  const [major = 0, minor = 0, patch = 0] = Deno.version.deno.split('.').map(Number.parseFloat)
  return major > 2 || (major === 2 && (minor > 9 || (minor === 9 && patch >= 6)))
}
