import { type Entry, join } from '../../adapters/site/tree.ts'
import { atOnce } from '../../adapters/store/at-once.ts'
import { fold } from './format.ts'
import { FilmFolder, Groups, tellApart } from './groups.ts'
import { type Item, type Kind, kindOf } from './item.ts'
import type { Library, Query, Shelf } from './library.ts'
import { COMPARE } from './order.ts'
import { parentOf } from './paths.ts'
import { Selection } from './selection.ts'
import { type Offered, Sidecars } from './sidecars.ts'
import { readTitle } from './titles.ts'

/** How many of each are on a page. */
export type Limits = Readonly<Record<'folders' | 'media' | 'pictures' | 'others', number>>

/** The folder that files are found in. */
export interface Place {
  readonly folder: string
  readonly groups: Groups
  readonly alone: FilmFolder
}

/** What is found: how many of each kind have the words, and those of them that a page shows. */
export class Finds {
  readonly counts: Record<Kind, number> = { video: 0, audio: 0, picture: 0, other: 0 }
  readonly #shelf: Shelf
  readonly #query: Query
  readonly #limits: Limits
  readonly #isWanted: (text: string) => boolean
  readonly #sidecars = new Sidecars()
  readonly #media: Selection<Item>
  readonly #pictures: Selection<Item>
  readonly #others: Selection<Item>

  constructor(shelf: Shelf, query: Query, limits: Limits) {
    const { page, order, words } = query
    this.#shelf = shelf
    this.#query = query
    this.#limits = limits
    this.#isWanted = finder(words)
    this.#media = new Selection(page * limits.media, COMPARE[order])
    this.#pictures = new Selection(page * limits.pictures, COMPARE[order])
    this.#others = new Selection(page * limits.others, COMPARE[order])
  }

  /** Takes a file; a promise only where it has to be asked for first what it is ordered by. */
  offer(entry: Entry, place: Place): undefined | Promise<void> {
    const found = { kind: kindOf(entry.name), path: join(place.folder, entry.name), entry }
    return this.#sidecars.take(found) ? undefined : this.#take(found, place)
  }

  /** Takes what turned out to belong to no other file, once all were offered. */
  async takeOrphans(): Promise<void> {
    const taken = atOnce(this.#sidecars.orphans(), (found) => this.#takeOrphan(found))
    for await (const _ of taken);
  }

  #takeOrphan(found: Offered): undefined | Promise<void> {
    const { folder: top } = this.#query
    const folder = parentOf(found.path)
    const place = { folder, groups: new Groups(top, folder), alone: new FilmFolder(top) }
    return this.#take(found, place)
  }

  #take(
    { kind, path, entry }: Offered,
    { folder, groups, alone }: Place,
  ): undefined | Promise<void> {
    const { order, words } = this.#query
    const hasPath = this.#isWanted(path)
    // The others are called as their paths are.
    if (!hasPath && kind === 'other') return
    const item = toItem(kind, groups, path, entry)
    // As it is called on the page, too: "The Wire, season 1", "Episode 2".
    if (!hasPath && !this.#isWanted(`${path} ${item.group} ${item.title}`)) return
    this.counts[kind]++
    if (kind === 'other' && folder !== this.#query.folder && words === '') return
    if (order !== 'name') return this.#described(item).then((known) => this.#keep(known, alone))
    this.#keep(item, alone)
  }

  /** Whether a folder is shown: of those that have the words, not those within one another. */
  isShown(folder: string): boolean {
    const { folder: top, words } = this.#query
    const parent = parentOf(folder)
    if (words === '') return parent === top
    return this.#isWanted(folder) && (parent === top || !this.#isWanted(parent))
  }

  /** Takes note that a folder is over; whether its only film is shown where the folder is. */
  leave({ alone }: Place): boolean {
    return alone.end(this.#media)
  }

  /** On how many pages all would be. */
  pages(): number {
    const { media, pictures, others } = this.#limits
    return Math.max(
      1,
      Math.ceil(this.#media.count / media),
      Math.ceil(this.#pictures.count / pictures),
      Math.ceil(this.#others.count / others),
    )
  }

  /** What is on the page that is asked for. */
  async shown(): Promise<Pick<Library, 'media' | 'pictures' | 'others'>> {
    const media = await this.#onPage(this.#media, this.#limits.media)
    return {
      media: tellApart(media.map((item) => this.#sidecars.complete(item))),
      pictures: await this.#onPage(this.#pictures, this.#limits.pictures),
      others: await this.#onPage(this.#others, this.#limits.others),
    }
  }

  #keep(item: Item, alone: FilmFolder): void {
    if (item.kind === 'picture') this.#pictures.offer(item)
    else if (item.kind === 'other') this.#others.offer(item)
    else alone.offer(item, this.#media)
  }

  async #onPage(selection: Selection<Item>, many: number): Promise<Item[]> {
    const { page } = this.#query
    const wanted = selection.kept().slice((page - 1) * many, page * many)
    const items: Item[] = []
    for await (const item of atOnce(wanted, (each) => this.#described(each))) items.push(item)
    return items
  }

  async #described(item: Item): Promise<Item> {
    if (item.size !== null) return item
    const known = await this.#shelf.describe(item.path)
    return { ...item, size: known?.size ?? null, lastModified: known?.lastModified ?? null }
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

function finder(words: string): (text: string) => boolean {
  const wanted = fold(words)
    .split(/\s+/)
    .filter((word) => word !== '')
  if (wanted.length === 0) return () => true
  return (text) => {
    const folded = fold(text)
    return wanted.every((word) => folded.includes(word))
  }
}
