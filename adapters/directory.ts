import { realpathSync, statSync } from 'node:fs'
import { resolve, sep } from 'node:path'
import type { FileLookup, FileSource, HeadersLike } from '../src/source.ts'
import { orClosed, pathOf } from './file-source.ts'
import type { HeldFile } from './held-file.ts'
import type { Permission } from './open-file.ts'
import { expectBase, toRelativePath } from './path.ts'
import { expectSharing, findFile, type SharingOptions } from './shared-files.ts'

/** Options of `nodeDirectory`, `bunDirectory` and `denoDirectory`. */
export interface DirectoryOptions extends SharingOptions {
  /**
   * The path that the directory is mounted at, starting and ending with `/`: with `/media/`, the URL
   * path `/media/a.mp4` is the file `a.mp4`, and no other path is found. `/` by default.
   */
  readonly base?: string | undefined
  /** Further header fields of every file, such as Cache-Control; not of a 404 or 503. */
  readonly headers?: HeadersLike | undefined
}

/**
 * A lookup of the regular files under a directory, on any runtime that has `node:fs`. Hidden files,
 * directories, devices, and links that lead out of the directory are not found.
 *
 * @throws TypeError or RangeError at once when `root` is not a directory, or an option is invalid
 */
export function directoryLookup(
  root: string | URL,
  options: DirectoryOptions,
  toSource: (file: HeldFile) => FileSource,
): FileLookup {
  const mount = expectBase(options.base ?? '/')
  expectSharing(options)
  const directory = expectDirectory(resolve(pathOf(root)))
  const isInside = containment(directory)
  const inside = withSeparator(directory)
  const adapt = (file: HeldFile | null) => (file === null ? null : orClosed(file, toSource))
  return (request) => {
    const path = toRelativePath(request.url, mount)
    if (path === null) return null
    const file = findFile(inside + path, options, isInside)
    return file instanceof Promise ? file.then(adapt) : adapt(file)
  }
}

/** For how long a file that was found inside is known to be, in ms. */
const KNOWN_FOR = 1000

/** How many are remembered. */
const MOST_KNOWN = 10_000

/**
 * Whether a file that was opened by this path lies below the root, all links resolved. It must be
 * the same file, lest a link changes between the opening and the question. That costs as much as
 * opening it, so the answer holds for a second, for that file: where a link leads by then, another
 * one is opened.
 */
function containment(root: string): Permission {
  let realRoot = realpathSync.native(root)
  const known = new Map<
    string,
    { readonly dev: number; readonly ino: number; readonly at: number }
  >()
  return (path, { dev, ino }) => {
    const now = Date.now()
    const last = known.get(path)
    if (last?.ino === ino && last.dev === dev && now - last.at < KNOWN_FOR) return true
    const realPath = realpathSync.native(path)
    // The root itself may be a link that a deployment turns to the next release.
    if (!isBelow(realPath, realRoot)) realRoot = realpathSync.native(root)
    if (!isBelow(realPath, realRoot)) return false
    const found = statSync(realPath)
    if (found.dev !== dev || found.ino !== ino) return false
    if (known.size >= MOST_KNOWN) known.clear()
    known.set(path, { dev, ino, at: now })
    return true
  }
}

/** Whether a path lies below a directory, by their names alone: both are absolute, links resolved. */
export function isBelow(path: string, root: string): boolean {
  return path.startsWith(withSeparator(root))
}

function withSeparator(directory: string): string {
  return directory.endsWith(sep) ? directory : directory + sep
}

function expectDirectory(path: string): string {
  try {
    if (statSync(path).isDirectory()) return path
  } catch (cause) {
    throw new TypeError(`Expected a directory, got ${path}`, { cause })
  }
  throw new TypeError(`Expected a directory, got the file ${path}`)
}
