import type { Dir } from 'node:fs'
import { opendir } from 'node:fs/promises'
import type { Calls } from '../adapters/local/calls.ts'
import { type DenoEntry, deno } from '../adapters/local/permission.ts'
import type { RootDirectory } from '../adapters/local/root-directory.ts'
import { devices } from '../adapters/local/shared.ts'
import { type FileStat, isRegular, lastModified } from '../adapters/local/version.ts'
import type { Entry } from '../adapters/site/tree.ts'
import { isName } from '../adapters/site/url-path.ts'

/** How many entries are handled in one go: other requests wait for less than a millisecond. */
const BATCH = 512

/**
 * What is in a folder, in any order and some hundreds at a time, by name and kind only: to look at
 * each of a hundred thousand files takes seconds, to list them a tenth of one. Hidden files and
 * those that the lookup would not serve are left out, and so are linked folders: what they hold
 * below the root is listed where it lies.
 *
 * @throws Error, as a rejection, if it is no folder, or may not be served
 */
export async function* listFolder(
  root: RootDirectory,
  path: string,
): AsyncGenerator<readonly Entry[]> {
  const at = root.prefix + path
  const found = await devices.locate(at)
  if (found === null) throw new Error(`Expected a folder, found nothing at ${at}`)
  // On this thread, where that waits for nothing: some calls for each folder, not for each file.
  const folder = await root.enter(at, devices.callsAt(at, found))
  if (folder === null) throw new Error(`Expected a folder that may be served, got ${at}`)
  const inTurn = <T>(call: () => Promise<T>) => devices.run(at, found.stat.dev, call)
  try {
    const directory = await inTurn(() => openFolder(folder.path))
    try {
      for (let isOver = false; !isOver; ) {
        const { entries, links, isLast } = await inTurn(() => directory.read())
        for (const name of links) {
          const calls = await devices.callsBehind(`${at}/${name}`).catch(() => null)
          const target = calls && (await follow(root, `${folder.path}/${name}`, calls))
          if (target !== null) entries.push({ name, kind: 'file' })
        }
        yield entries
        isOver = isLast
      }
    } finally {
      await inTurn(() => directory.close())
    }
  } finally {
    await folder.leave()
  }
}

/** A folder whose entries are read some hundreds at a time. */
interface Folder {
  read(): Promise<Batch>
  close(): Promise<unknown>
}

async function openFolder(path: string): Promise<Folder> {
  if (deno) {
    // Deno's own way takes half the time that its `node:fs` takes.
    const entries = deno.readDir(path)[Symbol.asyncIterator]()
    return { read: () => nextBatch(entries), close: async () => entries.return?.() }
  }
  const directory = await opendir(path, { bufferSize: BATCH })
  return { read: () => readBatch(directory), close: () => directory.close() }
}

/** What was read in one go. */
class Batch {
  readonly entries: Entry[] = []
  /** The names of what may lead anywhere. */
  readonly links: string[] = []
  isLast = false
  #count = 0

  get isFull(): boolean {
    return this.#count === BATCH
  }

  add({ name, isFile, isDirectory, isSymlink }: DenoEntry): void {
    this.#count++
    if (!isName(name)) return
    if (isFile) this.entries.push({ name, kind: 'file' })
    else if (isDirectory) this.entries.push({ name, kind: 'directory' })
    else if (isSymlink) this.links.push(name)
  }
}

/** By callbacks: a promise for each entry would take three times as long. */
function readBatch(directory: Dir): Promise<Batch> {
  const batch = new Batch()
  return new Promise((resolve, reject) => {
    const next = () => {
      directory.read((error, entry) => {
        if (error) return reject(error)
        batch.isLast = entry === null
        if (entry !== null) {
          batch.add({
            name: entry.name,
            isFile: entry.isFile(),
            isDirectory: entry.isDirectory(),
            isSymlink: entry.isSymbolicLink(),
          })
        }
        if (batch.isLast || batch.isFull) resolve(batch)
        else next()
      })
    }
    next()
  })
}

async function nextBatch(entries: AsyncIterator<DenoEntry>): Promise<Batch> {
  const batch = new Batch()
  while (!batch.isLast && !batch.isFull) {
    const { value, done } = await entries.next()
    if (done) batch.isLast = true
    else batch.add(value)
  }
  return batch
}

/** What listing a file did not tell of it; null if it is gone, or may not be served. */
export async function describeFile(
  root: RootDirectory,
  path: string,
): Promise<Pick<Entry, 'size' | 'lastModified'> | null> {
  const at = root.prefix + path
  const found = await devices.locate(at).catch(() => null)
  if (found === null) return null
  // On this thread, where that waits for nothing: an order by size asks this of every file.
  const file = await follow(root, at, devices.callsAt(at, found))
  return file && { size: file.size, lastModified: lastModified(file) }
}

/** The file that a path leads to; null if there is none that may be served. */
async function follow(root: RootDirectory, path: string, calls: Calls): Promise<FileStat | null> {
  try {
    const found = await root.follow(path, calls)
    return found !== null && isRegular(found) ? found : null
  } catch {
    return null
  }
}
