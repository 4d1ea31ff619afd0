import { expectFunction, expectOptions } from '../../../src/errors.ts'
import { expectHeaders } from '../../../src/headers.ts'
import { closeSource } from '../../../src/reader.ts'
import { hangUpSignal } from '../../../src/runtime.ts'
import type { FileSource, RequestLike } from '../../../src/source.ts'
import { contentDisposition } from '../../site/disposition.ts'
import { overlay } from '../../site/overlay.ts'
import { sortEntries } from '../../site/sorting.ts'
import type { Entry, FileTree, TreeFile } from '../../site/tree.ts'
import { originOf } from '../../site/views.ts'
import { atOnce, othersTurn, RUN_LENGTH } from '../../store/at-once.ts'
import { awaited } from '../flights.ts'
import { ownSignals } from '../own-signals.ts'
import { askingFor, copyOf } from '../request.ts'
import { Checksums } from './checksums.ts'
import { KnownTree } from './known-tree.ts'
import { archiveOf, planOf, toPlanned, type ZipMember, type ZipOptions } from './zip.ts'

/** Options of `zipFolder`. */
export interface ZipFolderOptions extends ZipOptions {
  /**
   * How the archive is named when it is saved, such as `films.zip`; by default after the folder.
   */
  readonly filename?: string | undefined
  /** The most files and folders; 100 000 by default. */
  readonly maxMembers?: number | undefined
  /**
   * Told of what may not be read (EACCES, EPERM, on Windows also EBUSY), which is then left out:
   * folders below this one, and files. Without it, there is no archive: it would lack something, and
   * nobody would know.
   *
   * @param path as for `tree.open`
   */
  readonly onLeftOut?: ((path: string, error: unknown) => void) | undefined
}

const MAX_MEMBERS = 100_000

/** What was learned of each tree: one may hide what another one of its store finds. */
const trees = new WeakMap<FileTree, KnownTree>()

/** The checksums of each store: a tree of it may be made anew for each request. */
const stores = new WeakMap<object, Checksums>()

/**
 * A folder of a site as a ZIP archive: all that the tree lists below it and opens, so that hidden
 * files and links are left out by the tree's own rules; links to folders are left out, too.
 *
 * The folder is looked through for each archive, but once for all who ask for it at the same time,
 * and no longer than one of them waits. A file that is listed without its version is opened to
 * learn it. For as long as the tree is there, such versions are remembered while size and date are
 * listed as they were; and for as long as its store is, checksums for each version.
 *
 * What can't be listed or opened fails the archive before its first byte; see `onLeftOut` for what
 * may not be. A file that is listed with its version is first opened for its bytes: if that fails,
 * the body breaks off, and the next archive opens it before its first byte.
 *
 * @param path of the folder, as for `tree.open`
 * @param request what the tree is asked with, as if for the HEAD of each file, without its Range
 * and conditions
 * @throws as `zip` does; TypeError, as a rejection, if the tree can't be listed; RangeError if
 * there are more than `maxMembers` files and folders; the reason of the request's signal, once it
 * is aborted
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
  expectOptions(options)
  const name = path.split('/').findLast((segment) => segment !== '') ?? 'files'
  const { filename = `${name}.zip`, headers, onLeftOut, ...others } = options
  const { maxMembers = MAX_MEMBERS } = options
  expectHeaders(headers)
  expectFunction('onLeftOut(path, error)', onLeftOut)
  const folder = path.replace(/\/$/, '')
  const [store, start] = originOf(tree, '')
  const checksums = stores.get(store) ?? new Checksums()
  stores.set(store, checksums)
  const known = trees.get(tree) ?? new KnownTree()
  trees.set(tree, known)
  // The archive keeps it for as long as its body.
  const kept = copyOf(request)
  const open = (id: string, signal?: AbortSignal) =>
    openFile(tree, id.slice(start.length), askingFor(kept, 'HEAD', null, signal))
  const isPartial = onLeftOut !== undefined
  const key = JSON.stringify([folder, maxMembers, isPartial])
  const share = known.plans.forRequest().join(key, async (signal) => {
    const withSignal = ownSignals(signal)
    const openAtOnce = (id: string) => withSignal((own) => open(id, own))
    const opening = { tree, start, open: openAtOnce, known, signal }
    const leftOut = isPartial ? new Map<string, unknown>() : null
    const walk = { ...opening, maxMembers, leftOut, count: 0 }
    return { ...(await planOf(folderMembers(walk, folder), toPlanned)), leftOut }
  })
  const { leftOut, ...shared } = await awaited(share, hangUpSignal(request))
  for (const [what, error] of leftOut ?? []) onLeftOut?.(what, error)
  // Each request opens for itself: by its Authorization, one may open a file and another may not.
  const entries = shared.entries.map((entry) => ({
    ...entry,
    open: async () => {
      const file = await open(entry.id).catch((error: unknown) => {
        known.forget(entry.id)
        throw error
      })
      return known.recognise(entry, file)
    },
  }))
  const saved = { 'content-disposition': contentDisposition('attachment', filename) }
  return archiveOf(
    { ...shared, entries },
    { checksums, ...others, headers: overlay(saved, headers) },
  )
}

/** A look through a folder, for all who wait for it. */
interface Walk {
  readonly tree: FileTree
  /** What the names of its files in its store begin with. */
  readonly start: string
  readonly open: (id: string) => Promise<TreeFile | null>
  readonly known: KnownTree
  readonly maxMembers: number
  /** What may not be read, and why; null where nothing may be left out. */
  readonly leftOut: Map<string, unknown> | null
  readonly signal: AbortSignal
  /** Of members, so far. */
  count: number
}

