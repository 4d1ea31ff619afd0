import { type FileTree, join } from './tree.ts'
import { isNameable } from './url-path.ts'

/** Of a view: the tree that it is a view of, and the folder. */
const folders = new WeakMap<FileTree, Place>()

/** A path of a tree. */
export interface Place {
  readonly tree: FileTree
  readonly path: string
}

/** What names a file for as long as its store is there. */
type Origin = readonly [store: object, name: string]

/** Of trees that are made of what lasts longer: their store, and what names in it begin with. */
const origins = new WeakMap<FileTree, Origin>()

/** A tree that may be made anew for each request, as one of a store that lasts. */
export function ofStore<Tree extends FileTree>(tree: Tree, ...origin: Origin): Tree {
  origins.set(tree, origin)
  return tree
}

/** Where the file at a path of a tree is from. */
export function originOf(tree: FileTree, path: string): Origin {
  const [store, start] = origins.get(tree) ?? [tree, '']
  return [store, start + path]
}

/** What is inside of one folder of a tree, as a tree. */
export function folderOf(tree: FileTree, folder: string): FileTree {
  const view = viewOf(tree, folder)
  folders.set(view, { tree, path: folder })
  return view
}

/** Where a path is in the tree that lasts: one of a folder is made for each request. */
export function placeOf(tree: FileTree, path: string): Place {
  const folder = folders.get(tree)
  return folder === undefined ? { tree, path } : { ...folder, path: join(folder.path, path) }
}

/** A tree where names are also found that are stored in another Unicode form. */
export function inOtherForms(tree: FileTree): FileTree {
  const view = viewOf(tree)
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
  let mixed = ['']
  for (const name of path.split('/')) {
    const forms = new Set([name, ...bothForms(name)])
    mixed = mixed.flatMap((folder) => Array.from(forms, (form) => join(folder, form)))
    mixed.length = Math.min(mixed.length, 2 ** MIXED_NAMES)
  }
  return new Set([path, ...bothForms(path), ...mixed])
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
  const view = viewOf(tree)
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

/** A copy that is being made. */
type View = { -readonly [Name in keyof FileTree]: FileTree[Name] }

/** A copy, of a folder if need be. `...` would lose the methods of an object of a class. */
function viewOf(tree: FileTree, folder = ''): View {
  const list = tree.list?.bind(tree)
  const own = folder === '' ? 0 : 1
  const view: View = {
    isFlat: tree.isFlat,
    open: (path, request, depth = 0) => tree.open(join(folder, path), request, own + depth),
    list: list && ((path, depth = 0, signal) => list(join(folder, path), own + depth, signal)),
  }
  return ofStore(view, ...originOf(tree, folder && `${folder}/`))
}
