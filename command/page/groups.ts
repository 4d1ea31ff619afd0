import { lastSegment } from '../../adapters/site/url-path.ts'
import type { Item } from './item.ts'
import { parentOf } from './paths.ts'
import type { Selection } from './selection.ts'
import { type Episode, isCalledAlike, isSeason, stemOf } from './titles.ts'

/** What the files of a folder are shown under. */
export class Groups {
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
 * A folder that may hold one film only, and be called as it is: the film is shown where the folder
 * is, then. Whether it is so is known at the end of the folder: until then, its first film waits.
 */
export class FilmFolder {
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
    const folder = parentOf(item.path)
    const isAlone =
      this.#count === 1 &&
      item.episode === null &&
      folder !== this.#root &&
      isCalledAlike(lastSegment(folder), item.name)
    to.offer(isAlone ? { ...item, group: groupOf(this.#root, parentOf(folder)) } : item)
    return isAlone
  }
}

/** Adds the extension where two of a group have the same title. */
export function tellApart(items: readonly Item[]): Item[] {
  const seen = new Map<string, number>()
  const keyOf = ({ group, title, episode }: Item) => [group, title, episode?.number].join('\n')
  for (const item of items) seen.set(keyOf(item), (seen.get(keyOf(item)) ?? 0) + 1)
  return items.map((item) => {
    const extension = item.name.slice(stemOf(item.name).length)
    return seen.get(keyOf(item)) === 1 ? item : { ...item, title: item.title + extension }
  })
}