/** What lies below a folder, by name, each folder before what is in it. */
async function* folderMembers(walk: Walk, folder: string): AsyncGenerator<ZipMember> {
  yield* below(walk, folder, '', await entriesOf(walk, folder))
}

async function* below(
  walk: Walk,
  folder: string,
  prefix: string,
  entries: Iterable<Entry>,
): AsyncGenerator<ZipMember> {
  const pathOf = ({ name }: Entry) => (folder === '' ? name : `${folder}/${name}`)
  const learn = async (entry: Entry): Promise<[Entry, ZipMember | null]> => {
    walk.signal.throwIfAborted()
    const { name, kind, lastModified } = entry
    if (kind === 'directory') return [entry, { name: `${prefix}${name}/`, lastModified }]
    const path = pathOf(entry)
    const file = learnFile(walk, walk.start + path, prefix + name, entry)
    return [entry, await unlessForbidden(walk, path, file)]
  }
  for await (const [entry, member] of atOnce(entries, learn)) {
    if (member === null) continue
    const path = pathOf(entry)
    const isFolder = entry.kind === 'directory'
    const within = isFolder ? await unlessForbidden(walk, path, entriesOf(walk, path)) : []
    if (within === null) continue
    expectFew(++walk.count, walk)
    if (walk.count % RUN_LENGTH === 0) await othersTurn()
    yield member
    if (isFolder) yield* below(walk, path, member.name, within)
  }
}

/** What is learned of something; null if it may not be read, and is left out. */
async function unlessForbidden<Value>(
  { leftOut }: Walk,
  path: string,
  learning: Promise<Value>,
): Promise<Value | null> {
  try {
    return await learning
  } catch (error) {
    if (leftOut === null || !/^(?:EACCES|EPERM|EBUSY)$/.test(Object(error).code)) throw error
    leftOut.set(path, error)
    return null
  }
}

async function learnFile(
  walk: Walk,
  id: string,
  name: string,
  entry: Entry,
): Promise<ZipMember | null> {
  const version = walk.known.find(id, entry) ?? (await openToLearn(walk, id, entry))
  return version && { name, id, ...version }
}

async function openToLearn({ known, open }: Walk, id: string, entry: Entry) {
  const file = await open(id)
  void closeSource(file)
  return file && known.remember(id, entry, file)
}

async function entriesOf(walk: Walk, folder: string): Promise<Iterable<Entry>> {
  const list = walk.tree.list?.(folder, 0, walk.signal)
  if (list === undefined) throw new TypeError('Expected a tree that can be listed')
  const entries: Entry[] = []
  for await (const entry of list) {
    walk.signal.throwIfAborted()
    // A link to a folder above would have no end.
    if (entry.kind === 'directory' && entry.isLink) continue
    entries.push(entry)
    expectFew(entries.length, walk)
  }
  return sortEntries(entries, (a, b) => (a.name < b.name ? -1 : 1))
}

/** @throws RangeError if there are too many files and folders */
function expectFew(count: number, { maxMembers }: Walk): void {
  if (count <= maxMembers) return
  throw new RangeError(`Expected up to ${maxMembers} files and folders, found more`)
}

async function openFile(
  tree: FileTree,
  path: string,
  request: RequestLike,
): Promise<TreeFile | null> {
  const opened = await tree.open(path, request)
  return opened === 'directory' ? null : opened
}
