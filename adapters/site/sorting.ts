import { othersTurn, RUN_LENGTH } from '../store/at-once.ts'
import type { Entry } from './tree.ts'

/** Which of two entries is first, as for `sort`. */
type Order = (a: Entry, b: Entry) => number

/**
 * Sorts the entries of a folder, which may be very many: folders first, by name, numbers in names
 * by their value, unless another order is given. No other request waits: they are sorted in short
 * runs, with a pause before each, and merged while the result is read.
 */
export async function sortEntries(
  entries: Entry[],
  order: Order = forReaders,
): Promise<Generator<Entry>> {
  if (entries.length <= RUN_LENGTH) return drain(entries.sort(order).reverse())
  await othersTurn()
  const middle = entries.length >> 1
  const left = await sortEntries(entries.slice(0, middle), order)
  return merge(left, await sortEntries(entries.slice(middle), order), order)
}

const { compare: compareNames } = new Intl.Collator('en', { numeric: true })

function forReaders(a: Entry, b: Entry): number {
  if (a.kind !== b.kind) return a.kind === 'directory' ? -1 : 1
  // Names may differ by nothing that a collation sees.
  return compareNames(a.name, b.name) || (a.name < b.name ? -1 : 1)
}

/** Entries from the last to the first. What was read is held no more. */
function* drain(entries: Entry[]): Generator<Entry> {
  for (let entry = entries.pop(); entry !== undefined; entry = entries.pop()) yield entry
}

function* merge(left: Iterator<Entry>, right: Iterator<Entry>, order: Order): Generator<Entry> {
  let a = left.next()
  let b = right.next()
  while (!a.done || !b.done) {
    if (b.done || (!a.done && order(a.value, b.value) <= 0)) {
      yield a.value
      a = left.next()
    } else {
      yield b.value
      b = right.next()
    }
  }
}
