/** How far one came in what was played, in seconds by path: in this browser only. */
export interface Memory {
  of(path: string): number | null
  keep(path: string, at: number): void
  forget(path: string): void
}

/** It runs in the browser, from its own source text. */
export function startMemory(): Memory {
  type Bookmark = [path: string, at: number]

  const KEY = 'byteserve'
  const MAX = 200

  return {
    of: (path) => read().find(([known]) => known === path)?.[1] ?? null,
    keep(path, at) {
      const bookmark: Bookmark = [path, at]
      write([bookmark, ...without(path)].slice(0, MAX))
    },
    forget(path) {
      write(without(path))
    },
  }

  function without(path: string): Bookmark[] {
    return read().filter(([known]) => known !== path)
  }

  /** Only what is one: other pages of this host may have written there, too. */
  function read(): Bookmark[] {
    try {
      const known: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]')
      return Array.isArray(known) ? known.filter(isBookmark) : []
    } catch {
      return []
    }
  }

  function isBookmark(it: unknown): it is Bookmark {
    return Array.isArray(it) && typeof it[0] === 'string' && typeof it[1] === 'number'
  }

  function write(bookmarks: readonly Bookmark[]): void {
    try {
      localStorage.setItem(KEY, JSON.stringify(bookmarks))
    } catch {
      // A browser that keeps nothing plays all the same.
    }
  }
}
