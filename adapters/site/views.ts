import type { FileTree } from './tree.ts'

/** How many folders' trees are kept, before all are forgotten. */
const MAX_FOLDERS = 100

/**
 * What is inside of each folder of a tree, as a tree: the same for the requests of a while, since
 * `download` may remember what it learns of a tree.
 */
export function foldersOf(tree: FileTree): (folder: string) => FileTree {
  const kept = new Map<string, FileTree>()
  return (folder) => {
    const inside = (path: string) => (path === '' ? folder : `${folder}/${path}`)
    const view = kept.get(folder) ?? viewOf(tree, inside)
    if (kept.size >= MAX_FOLDERS) kept.clear()
    kept.set(folder, view)
    return view
  }
}

/** A tree where a name is also found that is stored in another Unicode form. */
export function inOtherForms(tree: FileTree): FileTree {
  return {
    ...viewOf(tree),
    async open(path, request) {
      for (const form of new Set([path, path.normalize('NFC'), path.normalize('NFD')])) {
        const opened = await tree.open(form, request)
        if (opened) return opened
      }
      return null
    },
  }
}

/**
 * A tree that lists only what a URL can name and may find.
 *
 * @param isFound whether a segment may be found
 */
export function reachable(tree: FileTree, isFound: (name: string) => boolean): FileTree {
  const { list, ...others } = viewOf(tree)
  if (list === undefined) return others
  return {
    ...others,
    async *list(path) {
      for await (const entry of list(path)) {
        // No URL can name what `%2f`, `%5c` and `%00` would stand in, or what is not Unicode.
        if (isFound(entry.name) && /^[^/\\\0\p{Cs}\ufffd]+$/u.test(entry.name)) yield entry
      }
    },
  }
}

/** A copy, at other paths. `...` would lose the methods of an object of a class. */
function viewOf(tree: FileTree, at: (path: string) => string = (path) => path): FileTree {
  const list = tree.list?.bind(tree)
  return {
    isFlat: tree.isFlat,
    open: (path, request) => tree.open(at(path), request),
    list: list && ((path) => list(at(path))),
  }
}
