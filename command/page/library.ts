import { mediaType } from '../../adapters/site/media-type.ts'
import type { Entry } from '../../adapters/site/tree.ts'
import { isTrack, type Track, Tracks } from './captions.ts'
import { fold } from './format.ts'
import { Selection } from './selection.ts'
import { type Episode, isCalledAlike, isSeason, readTitle, stemOf } from './titles.ts'

/** A file as the page shows it. */
export interface Item {
  readonly kind: Kind
  /** Where it lies below the root. */
  readonly path: string
  readonly name: string
  readonly title: string
  /** What it is shown under: a series and its season, an album, a folder; '' for none. */
  readonly group: string
  readonly episode: Episode | null
  /** Where its poster lies below the root. */
  readonly poster: string | null
  readonly tracks: readonly Track[]
  /** In bytes; null if the store did not tell. */
  readonly size: number | null
  readonly lastModified: Date | null
}

export type Kind = 'video' | 'audio' | 'picture' | 'other'

export const ORDERS = ['name', 'date', 'size'] as const

/** What of a folder is asked for. */
export interface Query {
  /** Below the root; '' for the root itself. */
  readonly folder: string
  /** Words that a path must have, in any order; '' for all. */
  readonly words: string
  readonly order: (typeof ORDERS)[number]
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
/** How many captions and posters are remembered to be matched with what is shown. */
const MAX_BESIDE = 20_000

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
  const media = new Selection(page * limits.media, ORDER[order])
  const pictures = new Selection(page * limits.pictures, ORDER[order])
  const others = new Selection(page * limits.others, ORDER[order])
  const counts = { video: 0, audio: 0, picture: 0, other: 0 }
  const beside = new Beside()
  const isWanted = finder(words)
  const queue = [query.folder]
  const top = new Set<string>()
  let names = 0

  // The loop also visits the folders that it adds as it goes.
  for (const folder of queue) {
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
    isCut: names > MAX_NAMES || pages > MAX_PAGES,
  }
}

/** 'other' for what no browser shows by itself. */
export function kindOf(name: string): Kind {
  const type = mediaType(name) ?? ''
  // MPEG transport streams need a script to play, and .ts is TypeScript's extension, too.
  if (type.startsWith('video/') && type !== 'video/mp2t') return 'video'
  if (type.startsWith('audio/') && !type.includes('mpegurl')) return 'audio'
  return /^image\/(?:jpeg|png|gif|webp|avif|svg\+xml|bmp)$/.test(type) ? 'picture' : 'other'
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

/** What the files of a folder are shown under. */
class Groups {
  readonly folder: string
  /** What the series is called if its files don't say. */
  readonly #series: string

  constructor(root: string, folder: string) {
    const segments = folder.split('/')
    const isOfSeason = isSeason(segments.at(-1) ?? '')
    this.folder = groupOf(root, folder)
    this.#series = segments.at(isOfSeason ? -2 : -1) ?? ''
  }

  season({ series, season }: Episode): string {
    const name = series || this.#series
    return name === '' ? `Season ${season}` : `${name}, season ${season}`
  }
}

/** A folder as a person reads it, from the one that is shown. */
function groupOf(root: string, folder: string): string {
  return folder.slice(root === '' ? 0 : root.length + 1).replaceAll('/', ' / ')
}

/**
 * A film that has a folder to itself, called as it is, is shown where the folder is. Whether it has
 * is known at the end of the folder: until then, its only film waits here.
 */
class Lonely {
  /** Whether no folder lies in it. */
  isLeaf = true
  #first: Item | null = null
  #count = 0
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  offer(item: Item, to: Selection<Item>): void {
    if (++this.#count === 1) {
      this.#first = item
      return
    }
    this.end(to)
    to.offer(item)
  }

  /** Whether the film is shown where the folder is. */
  end(to: Selection<Item>): boolean {
    const item = this.#first
    this.#first = null
    if (item === null) return false
    const folder = folderOf(item.path)
    const isAlone =
      this.#count === 1 &&
      item.episode === null &&
      folder !== this.#root &&
      isCalledAlike(nameOf(folder), item.name)
    to.offer(isAlone ? { ...item, group: groupOf(this.#root, folderOf(folder)) } : item)
    return isAlone
  }
}

const ART = /^(?:poster|cover|folder)\.(?:jpe?g|png|webp)$/i

/** Captions and posters, which are shown with the media that they belong to. */
class Beside {
  readonly #tracks = new Tracks()
  /** By the folder, or by the file's path without its extension. */
  readonly #posters = new Map<string, string>()
  #count = 0

  /** Whether it is no file to be shown by itself. */
  add(kind: Kind, folder: string, path: string, name: string): boolean {
    const isArt = kind === 'picture' && ART.test(name)
    const isSubtitle = isTrack(name)
    const isPoster = kind === 'picture' && /-poster\.\w+$/i.test(name)
    if (!isArt && !isSubtitle && !isPoster) return false
    if (++this.#count > MAX_BESIDE) return true
    if (isSubtitle) this.#tracks.add(path)
    else this.#posters.set(isArt ? `${folder}/` : path.replace(/-poster\.\w+$/i, ''), path)
    return true
  }

  complete(item: Item): Item {
    const folder = folderOf(item.path)
    const poster =
      this.#posters.get(stemOf(item.path)) ??
      this.#posters.get(`${folder}/`) ??
      (isSeason(nameOf(folder)) ? this.#posters.get(`${folderOf(folder)}/`) : undefined)
    return { ...item, poster: poster ?? null, tracks: this.#tracks.of(item.path) }
  }
}

/** Adds the extension where two of a group have the same title. */
function tellApart(items: readonly Item[]): Item[] {
  const seen = new Map<string, number>()
  const keyOf = ({ group, title, episode }: Item) => [group, title, episode?.number].join('\n')
  for (const item of items) seen.set(keyOf(item), (seen.get(keyOf(item)) ?? 0) + 1)
  return items.map((item) => {
    const extension = item.name.slice(stemOf(item.name).length)
    return seen.get(keyOf(item)) === 1 ? item : { ...item, title: item.title + extension }
  })
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

const collator = new Intl.Collator('en', { numeric: true })

const ORDER: Record<Query['order'], (a: Item, b: Item) => number> = {
  name: byName,
  date: (a, b) => {
    return (b.lastModified?.getTime() ?? 0) - (a.lastModified?.getTime() ?? 0) || byName(a, b)
  },
  size: (a, b) => (b.size ?? 0) - (a.size ?? 0) || byName(a, b),
}

/** By group; in it by episode, then by title, numbers by value; always in the same order. */
function byName(a: Item, b: Item): number {
  return (
    compareText(a.group, b.group) ||
    (a.episode?.number ?? 0) - (b.episode?.number ?? 0) ||
    compareText(a.title, b.title) ||
    compareText(a.name, b.name) ||
    (a.path < b.path ? -1 : 1)
  )
}

/** Collation is slow, and most groups are equal. */
function compareText(a: string, b: string): number {
  return a === b ? 0 : collator.compare(a, b)
}

export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`
}
