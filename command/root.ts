import { realpathSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { codeOf } from '../adapters/local/calls.ts'
import { faststartFilms } from '../adapters/mp4.ts'
import { toRelativePath } from '../adapters/site/url-path.ts'
import { zipFolder } from '../adapters/zip.ts'
import type { FileLookup } from '../src/lookup.ts'
import { Failure, messageOf } from './failure.ts'
import type { Host } from './host.ts'
import { describeFile, listFolder } from './listing.ts'
import type { ServeOptions } from './options.ts'
import type { Views } from './page/events.ts'
import { withPage } from './page/page.ts'

/** What is served: a directory, or one file of it. */
export interface Root {
  readonly directory: string
  /** The file's name; null for all of the directory. */
  readonly file: string | null
  /** What a person calls it. */
  readonly name: string
}

/** @throws Failure unless it is a directory or a file that can be served */
export function findRoot(path: string): Root {
  try {
    const found = statSync(path)
    // A link may lead anywhere: the person who named it meant what it leads to.
    const realPath = realpathSync(path)
    if (found.isDirectory()) return { directory: path, file: null, name: basename(realPath) || '/' }
    const root = { directory: dirname(realPath), file: basename(realPath), name: basename(path) }
    if (!found.isFile()) throw new Failure(`${path} is neither a directory nor a file`)
    if (toRelativePath(`/${encodeURIComponent(root.file)}`) === null) {
      throw new Failure(`${path} is hidden: hidden files are not served`)
    }
    return root
  } catch (error) {
    if (error instanceof Failure) throw error
    const isMissing = codeOf(error) === 'ENOENT'
    throw new Failure(isMissing ? `${path} does not exist` : messageOf(error))
  }
}

/** The files of the root and, unless they are not wanted, a page or a listing of each folder. */
export function lookupOf(
  { directory, file, name }: Root,
  { cache, folders, tls, faststart }: ServeOptions,
  runtime: Pick<Host, 'openDirectory'>,
  views: Views,
): FileLookup {
  const all = runtime.openDirectory(directory, {
    cacheControl: cache === 0 ? 'no-cache' : `max-age=${cache}`,
    listing: folders !== 'nothing' && file === null,
    download: (tree, path, request) =>
      zipFolder(tree, path, request, path === '' ? { filename: `${name}.zip` } : {}),
    transform: faststart ? faststartFilms : undefined,
  })
  const files = file === null ? all : onlyFile(all, file)
  if (folders !== 'page') return files
  return withPage({
    files,
    shelf: {
      list: (path) => (file === null ? listFolder(directory, path) : listOnly(file, path)),
      describe: (path) => describeFile(directory, path),
    },
    name,
    scheme: tls === null ? 'http' : 'https',
    views,
  })
}

function onlyFile(all: FileLookup, file: string): FileLookup {
  return (request, ...context) => {
    return toRelativePath(request.url) === file ? all(request, ...context) : null
  }
}

async function* listOnly(file: string, path: string): ReturnType<typeof listFolder> {
  if (path !== '') throw new Error(`Expected no folder beside ${file}, got ${path}`)
  yield [{ name: file, kind: 'file' }]
}
