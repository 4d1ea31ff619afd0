import type { Entry } from '../../adapters/site/tree.ts'
import { Beside } from './beside.ts'
import { fold } from './format.ts'
import { Groups, Lonely, tellApart } from './groups.ts'
import { type Item, type Kind, kindOf } from './item.ts'
import { COMPARE, collator, type Order } from './order.ts'
import { folderOf, join, nameOf } from './paths.ts'
import { Selection } from './selection.ts'
import { readTitle } from './titles.ts'

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
  /** The names of the folders in it. */
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

/** How many of each are on a page: some 100 kB. */
const ON_A_PAGE: Limits = { media: 250, pictures: 60, others: 100 }

type Limits = Readonly<Record<'media' | 'pictures' | 'others', number>>

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
  const { page, words, order } = query
  const media = new Selection(page * limits.media, COMPARE[order])
  const pictures = new Selection(page * limits.pictures, COMPARE[order])
  const others = new Selection(page * limits.others, COMPARE[order])
  const counts = { video: 0, audio: 0, picture: 0, other: 0 }
  const beside = new Beside()
  const isWanted = finder(words)
  const queue = [query.folder]
  const top = new Set<string>()
  let names = 0
  const { maxFolders = Infinity } = shelf
  let looked = 0

  // The loop also visits the folders that it adds as it goes.
  for (const folder of queue) {
    if (++looked > maxFolders) break
    const alone = new Lonely(query.folder)
    const groups = new Groups(query.folder, folder)
    try {
      for await (const entries of shelf.list(folder)) {
        for (const entry of entries) {
          const path = join(folder, entry.name)
          if (entry.kind === 'directory') {
            queue.push(path)
            alone.isLeaf = false
            if (folder === query.folder) top.add(entry.name)
            continue
          }
          const kind = kindOf(entry.name)
          if (beside.add(kind, folder, path, entry.name) || !isWanted(path)) continue
          counts[kind]++
          if (kind === 'other' && folder !== query.folder && words === '') continue
          const item = toItem(kind, groups, path, entry)
          const known = order === 'name' ? item : await described(item)
          if (kind === 'picture') pictures.offer(known)
          else if (kind === 'other') others.offer(known)
          else alone.offer(known, media)
        }
        names += entries.length
        if (names > MAX_NAMES) break
      }
    } catch (error) {
      if (folder === query.folder) throw error
    }
    // Its film is all that there is to see in it.
    if (alone.end(media) && alone.isLeaf && folderOf(folder) === query.folder)
      top.delete(nameOf(folder))
    if (names > MAX_NAMES) break
  }

  function described(item: Item): Item | Promise<Item> {
    if (item.size !== null) return item
    return shelf.describe(item.path).then((known) => ({
      ...item,
      size: known?.size ?? null,
      lastModified: known?.lastModified ?? null,
    }))
  }

  async function shown(selection: Selection<Item>, many: number): Promise<Item[]> {
    const items: Item[] = []
    for (const item of selection.kept().slice((page - 1) * many, page * many)) {
      items.push(await described(item))
    }
    return items
  }

  const pages = Math.max(
    1,
    Math.ceil(media.count / limits.media),
    Math.ceil(pictures.count / limits.pictures),
    Math.ceil(others.count / limits.others),
  )
  return {
    query,
    folders: page === 1 && words === '' ? [...top].sort(collator.compare) : [],
    media: tellApart((await shown(media, limits.media)).map((item) => beside.complete(item))),
    pictures: await shown(pictures, limits.pictures),
    others: await shown(others, limits.others),
    counts,
    pages: Math.min(pages, MAX_PAGES),
    isCut: names > MAX_NAMES || looked > maxFolders || pages > MAX_PAGES,
  }
}

function toItem(kind: Kind, groups: Groups, path: string, entry: Entry): Item {
  const { name, size, lastModified } = entry
  const { text, episode = null } = kind === 'other' ? { text: name } : readTitle(name)
  return {
    kind,
    path,
    name,
    title: text,
    group: episode === null ? groups.folder : groups.season(episode),
    episode,
    poster: null,
    tracks: [],
    size: size ?? null,
    lastModified: lastModified ?? null,
  }
}

function finder(words: string): (path: string) => boolean {
  const wanted = fold(words)
    .split(/\s+/)
    .filter((word) => word !== '')
  if (wanted.length === 0) return () => true
  return (path) => {
    const text = fold(path)
    return wanted.every((word) => text.includes(word))
  }
}
