import type { FileLookup, FileSource } from '../src/source.ts'
import { type DirectoryOptions, directoryLookup } from './directory.ts'
import { type FileOptions, fileSource, sourceAt } from './file-source.ts'

export type { DirectoryOptions } from './directory.ts'
export type { FileOptions } from './file-source.ts'
export { type Incoming, nodeListener, type Outgoing } from './node-listener.ts'

/**
 * A regular file of the local file system, held open until it was served: that version is what is
 * read, even when another file takes its name. A file cut short or rewritten under way breaks the
 * response; of a file that grows, what it had when it was found is sent.
 *
 * The path is looked at each time. Who finds the same version there shares one descriptor, which
 * stays open for `keepOpen` after the last of them.
 *
 * Give it to `serveFile`, which closes it; otherwise close it yourself.
 *
 * @returns null when there is no such file, or it is a directory or a device
 * @throws what the operating system says of any other failure, or RangeError when an option makes
 * no sense, as a rejection
 *
 * @example
 * serveFile(request, await nodeFile('videos/film.mp4'))
 */
export function nodeFile(path: string, options: FileOptions = {}): Promise<FileSource | null> {
  return sourceAt(path, options, fileSource)
}

/**
 * A look-up of the files below a directory of the local file system, by the path of the request's
 * URL. Not found are hidden files (`.well-known` apart), directories, devices, and whatever lies
 * outside of the directory, be it by the path or by a symbolic link.
 *
 * @throws TypeError at once when `root` is no directory or `base` has no slashes around it;
 * RangeError when `keepOpen` makes no sense
 *
 * @example
 * export default { fetch: fileHandler(nodeDirectory('media', { base: '/media/' })) }
 */
export function nodeDirectory(root: string, options: DirectoryOptions = {}): FileLookup {
  return directoryLookup(root, options, (file) => fileSource(file, options))
}
