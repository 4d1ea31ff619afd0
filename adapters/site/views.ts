import { type FileTree, join } from './tree.ts'
import { isNameable } from './url-path.ts'

/** What names a file for as long as its store is there. */
type Origin = readonly [store: object, name: string]

/** The store behind a tree that may be made for each request, and the prefix of its names there. */
const origins = new WeakMap<FileTree, Origin>()

/**
 * A tree that may be made anew for each request, of a store that lasts.
 *
 * @param origin the store, and the prefix of the tree's names there
 */
export function ofStore<Tree extends FileTree>(tree: Tree, ...origin: Origin): Tree {
  origins.set(tree, origin)
  return tree
}

/** The store of the file at a path of a tree, and its name there. */
export function originOf(tree: FileTree, path: string): Origin {
  const [store, start] = origins.get(tree) ?? [tree, '']
  return [store, start + path]
}

/** A tree where names are also found that are stored in another Unicode form. */
export function inOtherForms(tree: FileTree): FileTree {
  const view = folderOf(tree)
  const { open, list } = view
  view.open = async (path, request, depth) => {
    for (const form of formsOf(path)) {
      const opened = await open(form, request, depth)
      if (opened) return opened
    }
    return null
  }
  view.list =
    list &&
    async function* (path, depth, signal) {
      for (const form of formsOf(path)) {
        let isThere = false
        for await (const entry of list(form, depth, signal)) {
          isThere = true
          yield entry
        }
        if (isThere) return
      }
    }
  return view
}

/** How many names of a path, counted from its end, are tried in both forms each. */
const MIXED_NAMES = 3

/** The forms in which a path may be stored: as it is, or in one form, or name by name. */
function formsOf(path: string): Set<string> {
  const whole = new Set([path, ...bothForms(path)])
  if (whole.size === 1) return whole
  const most = 2 ** MIXED_NAMES
  const names = path.split('/')
  let mixed = ['']
  while (mixed.length < most && names.length > 0) {
    const name = names.pop() ?? ''
    const ends = mixed
    mixed = [...new Set([name, ...bothForms(name)])].flatMap((form) =>
      ends.map((end) => join(form, end)),
    )
  }
  // A path may have thousands of names: what is above is as it was asked for.
  const above = names.join('/')
  return new Set([...whole, ...mixed.slice(0, most).map((end) => join(above, end))])
}

/** NFC, as most systems write names, and NFD, as macOS does. */
function bothForms(text: string): string[] {
  return [text.normalize('NFC'), text.normalize('NFD')]
}

/**
 * A tree that lists only what a URL can name and may find.
 *
 * @param isFound whether a segment may be found
 */
export function reachable(tree: FileTree, isFound: (name: string) => boolean): FileTree {
  const view = folderOf(tree)
  const { list } = view
  view.list =
    list &&
    async function* (path, depth, signal) {
      for await (const entry of list(path, depth, signal)) {
        if (isFound(entry.name) && isNameable(entry.name)) yield entry
      }
    }
  return view
}

/** A copy, of which a part may be replaced. */
export type TreeCopy = { -readonly [Name in keyof FileTree]: FileTree[Name] }

/** A folder of a tree, as a tree: a copy, for `...` would lose the methods of an object of a class. */
export function folderOf(tree: FileTree, folder = ''): TreeCopy {
  const list = tree.list?.bind(tree)
  const own = folder === '' ? 0 : 1
  const view: TreeCopy = {
    isFlat: tree.isFlat,
    open: (path, request, depth = 0) => tree.open(join(folder, path), request, own + depth),
    list: list && ((path, depth = 0, signal) => list(join(folder, path), own + depth, signal)),
  }
  return ofStore(view, ...originOf(tree, folder && `${folder}/`))
}
