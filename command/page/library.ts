import { type Entry, join } from '../../adapters/site/tree.ts'
import { AT_ONCE } from '../../adapters/store/at-once.ts'
import { Finds, type Limits, type Place } from './finds.ts'
import { FilmFolder, Groups } from './groups.ts'
import type { Item, Kind } from './item.ts'
import { collator, type Order } from './order.ts'

/** What of a folder is asked for. */
export interface Query {
  /** Below the root; '' for the root itself. */
  readonly folder: string
  /** Words that a path must have, in any order; '' for all. */
  readonly words: string
  readonly order: Order
  /** From 1. */
  readonly page: number
}

/** What there is to show of a folder and all that lies below it. */
export interface Library {
  readonly query: Query
  /** The paths of the folders in it; of all below it, when there are words to look for. */
  readonly folders: readonly string[]
  /** What is played, in order. */
  readonly media: readonly Item[]
  readonly pictures: readonly Item[]
  /** Of the folder itself; of those below it, when there are words to look for. */
  readonly others: readonly Item[]
  /** How many there are of each kind that have the words, whatever is shown of them. */
  readonly counts: Readonly<Record<Kind, number>>
  readonly pages: number
  /** Whether there is more than can be shown. */
  readonly isCut: boolean
}

/** The files below a root, by their paths. */
export interface Shelf {
  /** How many folders one page looks through, where each takes a while; all of them by default. */
  readonly maxFolders?: number
  /** What is in a folder, in any order, some at a time. */
  list(path: string): AsyncIterable<readonly Entry[]>
  /** What listing a file did not tell; null if it is gone. */
  describe(path: string): Promise<Pick<Entry, 'size' | 'lastModified'> | null>
}

/** Some 100 kB. */
const ON_A_PAGE: Limits = { folders: 100, media: 250, pictures: 60, others: 100 }
/** How many names are looked at: some seconds' work. */
const MAX_NAMES = 1_000_000
/** A page that is further back takes more memory to find. */
export const MAX_PAGES = 400

/**
 * Looks through a folder and all that lie below it, the nearest first. Only what one page shows is
 * kept, so that the number of files costs time and no memory. A folder that can't be listed is left
 * out.
 *
 * @throws what listing the asked folder throws, as a rejection
 */
export async function readLibrary(
  shelf: Shelf,
  query: Query,
  limits: Limits = ON_A_PAGE,
): Promise<Library> {
  const finds = new Finds(shelf, query, limits)
  const { folders, isCut } = await lookThrough(shelf, query.folder, finds)
  await finds.takeOrphans()
  const pages = Math.max(finds.pages(), Math.ceil(folders.length / limits.folders))
  const end = query.page * limits.folders
  return {
    query,
    folders: folders.toSorted(collator.compare).slice(end - limits.folders, end),
    ...(await finds.shown()),
    counts: finds.counts,
    pages: Math.min(pages, MAX_PAGES),
    isCut: isCut || pages > MAX_PAGES,
  }
}

/**
 * Offers all that there is. What comes of it is the folders to be shown, but for those whose only
 * film is shown without them; and whether there is more than was looked at.
 */
async function lookThrough(
  shelf: Shelf,
  top: string,
  finds: Finds,
): Promise<Pick<Library, 'folders' | 'isCut'>> {
  const { maxFolders = Infinity } = shelf
  const folders = new Set<string>()
  const queue = [top]
  let looked = 0
  let names = 0
  // The loop also visits the folders that it adds as it goes.
  for (const folder of queue) {
    if (++looked > maxFolders || names > MAX_NAMES) break
    const place: Place = { folder, groups: new Groups(top, folder), alone: new FilmFolder(top) }
    const waiting: Promise<void>[] = []
    try {
      for await (const entries of shelf.list(folder)) {
        for (const entry of entries) {
          if (entry.kind === 'file') {
            const taken = finds.offer(entry, place)
            if (taken === undefined) continue
            if (waiting.push(taken) === AT_ONCE) await Promise.all(waiting.splice(0))
            continue
          }
          const path = join(folder, entry.name)
          queue.push(path)
          place.alone.isLeaf = false
          if (finds.isShown(path)) folders.add(path)
        }
        names += entries.length
        if (names > MAX_NAMES) break
      }
    } catch (error) {
      if (folder === top) throw error
    }
    await Promise.all(waiting)
    const isShownAbove = finds.leave(place) && place.alone.isLeaf
    if (isShownAbove) folders.delete(folder)
  }
  return { folders: [...folders], isCut: names > MAX_NAMES || looked > maxFolders }
}
