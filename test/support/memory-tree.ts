import type { Entry, FileTree } from '../../adapters/site/tree.ts'
import type { Digests } from '../../src/source.ts'

/** A file in memory. */
export interface Stored {
  readonly text: string
  readonly type?: string
  /** In ms since the epoch. */
  readonly date?: number
  readonly encoding?: string
  readonly cacheControl?: string
  readonly digest?: Digests
}

/** A tree of files in memory, whose entity tags are their paths. */
export function memoryTree(
  files: Readonly<Record<string, Stored>>,
  {
    isFlat = false,
    opened = [],
    closed = [],
  }: { isFlat?: boolean; opened?: string[]; closed?: string[] } = {},
): FileTree {
  const inside = (path: string) => (path === '' ? '' : `${path}/`)
  return {
    isFlat,
    open(path) {
      opened.push(path)
      const stored = Object.hasOwn(files, path) ? files[path] : undefined
      if (stored !== undefined) return sourceOf(path, stored, closed)
      const isFolder = Object.keys(files).some((key) => key.startsWith(inside(path)))
      return isFolder && !isFlat ? 'directory' : null
    },
    async *list(path) {
      const folders = new Set<string>()
      for (const [key, { text, date = 1000 }] of Object.entries(files)) {
        if (!key.startsWith(inside(path))) continue
        const [name = '', ...rest] = key.slice(inside(path).length).split('/')
        const lastModified = new Date(date)
        if (rest.length === 0) yield file(name, text.length, lastModified)
        else if (!folders.has(name)) yield { name, kind: 'directory' }
        if (rest.length > 0) folders.add(name)
      }
    },
  }
}

function file(name: string, size: number, lastModified: Date): Entry {
  return { name, kind: 'file', size, lastModified }
}

function sourceOf(path: string, stored: Stored, closed: string[]) {
  const { text, type, date = 1000, encoding, cacheControl, digest } = stored
  const bytes = new TextEncoder().encode(text)
  const headers = {
    ...(encoding !== undefined && { 'content-encoding': encoding }),
    ...(cacheControl !== undefined && { 'cache-control': cacheControl }),
  }
  return {
    size: bytes.length,
    type,
    etag: `"${encodeURI(path)}"`,
    lastModified: new Date(date),
    headers: Object.keys(headers).length > 0 ? headers : undefined,
    digest,
    read: (start: number, end: number) => bytes.subarray(start, end),
    close: () => void closed.push(path),
  }
}
