import { opendir, realpath, stat } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { isBelow } from '../adapters/local/place.ts'
import { toRelativePath } from '../adapters/site/url-path.ts'

/** A file that a directory lookup finds. */
export interface ListedFile {
  /** Its folder below the root, without slashes around it; '' is the root. */
  readonly folder: string
  readonly name: string
  /** Its folder and name: where it lies below the root. */
  readonly path: string
  /** In bytes. */
  readonly size: number
  /** Its URL, relative to the root's. */
  readonly href: string
}

export interface Listing {
  /** By folder, then by name; numbers in them by value. */
  readonly files: readonly ListedFile[]
  /** Whether there are more files than one page can show. */
  readonly isCut: boolean
}

const MAX_FILES = 2000
/** How many names, of files, folders and anything else, are looked at before giving up. */
const MAX_NAMES = 20_000

/**
 * The files below a directory as they are now; if there are too many, those nearest to the root.
 * Hidden files, unreadable ones and those that the lookup would not serve are left out. Linked
 * folders are not entered: what they hold below the root is listed where it lies.
 *
 * @throws the operating system's error for the root itself, as a rejection
 */
export async function listFiles(root: string, most: number = MAX_FILES): Promise<Listing> {
  const realRoot = await realpath(root)
  const files: ListedFile[] = []
  const folders = ['']
  let names = 0
  let isCut = false
  // The loop also visits the folders that it adds as it goes.
  for (const folder of folders) {
    try {
      for await (const entry of await opendir(join(root, folder))) {
        isCut = ++names > MAX_NAMES
        if (isCut) break
        const path = folder === '' ? entry.name : `${folder}/${entry.name}`
        const href = path.split('/').map(encodeURIComponent).join('/')
        if (entry.name.startsWith('.') || toRelativePath(`/${href}`) === null) continue
        if (entry.isDirectory()) folders.push(path)
        const size = entry.isDirectory() ? null : await sizeOf(join(root, path), realRoot)
        if (size === null) continue
        isCut = files.length === most
        if (isCut) break
        files.push({ folder, name: entry.name, path, size, href })
      }
    } catch (error) {
      if (folder === '') throw error
    }
    if (isCut) break
  }
  return { files: files.sort(compareFiles), isCut }
}

/** A file's size; null if it is not a file, leads out of the root, or can't be looked at. */
async function sizeOf(path: string, realRoot: string): Promise<number | null> {
  try {
    if (!isBelow(await realpath(path, 'buffer'), Buffer.from(realRoot))) return null
    const found = await stat(path)
    return found.isFile() ? found.size : null
  } catch {
    return null
  }
}

const collator = new Intl.Collator('en', { numeric: true })

function compareFiles(a: ListedFile, b: ListedFile): number {
  return (
    collator.compare(a.folder, b.folder) ||
    // film.mp4 before film-2.mp4
    collator.compare(parse(a.name).name, parse(b.name).name) ||
    collator.compare(a.name, b.name) ||
    (a.href < b.href ? -1 : 1)
  )
}
