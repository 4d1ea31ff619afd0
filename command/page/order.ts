import type { Item } from './item.ts'

export const ORDERS = ['name', 'date', 'size'] as const

export type Order = (typeof ORDERS)[number]

/** As people sort, numbers by value. */
export const collator: Intl.Collator = new Intl.Collator('en', { numeric: true })

/** How two items follow one another. */
export const COMPARE: Record<Order, (a: Item, b: Item) => number> = {
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
