import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { expectSwitch } from '../../src/errors.ts'
import { hangUpSignal } from '../../src/runtime.ts'
import type { FileSource } from '../../src/source.ts'
import type { SiteOptions } from '../site/site.ts'
import { type Entry, type FileTree, join, type Opened } from '../site/tree.ts'
import { ofStore } from '../site/views.ts'
import { unexpectedOf } from '../store/given.ts'
import { codeOf } from './calls.ts'
import { expectSharing, pathOf, type SharingOptions, toSourceOrClose } from './file-source.ts'
import { listBelow } from './list.ts'
import { openLiveSource } from './live-file.ts'
import type { Handle } from './pool/handle.ts'
import { RootDirectory } from './root-directory.ts'
import { devices, openFiles } from './shared.ts'

/** Options of a tree of local files. */
export interface LocalOptions extends SharingOptions {
  /**
   * Whether links may lead out of the directory: `inside`, the default, does not find what lies
   * elsewhere; `follow` does, and so trusts whoever may write below the directory with every file
   * that this process may read.
   */
  readonly links?: 'inside' | 'follow' | undefined
  /**
   * Which files are being written, as downloads that are played meanwhile: all, or those whose path
   * below the directory, with the folder of `within`, the function says yes to. They have no tag and
   * no date, nobody may store any of them, and a change does not cut them off, unless they become
   * shorter. None by default.
   *
   * @example
   * ```ts
   * nodeDirectory('downloads', { live: (path) => path.endsWith('.part') })
   * ```
   */
  readonly live?: boolean | ((path: string) => boolean) | undefined
}

/** Options of `nodeDirectory`, `bunDirectory` and `denoDirectory`. */
export interface DirectoryOptions<Context extends readonly unknown[] = readonly unknown[]>
  extends LocalOptions,
    SiteOptions<Context> {}

/**
 * The regular files under a directory, on any runtime that has `node:fs`. Devices, and links that
 * lead out of the directory, are not found.
 *
 * @throws TypeError or RangeError at once when `directory` is none, or an option is invalid
 */
export function localTree(
  directory: string | URL,
  options: LocalOptions,
  toSource: (handle: Handle) => FileSource,
): FileTree {
  expectSharing(options)
  const { live = false } = options
  if (typeof live !== 'function') expectSwitch('live', live)
  const isLive = (path: string): boolean => {
    const answer: unknown = typeof live === 'function' ? live(path) : live
    // The promise of an async function would have nobody store any file.
    if (answer && answer !== true) throw unexpectedOf('live', 'a boolean', answer)
    return answer === true
  }
  const root = new RootDirectory(expectDirectory(directory), expectLinks(options.links), devices)
  const adapt = (found: Handle | 'directory' | null): Opened =>
    found === null || found === 'directory' ? found : toSourceOrClose(found, toSource)
  const tree: FileTree = {
    open(path, request, depth) {
      const [scope, rest] = confine(path, depth)
      const hangUp = () => hangUpSignal(request)
      if (isLive(path)) return openLiveSource(scope, rest, {}, hangUp)
      const found = openFiles.find(scope, rest, options, hangUp)
      return found instanceof Promise ? found.then(adapt) : adapt(found)
    },
    list(path, depth, signal) {
      const entries = listBelow(...confine(path, depth), devices, () => signal)
      return live === false ? entries : unlessLive(entries, (name) => isLive(join(path, name)))
    },
  }
  return ofStore(tree, openFiles, root.id)

  /** The folder that the first segments of a path name, and what is left of it there. */
  function confine(path: string, depth = 0): [scope: RootDirectory, rest: string] {
    if (depth === 0) return [root, path]
    const segments = path.split('/')
    const folder = segments.slice(0, depth).join('/')
    return [root.folder(folder), segments.slice(depth).join('/')]
  }
}

/** Entries without the versions of files that promise none: a look at one tells it all the same. */
async function* unlessLive(
  entries: AsyncIterable<Entry>,
  isLive: (name: string) => boolean,
): AsyncGenerator<Entry> {
  for await (const entry of entries) {
    const isFixed = entry.kind === 'directory' || !isLive(entry.name)
    yield isFixed ? entry : { ...entry, version: undefined }
  }
}

function expectLinks(links: string = 'inside'): 'inside' | 'follow' {
  if (links === 'inside' || links === 'follow') return links
  throw new TypeError(`Expected links to be 'inside' or 'follow', got ${links}`)
}

function expectDirectory(given: string | URL): string {
  // It may come from an environment variable that is not set. The current directory is '.'.
  if (!given) throw new TypeError(`Expected the path of a directory, got '${given}'`)
  const path = resolve(pathOf(given))
  try {
    if (statSync(path).isDirectory()) return path
  } catch (cause) {
    const found = codeOf(cause) === 'ENOENT' ? 'nothing' : codeOf(cause) || cause
    throw new TypeError(`Expected a directory, found ${found} at ${path}`, { cause })
  }
  throw new TypeError(`Expected a directory, found something else at ${path}`)
}
