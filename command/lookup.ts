import { faststartFilms } from '../adapters/mp4.ts'
import { listing } from '../adapters/site/listing.ts'
import type { Entry } from '../adapters/site/tree.ts'
import { parseTarget, toRelativePath } from '../adapters/site/url-path.ts'
import { BoundedMap } from '../adapters/store/bounded-map.ts'
import { zipFolder } from '../adapters/zip.ts'
import type { FileLookup } from '../src/lookup.ts'
import { schemeOf } from './address.ts'
import type { ServeOptions } from './options.ts'
import type { Views } from './page/events.ts'
import type { Shelf } from './page/library.ts'
import { withPage } from './page/page.ts'
import type { Root } from './root.ts'

/** The files of the root and, unless they are not wanted, a page or a listing of each folder. */
export function lookupOf(
  root: Root,
  { cache, folders, faststart, tls }: ServeOptions,
  views: Views,
  say: (notice: string) => void,
): FileLookup {
  const { name, file, shelf } = root
  const onLeftOut = once((path) => say(`left out of archives, as it may not be read: ${path}`))
  const isListed = folders !== 'nothing' && shelf !== null
  const all = root.open({
    cacheControl: cache === 0 ? 'no-cache' : `max-age=${cache}`,
    listing: isListed && file === null,
    download: (tree, path, request) => {
      const filename = path === '' ? `${name}.zip` : undefined
      return zipFolder(tree, path, request, { filename, onLeftOut })
    },
    transform: faststart ? faststartFilms : undefined,
  })
  const files = file === null ? all : onlyFile(all, file, isListed ? shelf : null)
  if (folders !== 'page' || shelf === null) return files
  return withPage({
    files,
    shelf: file === null ? shelf : onlyItem(shelf, file),
    name,
    scheme: schemeOf(tls),
    hasArchives: file === null,
    views,
  })
}

/** How many names are remembered as said. */
const MAX_SAID = 1000

/** Says each name once, although every request of a download finds it anew. */
function once(say: (name: string) => void): (name: string) => void {
  const said = new BoundedMap<string, true>(MAX_SAID)
  return (name) => {
    if (!said.has(name)) say(name)
    said.set(name, true)
  }
}

/** @param shelf tells what a listing says of the file; null for no listing */
function onlyFile(all: FileLookup, file: string, shelf: Shelf | null): FileLookup {
  return async (request, ...context) => {
    if (toRelativePath(request.url) === file) return all(request, ...context)
    const target = parseTarget(request.url)
    if (shelf === null || target?.pathname !== '/' || target.searchParams.has('zip')) return null
    const entry: Entry = { name: file, kind: 'file', ...(await shelf.describe(file)) }
    const folder = { path: '/', isRoot: true }
    return listing(request, folder, target.search, [entry], 'either')
  }
}

function onlyItem(shelf: Shelf, file: string): Shelf {
  return { list: (path) => listOnly(file, path), describe: (path) => shelf.describe(path) }
}

async function* listOnly(file: string, path: string): ReturnType<Shelf['list']> {
  if (path !== '') throw new Error(`Expected no folder beside ${file}, got ${path}`)
  yield [{ name: file, kind: 'file' }]
}
