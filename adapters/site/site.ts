import type { FileLookup } from '../../src/lookup.ts'
import { BoundedMap } from '../store/bounded-map.ts'
import { expectText } from '../store/given.ts'
import { readOptions } from './rules.ts'
import { search, targetOf } from './search.ts'
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
    return (request, ...context) => {
      const target = targetOf(request, rules)
      if (target === null) return null
      const visit = { rules, tree: whole, isWithin: false, isStandIn: false, request, context }
      return search(visit, target)
    }
  }
  const folders = new BoundedMap<string, FileTree>(MAX_FOLDERS)
  return async (request, ...context) => {
    const target = targetOf(request, rules)
    if (target === null) return null
    const folder: unknown = await within(request, ...context)
    if (folder !== false) expectText('within', folder)
    // An id from elsewhere must not lead out of its folder.
    if (!isName(folder)) return null
    const tree = folders.get(folder) ?? folderOf(whole, folder)
    folders.set(folder, tree)
    return search({ rules, tree, isWithin: true, isStandIn: false, request, context }, target)
  }
}

/** How many folders of `within` are remembered, so that each is one tree for all requests. */
const MAX_FOLDERS = 1000
