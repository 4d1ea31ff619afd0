import type { FileSource } from '../../../src/source.ts'
import type { FileTree } from '../../site/tree.ts'
import { originOf } from '../../site/views.ts'
import { faststart, withIndexFirst } from './faststart.ts'
import { Plans } from './plans.ts'

const FILM = /\.(?:mp4|m4v|m4a|m4b|mov|3gp)$/i

/** What was found of the films of each store. */
const stores = new WeakMap<object, Plans>()

/**
 * `faststart` of whatever is called like an MP4: for the option `transform` of a site, as it
 * stands.
 *
 * @param tree whose file this is, at this path; without it, the path must name one file only
 *
 * @example
 * ```ts
 * nodeDirectory('media', { transform: faststartFilms })
 * ```
 */
export function faststartFilms(
  file: FileSource,
  path: string,
  tree?: FileTree,
): FileSource | Promise<FileSource> {
  if (!FILM.test(path)) return file
  if (tree === undefined) return faststart(file, { id: path })
  const [store, name] = originOf(tree, path)
  const plans = stores.get(store) ?? new Plans()
  stores.set(store, plans)
  return withIndexFirst(file, plans, name)
}
