import type { Dir } from 'node:fs'
import { opendir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isBelow } from '../adapters/local/names.ts'
import type { Entry } from '../adapters/site/tree.ts'
import { toRelativePath } from '../adapters/site/url-path.ts'

/** How many entries are handled in one go: other requests wait for less than a millisecond. */
const BATCH = 512

/**
 * What is in a folder below a directory, in any order and some hundreds at a time, by name and kind
 * only: to look at each of a hundred thousand files takes seconds, to list them a tenth of one.
 * Hidden files and those that the lookup would not serve are left out. Linked folders are not
 * entered: what they hold below the root is listed where it lies.
 *
 * @throws the operating system's error if it is no folder, as a rejection
 */
export async function* listFolder(root: string, path: string): AsyncGenerator<readonly Entry[]> {
  // Of any bytes: the names above the root need not be UTF-8.
  const realRoot = await realpath(root, 'buffer')
  const folder = join(root, path)
  const realFolder = await realpath(folder, 'buffer')
  if (!isBelow(realFolder, realRoot)) return
  const directory = await opendir(folder, { bufferSize: BATCH })
  try {
    for (let isOver = false; !isOver; ) {
      const { entries, links, isLast } = await readBatch(directory)
      for (const name of links) {
        if (await isFile(join(folder, name), realRoot)) entries.push({ name, kind: 'file' })
      }
      yield entries
      isOver = isLast
    }
  } finally {
    await directory.close()
  }
}

interface Batch {
  readonly entries: Entry[]
  /** The names of what may lead anywhere. */
  readonly links: string[]
  readonly isLast: boolean
}

/** By callbacks: a promise for each entry would take three times as long. */
function readBatch(directory: Dir): Promise<Batch> {
  const entries: Entry[] = []
  const links: string[] = []
  return new Promise((resolve, reject) => {
    let count = 0
    const next = () => {
      directory.read((error, entry) => {
        if (error) return reject(error)
        if (entry === null) return resolve({ entries, links, isLast: true })
        const { name } = entry
        if (isServed(name)) {
          if (entry.isFile()) entries.push({ name, kind: 'file' })
          else if (entry.isDirectory()) entries.push({ name, kind: 'directory' })
          else if (entry.isSymbolicLink()) links.push(name)
        }
        if (++count === BATCH) resolve({ entries, links, isLast: false })
        else next()
      })
    }
    next()
  })
}

/** Whether the lookup would serve a file of this name. Most names need no parser to tell. */
function isServed(name: string): boolean {
  return /^[\w (][\w ().,-]*$/.test(name) || toRelativePath(`/${encodeURIComponent(name)}`) !== null
}

/** Whether a link leads to a file below the root. */
async function isFile(path: string, realRoot: Buffer): Promise<boolean> {
  try {
    return isBelow(await realpath(path, 'buffer'), realRoot) && (await stat(path)).isFile()
  } catch {
    return false
  }
}

/** What listing a file below a directory did not tell of it; null if it is gone. */
export async function describeFile(
  root: string,
  path: string,
): Promise<Pick<Entry, 'size' | 'lastModified'> | null> {
  try {
    const { size, mtime } = await stat(join(root, path))
    return { size, lastModified: mtime }
  } catch {
    return null
  }
}
