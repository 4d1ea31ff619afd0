/**
 * Files of the local file system, and a listener for `node:http` and `node:http2`.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { nodeDirectory, nodeListener } from 'byteserve/node'
 *
 * createServer(nodeListener(nodeDirectory('media'))).listen(8080)
 * ```
 *
 * @module
 */
import { expectOptions, expectSwitch } from '../src/errors.ts'
import type { FileLookup } from '../src/lookup.ts'
import type { FileSource } from '../src/source.ts'
import { type FileOptions, fileSource, sourceAt } from './local/file-source.ts'
import type { Handle } from './local/pool/handle.ts'
import { recyclingStream } from './local/recycling-stream.ts'
import { memory } from './local/shared.ts'
import { type DirectoryOptions, localTree } from './local/tree.ts'
import { site } from './site/site.ts'

export type { FileOptions, SharingOptions } from './local/file-source.ts'
export { type GrowingOptions, growingFile } from './local/growing.ts'
export type { DirectoryOptions, LocalOptions } from './local/tree.ts'
export { nodeListener } from './node-http/listener.ts'
export type { Incoming, Outgoing } from './node-http/messages.ts'

/** Options of `nodeFile` and `nodeDirectory`, besides those for files. */
export interface NodeOptions {
  /**
   * Uses the memory of a chunk again once the next one is pulled, for half the CPU time. This is
   * right only for responses that go directly to `@hono/node-server` or srvx, over HTTP/1.1, from a
   * server whose `highWaterMark` was not raised. A program that keeps the chunks of a body, as
   * `response.arrayBuffer()` does, finds them empty, and fails; on Node 22, it gets zeros, and no
   * error. One that has them under way may find later bytes in them. A body that is piped is not
   * native. `nodeListener` does this by itself. False by default.
   */
  readonly native?: boolean | undefined
}

/**
 * A regular file of the local file system, kept open until it has been served: that version is
 * sent, even if another file takes its name. If it is truncated or rewritten meanwhile, the
 * response is cut off; if it grows, only the bytes that it had at first are sent.
 *
 * The path is trusted: it is opened as given, links are followed, hidden files are included, and a
 * relative path starts at `process.cwd()`. Never build it from a request: use `nodeDirectory`.
 *
 * Every call looks at the path. Responses that find the same version share one descriptor, which
 * stays open for `keepOpen` ms after the last of them.
 *
 * Pass it to `serveFile`, which closes it; otherwise close it yourself.
 *
 * @returns null if there is no such file, or it is a directory or a device
 * @throws as a rejection, the operating system's error for any other failure; RangeError when
 * `keepOpen` is not a whole number >= 0; TypeError when a field of `headers` can't be sent
 *
 * @example
 * ```ts
 * serveFile(request, await nodeFile('videos/film.mp4'))
 * ```
 */
export async function nodeFile(
  path: string | URL,
  options: FileOptions & NodeOptions = {},
): Promise<FileSource | null> {
  expectOptions(options)
  expectSwitch('native', options.native)
  return sourceAt(path, options, (handle) => nodeSource(handle, options))
}

/**
 * A lookup of the regular files under a directory, by the path of the request's URL, decoded once.
 * A folder is its `index.html`, if it has one. Hidden files (except `.well-known`), devices, and
 * anything outside the directory, by path or by symbolic link, are not found. A relative `root`
 * starts at `process.cwd()`.
 *
 * @throws TypeError at once when `root` is not a directory or an option is invalid; RangeError when
 * `keepOpen` is not a whole number >= 0
 *
 * @example
 * ```ts
 * // With Hono's server for Node:
 * serve({ fetch: fileHandler(nodeDirectory('media', { base: '/media/' })) })
 * ```
 */
export function nodeDirectory<Context extends readonly unknown[] = readonly unknown[]>(
  root: string | URL,
  options: DirectoryOptions<Context> & NodeOptions = {},
): FileLookup<Context> {
  expectOptions(options)
  const { native } = options
  expectSwitch('native', native)
  return site(
    localTree(root, options, (handle) => nodeSource(handle, { native })),
    options,
  )
}

function nodeSource(handle: Handle, options: FileOptions & NodeOptions): FileSource {
  if (!options.native) return fileSource(handle, options)
  const source: FileSource = fileSource(handle, options, {
    body: (start, end) => recyclingStream(source, memory, start, end),
  })
  return source
}
