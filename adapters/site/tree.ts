import type { FileSource, RequestLike } from '../../src/source.ts'

/** What is found under a name in a directory. */
export interface Entry {
  /** One segment of a path: no slash in it. */
  readonly name: string
  /** What a link leads to, if it is one. */
  readonly kind: 'file' | 'directory'
  /** Whether it is a link, which may lead to a directory above. */
  readonly isLink?: boolean | undefined
  /** In bytes, of a file. */
  readonly size?: number | undefined
  /** When it was changed last. */
  readonly lastModified?: Date | undefined
  /**
   * Names the version of a file, in quotes as a strong entity tag does; anything else is ignored.
   * It is for `zipFolder`, which then opens no file before its bytes are needed. What `open` gives
   * must have the same as its `version` or as its `etag`: otherwise the archive breaks off. Left
   * out where a look at a file can't tell.
   */
  readonly version?: string | undefined
}

/**
 * A store of files by path: what a site is made of.
 *
 * @example
 * ```ts
 * const texts = new Map([['hello.txt', new TextEncoder().encode('hello, world')]])
 * const tree: FileTree = {
 *   open(path) {
 *     const bytes = texts.get(path)
 *     if (bytes === undefined) return null
 *     return { size: bytes.length, read: (start, end) => bytes.subarray(start, end) }
 *   },
 * }
 * fileHandler(site(tree, { type: mediaType }))
 * ```
 */
export interface FileTree {
  /**
   * The file at a path, or what else is there.
   *
   * @param path decoded and relative: no leading slash, no dot or empty segment, and no hidden one
   * but `.well-known`, unless the site has `dotfiles: true`; `''` is the root
   * @param request for stores that answer it in one round trip
   * @param depth how many segments at the front name a folder that no link may lead out of, as that
   * of `within`; 0 by default. A store without links need not know it
   * @returns null if nothing is there
   */
  open(path: string, request: RequestLike, depth?: number): Opened | Promise<Opened>
  /**
   * What is in a directory, in any order; nothing that `open` would not find, and nothing where no
   * directory is. Leave it out where that can't be asked.
   *
   * @param path as for `open`
   * @param depth as for `open`
   * @param signal aborted when nobody waits for it any more, for stores that are far away
   */
  readonly list?:
    | ((path: string, depth?: number, signal?: AbortSignal) => AsyncIterable<Entry>)
    | undefined
  /**
   * Whether it knows keys only, as an object store does: a folder is whatever keys begin with, and
   * `open` need not say `directory`. False by default.
   */
  readonly isFlat?: boolean | undefined
}

/** What is at a path of a tree. */
export type Opened = TreeFile | 'directory' | null

/** A file of a tree. Its `version` is how a listing names it, if that is not its `etag`. */
export interface TreeFile extends FileSource, Pick<Entry, 'version'> {
  /**
   * Whether it is being written: of one without an `etag` and a `lastModified`, no option of a site
   * replaces the `no-store`, then. False by default.
   */
  readonly isLive?: boolean | undefined
}

export function isFile(opened: Opened | undefined): opened is TreeFile {
  return typeof opened === 'object' && opened !== null
}

/** Whether a listing of another store may name an entry so: a URL resolves dots. */
export function isEntryName(name: string): boolean {
  return !/^\.{0,2}$|\//.test(name)
}

/** A path below a folder; the root is `''`. */
export function join(folder: string, path: string): string {
  return folder === '' || path === '' ? folder + path : `${folder}/${path}`
}
