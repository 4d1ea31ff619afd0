import type { FileLookup } from '../../src/lookup.ts'
import { BoundedMap } from '../store/bounded-map.ts'
import { readOptions } from './rules.ts'
import { search } from './search.ts'
import type { SiteOptions } from './site-options.ts'
import type { FileTree } from './tree.ts'
import { isName } from './url-path.ts'
import { folderOf, inOtherForms, reachable } from './views.ts'

export type { SiteOptions } from './site-options.ts'

/**
 * A lookup of the files of a tree, by the path of the request's URL, decoded once. Hidden files
 * (except `.well-known`) are not found.
 *
 * @throws TypeError at once when an option is invalid
 *
 * @example
 * ```ts
 * fileHandler(site(tree, { base: '/media/', precompressed: true, notFound: '404.html' }))
 * ```
 */
export function site<Context extends readonly unknown[] = readonly unknown[]>(
  tree: FileTree,
  options: SiteOptions<Context> = {},
): FileLookup<Context> {
  const rules = readOptions(options, tree)
  const { within, normalize = false } = options
  const whole = reachable(normalize ? inOtherForms(tree) : tree, rules.isFound)
  if (within === undefined) {
    return (request, ...context) =>
      search({ rules, tree: whole, isWithin: false, isStandIn: false, request, context })
  }
  const folders = new BoundedMap<string, FileTree>(MAX_FOLDERS)
  return async (request, ...context) => {
    const folder = await within(request, ...context)
    // An id from elsewhere must not lead out of its folder.
    if (!isName(folder)) return null
    const tree = folders.get(folder) ?? folderOf(whole, folder)
    folders.set(folder, tree)
    return search({ rules, tree, isWithin: true, isStandIn: false, request, context })
  }
}

/** How many folders of `within` are remembered, so that each is one tree for all requests. */
const MAX_FOLDERS = 1000
