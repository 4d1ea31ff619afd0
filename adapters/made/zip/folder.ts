import { closeSource } from '../../../src/reader.ts'
import type { FileSource, RequestLike } from '../../../src/source.ts'
import { contentDisposition } from '../../site/disposition.ts'
import type { Entry, FileTree } from '../../site/tree.ts'
import { askingFor } from '../request.ts'
import { KnownFiles } from './known-files.ts'
import { type ZipMember, type ZipOptions, zip } from './zip.ts'

/** Options of `zipFolder`. */
export interface ZipFolderOptions extends ZipOptions {
  /** How the archive is named when it is saved, such as `films.zip`; by default after the folder. */
  readonly filename?: string | undefined
  /** The most files and folders; 100 000 by default. */
  readonly maxMembers?: number | undefined
}

const MAX_MEMBERS = 100_000

/** What was learned of each tree. */
const trees = new WeakMap<FileTree, KnownFiles>()

/**
 * A folder of a site as a ZIP archive: all that the tree lists below it and opens, so that hidden
 * files and links are left out by the tree's own rules; links to folders are left out, too. Each file is opened once to learn its
 * version, and again when its bytes are needed. For as long as the tree is there, versions are
 * remembered while size and date are listed as they were, and checksums for each version.
 *
 * @param path of the folder, as for `tree.open`
 * @param request what the tree is asked with, as if for the HEAD of each file, without its Range and
 * conditions
 * @throws as `zip` does; TypeError, as a rejection, if the tree can't be listed; RangeError if there
 * are more than `maxMembers` files and folders
 *
 * @example
 * ```ts
 * nodeDirectory('media', { download: zipFolder }) // answers `/films/?zip`
 * ```
 */
export async function zipFolder(
  tree: FileTree,
  path: string,
  request: RequestLike,
  options: ZipFolderOptions = {},
): Promise<FileSource> {
  const name = path.split('/').findLast((segment) => segment !== '') ?? 'files'
  const { filename = `${name}.zip`, maxMembers = MAX_MEMBERS, headers, ...others } = options
  const known = trees.get(tree) ?? new KnownFiles()
  trees.set(tree, known)
  const fields = Object.fromEntries(new Headers(headers))
  fields['content-disposition'] ??= contentDisposition('attachment', filename)
  const open = (path: string) => openFile(tree, path, askingFor(request, 'HEAD', null))
  const members = below({ tree, open, known, maxMembers }, path.replace(/\/$/, ''))
  const { checksums } = known
  return zip(upTo(maxMembers, members), { checksums, ...others, headers: fields })
}

/** How many files are opened at the same time. */
const AT_ONCE = 16

/** Where the members of an archive come from. */
interface Store {
  readonly tree: FileTree
  readonly open: (path: string) => Promise<FileSource | null>
  readonly known: KnownFiles
  readonly maxMembers: number
}

/** What lies below a folder, by name, each folder before what is in it. */
async function* below(store: Store, folder: string, prefix = ''): AsyncGenerator<ZipMember> {
  const entries = await listed(store, folder)
  const pathOf = ({ name }: Entry) => (folder === '' ? name : `${folder}/${name}`)
  const learn = (entry: Entry) => {
    const { name, kind, lastModified } = entry
    if (kind === 'directory') return { name: `${prefix}${name}/`, lastModified }
    return learnFile(store, pathOf(entry), prefix + name, entry)
  }
  for (let i = 0; i < entries.length; i += AT_ONCE) {
    const group = entries.slice(i, i + AT_ONCE)
    const members = await Promise.all(group.map(learn))
    for (const [j, entry] of group.entries()) {
      const member = members[j] ?? null
      if (member === null) continue
      yield member
      if (entry.kind === 'directory') yield* below(store, pathOf(entry), member.name)
    }
  }
}

async function learnFile(
  { open, known }: Store,
  id: string,
  name: string,
  entry: Entry,
): Promise<ZipMember | null> {
  const version = known.find(id, entry) ?? (await open(id))
  if (version === null) return null
  if ('read' in version) {
    known.remember(id, entry, version)
    void closeSource(version)
  }
  const { size, etag, lastModified } = version
  const openAgain = async () => {
    const source = await open(id)
    if (source?.etag !== etag) known.forget(id)
    return source
  }
  return { name, id, open: openAgain, size, etag, lastModified }
}

async function listed({ tree, maxMembers }: Store, folder: string): Promise<Entry[]> {
  const list = tree.list?.(folder)
  if (list === undefined) throw new TypeError('Expected a tree that can be listed')
  const entries: Entry[] = []
  for await (const entry of upTo(maxMembers, list)) {
    // A link to a folder above would have no end.
    if (entry.kind === 'file' || !entry.isLink) entries.push(entry)
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function openFile(
  tree: FileTree,
  path: string,
  request: RequestLike,
): Promise<FileSource | null> {
  const opened = await tree.open(path, request)
  return opened === 'directory' ? null : opened
}

/** @throws RangeError, as a rejection, if there are more */
async function* upTo<T>(max: number, items: AsyncIterable<T>): AsyncGenerator<T> {
  let count = 0
  for await (const item of items) {
    count++
    if (count > max) throw new RangeError(`Expected up to ${max} files and folders, found more`)
    yield item
  }
}
