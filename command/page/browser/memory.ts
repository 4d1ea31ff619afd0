/** How far one came in what was played, in seconds by path: in this browser only. */
export interface Memory {
  of(path: string): number | null
  keep(path: string, at: number): void
  forget(path: string): void
}

/** It runs in the browser, from its own source text. */
export function startMemory(): Memory {
  const KEY = 'byteserve'
  const MOST = 200

  return {
    of: (path) => read().find(([known]) => known === path)?.[1] ?? null,
    keep(path, at) {
      write([[path, at], ...without(path)].slice(0, MOST))
    },
    forget(path) {
      write(without(path))
    },
  }

  function without(path: string): unknown[] {
    return read().filter(([known]) => known !== path)
  }

  function read(): [path: string, at: number][] {
    try {
      return JSON.parse(localStorage.getItem(KEY) ?? '[]')
    } catch {
      return []
    }
  }

  function write(entries: unknown[]): void {
    try {
      localStorage.setItem(KEY, JSON.stringify(entries))
    } catch {
      // A browser that keeps nothing plays all the same.
    }
  }
}
