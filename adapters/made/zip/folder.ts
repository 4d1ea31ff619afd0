import { closeSource } from '../../../src/reader.ts'
import type { FileSource, RequestLike } from '../../../src/source.ts'
import { contentDisposition } from '../../site/disposition.ts'
import type { Entry, FileTree } from '../../site/tree.ts'
import { askingFor } from '../request.ts'
import { Checksums } from './checksums.ts'
import { type ZipMember, type ZipOptions, zip } from './zip.ts'

/** Options of `zipFolder`. */
export interface ZipFolderOptions extends ZipOptions {
  /** How the archive is named when it is saved, such as `films.zip`; by default after the folder. */
  readonly filename?: string | undefined
  /** The most files and folders; 100 000 by default. */
  readonly maxMembers?: number | undefined
}

const MAX_MEMBERS = 100_000

/** The checksums of each tree's files, by their paths. */
const remembered = new WeakMap<FileTree, Checksums>()

/**
 * A folder of a site as a ZIP archive: all that the tree lists below it and opens, so that hidden
 * files and links are left out by the tree's own rules. Each file is opened once to learn its
 * version, and again when its bytes are needed.
 *
 * @param path of the folder, as for `tree.open`
 * @param request what the tree is asked with, as if for the HEAD of each file, without its Range and
 * conditions
 * @throws as `zip` does; TypeError, as a rejection, if the tree can't be listed; RangeError if there
 * are more than `maxMembers` files and folders
 *
 * Checksums are remembered for as long as the tree is, by the files' paths in it.
 *
 * @example
 * nodeDirectory('media', { download: zipFolder }) // `/films/?zip`
 */
export async function zipFolder(
  tree: FileTree,
  path: string,
  request: RequestLike,
  options: ZipFolderOptions = {},
): Promise<FileSource> {
  const name = path.split('/').findLast((segment) => segment !== '') ?? 'files'
  const { filename = `${name}.zip`, maxMembers = MAX_MEMBERS, headers, ...others } = options
  const checksums = remembered.get(tree) ?? new Checksums()
  remembered.set(tree, checksums)
  const fields = Object.fromEntries(new Headers(headers))
  fields['content-disposition'] ??= contentDisposition('attachment', filename)
  const members = below(tree, path.replace(/\/$/, ''), askingFor(request, 'HEAD', null))
  return zip(upTo(maxMembers, members), { checksums, ...others, headers: fields })
}

/** How many files are opened at the same time. */
const AT_ONCE = 16

/** What lies below a folder, by name, each folder before what is in it. */
async function* below(
  tree: FileTree,
  folder: string,
  request: RequestLike,
  prefix = '',
): AsyncGenerator<ZipMember> {
  const entries = await listed(tree, folder)
  const pathOf = ({ name }: Entry) => (folder === '' ? name : `${folder}/${name}`)
  const learn = async (entry: Entry): Promise<ZipMember | null> => {
    const { kind, lastModified } = entry
    const name = prefix + entry.name
    if (kind === 'directory') return { name: `${name}/`, lastModified }
    const id = pathOf(entry)
    const open = () => openFile(tree, id, request)
    const source = await open()
    if (source === null) return null
    void closeSource(source)
    const { size, etag } = source
    return { name, id, open, size, etag, lastModified: source.lastModified }
  }
  for (let i = 0; i < entries.length; i += AT_ONCE) {
    const group = entries.slice(i, i + AT_ONCE)
    const members = await Promise.all(group.map(learn))
    for (const [j, entry] of group.entries()) {
      const member = members[j] ?? null
      if (member === null) continue
      yield member
      if (entry.kind === 'directory') yield* below(tree, pathOf(entry), request, member.name)
    }
  }
}

async function listed(tree: FileTree, folder: string): Promise<Entry[]> {
  const list = tree.list?.(folder)
  if (list === undefined) throw new TypeError('Expected a tree that can be listed')
  const entries: Entry[] = []
  for await (const entry of list) entries.push(entry)
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
