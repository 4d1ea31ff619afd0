import type { Entry } from './tree.ts'

/** An entry of a folder, as a listing has it. */
export interface Item {
  readonly name: string
  readonly isFolder: boolean
  /** In bytes; null if it is not known, as of a folder. */
  readonly size: number | null
  /** In ms since the epoch; null if it is not known. */
  readonly modified: number | null
}

/** How many are sorted at a time, which takes some 2 ms. */
const RUN_LENGTH = 512

/**
 * Sorts the entries of a folder, which may be very many: folders first, by name, numbers in names by
 * their value. No other request waits: they are sorted in short runs, with a pause after each, and
 * merged while the result is read.
 *
 * @param seen called with each item, in no particular order
 */
export async function sortEntries(
  entries: AsyncIterable<Entry> | readonly Entry[],
  seen: (item: Item) => void,
): Promise<Iterator<Item>> {
  const runs: Item[][] = []
  let run: Item[] = []
  for await (const entry of entries) {
    const item = toItem(entry)
    seen(item)
    run.push(item)
    if (run.length < RUN_LENGTH) continue
    runs.push(run.sort(compare))
    run = []
    await othersTurn()
  }
  runs.push(run.sort(compare))
  return mergeAll(runs)
}

/** Lets whatever else is ready run first: many steps without a wait would keep it from that. */
export function othersTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve))
}

function toItem({ name, kind, size, lastModified }: Entry): Item {
  const isFolder = kind === 'directory'
  return {
    name,
    isFolder,
    size: isFolder ? null : (size ?? null),
    modified: lastModified?.getTime() ?? null,
  }
}

const { compare: compareNames } = new Intl.Collator('en', { numeric: true })

function compare(a: Item, b: Item): number {
  if (a.isFolder !== b.isFolder) return a.isFolder ? -1 : 1
  // Names may differ by nothing that a collation sees.
  return compareNames(a.name, b.name) || (a.name < b.name ? -1 : 1)
}

function mergeAll(runs: readonly Item[][]): Iterator<Item> {
  const [first = [], ...others] = runs
  if (others.length === 0) return first.values()
  const middle = runs.length >> 1
  return merge(mergeAll(runs.slice(0, middle)), mergeAll(runs.slice(middle)))
}

function* merge(left: Iterator<Item>, right: Iterator<Item>): Generator<Item> {
  let a = left.next()
  let b = right.next()
  while (!a.done || !b.done) {
    if (b.done || (!a.done && compare(a.value, b.value) <= 0)) {
      yield a.value
      a = left.next()
    } else {
      yield b.value
      b = right.next()
    }
  }
}
