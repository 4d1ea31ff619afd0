import type { FileTree } from './tree.ts'
import { isNameable } from './url-path.ts'

/** Which folder of which tree a tree is. */
const folders = new WeakMap<FileTree, Place>()

/** A path of a tree. */
export interface Place {
  readonly tree: FileTree
  readonly path: string
}

/** What is inside of one folder of a tree, as a tree. */
export function folderOf(tree: FileTree, folder: string): FileTree {
  const view = viewOf(tree, (path) => inside(folder, path))
  folders.set(view, { tree, path: folder })
  return view
}

/** Where a path is in the tree that lasts: one of a folder is made for each request. */
export function placeOf(tree: FileTree, path: string): Place {
  const folder = folders.get(tree)
  return folder === undefined ? { tree, path } : { ...folder, path: inside(folder.path, path) }
}

function inside(folder: string, path: string): string {
  return path === '' ? folder : `${folder}/${path}`
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
        if (isFound(entry.name) && isNameable(entry.name)) yield entry
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
