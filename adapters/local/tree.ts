import { realpathSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { SourceChangedError } from '../../src/errors.ts'
import type { FileSource } from '../../src/source.ts'
import type { SiteOptions } from '../site/site.ts'
import type { FileTree } from '../site/tree.ts'
import { pathOf, toSourceOrClose } from './file-source.ts'
import type { HeldFile } from './held-file.ts'
import { codeOf, isAbsence, type Permission } from './open-file.ts'
import { Recent } from './recent.ts'
import { expectSharing, findFile, type SharingOptions } from './shared-files.ts'
import type { Version } from './version.ts'

/** Options of `nodeDirectory`, `bunDirectory` and `denoDirectory`. */
export interface DirectoryOptions<Context extends readonly unknown[] = readonly unknown[]>
  extends SharingOptions,
    SiteOptions<Context> {}

/**
 * The regular files under a directory, on any runtime that has `node:fs`. Devices, and links that
 * lead out of the directory are not found.
 *
 * @throws TypeError or RangeError at once when `root` is not a directory, or an option is invalid
 */
export function localTree(
  root: string | URL,
  options: SharingOptions,
  toSource: (file: HeldFile) => FileSource,
): FileTree {
  expectSharing(options)
  const directory = expectDirectory(pathOf(root))
  const isInside = containment(directory)
  const prefix = withSeparator(directory)
  const adapt = (file: HeldFile | null) => toSourceOrClose(file, toSource)
  return {
    open(path) {
      if (ALIAS?.test(path)) return null
      const file = findFile(prefix + path, options, isInside)
      const orFolder = (source: FileSource | null) => source ?? folderAt(prefix + path, directory)
      return file instanceof Promise ? file.then(adapt).then(orFolder) : orFolder(adapt(file))
    },
    async *list(path) {
      if (folderAt(prefix + path, directory) === null) return
      for (const { name } of await readdir(prefix + path, { withFileTypes: true })) {
        const entry = join(prefix, path, name)
        const stat = statSync(entry, { throwIfNoEntry: false })
        const kind = stat?.isFile() ? 'file' : stat?.isDirectory() ? 'directory' : null
        if (!stat || kind === null || !isBelow(realpathSync.native(entry), directory)) continue
        yield { name, kind, size: stat.size, lastModified: stat.mtime }
      }
    },
  }
}

/** Whether there is a folder at a path, inside the root or the root itself. */
function folderAt(path: string, root: string): 'directory' | null {
  try {
    if (!statSync(path).isDirectory()) return null
    const real = realpathSync.native(path)
    const realRoot = realpathSync.native(root)
    return real === realRoot || isBelow(real, realRoot) ? 'directory' : null
  } catch (error) {
    if (isAbsence(error)) return null
    throw error
  }
}

/** On Windows, `GIT~1` may be another name for `.git`, and `a.mp4:b` another stream of a.mp4. */
const ALIAS = sep === '\\' ? /~\d|:/ : null

/** How long a file that was found below the root is taken to be there, in ms. */
const KNOWN_FOR = 1000

/**
 * Whether a file that was opened by this path lies below the root, with all links resolved. All
 * that costs as much as opening the file, so a yes is remembered for a second, for this path and
 * this file: a link that now points elsewhere leads to another file, and is checked again. A file
 * that has got the inode of one that was removed differs in its ctime.
 *
 * @throws SourceChangedError if the path leads to another file by now
 */
function containment(root: string): Permission {
  const known = new Recent<Pick<Version, 'dev' | 'ino' | 'ctimeMs'>>(KNOWN_FOR)
  return (path, { dev, ino, ctimeMs }) => {
    const last = known.get(path)
    if (last?.ino === ino && last.dev === dev && last.ctimeMs === ctimeMs) return true
    // The root itself may be a link that a deployment points at its next release.
    const realPath = realpathSync.native(path)
    if (!isBelow(realPath, realpathSync.native(root))) return false
    const found = statSync(realPath)
    if (found.dev !== dev || found.ino !== ino) {
      throw new SourceChangedError(`${path} was replaced while it was being opened`)
    }
    known.set(path, { dev, ino, ctimeMs })
    return true
  }
}

/** Whether a path lies below a directory, by name: both must be absolute, with links resolved. */
export function isBelow(path: string, root: string): boolean {
  return path.startsWith(withSeparator(root))
}

function withSeparator(directory: string): string {
  return directory.endsWith(sep) ? directory : directory + sep
}

function expectDirectory(given: string): string {
  // It may come from an environment variable that is not set. The current directory is '.'.
  if (!given) throw new TypeError(`Expected the path of a directory, got '${given}'`)
  const path = resolve(given)
  try {
    if (statSync(path).isDirectory()) return path
  } catch (cause) {
    const found = codeOf(cause) === 'ENOENT' ? 'nothing at' : `${codeOf(cause)} at`
    throw new TypeError(`Expected a directory, found ${found} ${path}`, { cause })
  }
  throw new TypeError(`Expected a directory, got the file ${path}`)
}
