import { type BlockTier, cached } from '../../adapters/cache.ts'
import { answering } from '../../adapters/http/file.ts'
import { type StoredFetch, storedFetch } from '../../adapters/http/stored-fetch.ts'
import { isFile } from '../../adapters/site/tree.ts'
import { isVisible } from '../../adapters/site/url-path.ts'
import { reachable } from '../../adapters/site/views.ts'
import { type FileTree, site } from '../../adapters/site.ts'
import type { Answer } from '../../src/answer.ts'
import { isSource } from '../../src/lookup.ts'
import { closeSource } from '../../src/reader.ts'
import type { ServeOptions } from '../options.ts'
import { HEAD } from '../own-request.ts'
import type { Shelf } from '../page/library.ts'
import type { Root } from '../root.ts'
import { openBlockDirectory } from './block-directory.ts'

const MIB = 1024 * 1024

/** How long a file is taken to be the same without asking again, in ms. */
const REVALIDATE = 1000

/** How many folders a page looks through, each of which takes a request. */
const MAX_FOLDERS = 200

/** Where blocks of what is far away are kept. */
export interface Nearby {
  /** In MiB. */
  readonly memory: number
  readonly tier: BlockTier | undefined
}

/** @throws Failure, as a rejection, if there can be no blocks in the directory that is named */
export async function openNearby(
  { cacheMemory: memory, cacheDirectory }: ServeOptions,
  say: (notice: string) => void,
): Promise<Nearby> {
  const isWanted = cacheDirectory !== null
  return { memory, tier: isWanted ? await openBlockDirectory(cacheDirectory, say) : undefined }
}

/** What is said of a tree that is far away. */
export interface Distant extends Pick<Root, 'name' | 'place' | 'file'> {
  /** Its store and the folder in it, secrets included: blocks of others lie beside its own. */
  readonly id: string
}

/** A tree that is far away as a root, with blocks of its files kept here. */
export function distantRoot(tree: FileTree, { id, ...about }: Distant, nearby: Nearby): Root {
  const near = throughCache(tree, id, nearby)
  return {
    ...about,
    shelf: shelfOf(reachable(near, isVisible)),
    open: (siteOptions) => answering(site(near, siteOptions)),
  }
}

/** What stands for a folder among what a cache passes through. */
const FOLDER: Answer = { status: 404, headers: {}, pieces: [] }

/**
 * The same tree, whose files are read through a cache. Not the site above it: an archive that is
 * made of them would be cached beside them, and made anew for each of its blocks.
 */
function throughCache(tree: FileTree, id: string, { memory, tier }: Nearby): FileTree {
  if (memory === 0 && tier === undefined) return tree
  const files = cached<[path: string]>(
    async (request, path) => {
      const opened = await tree.open(path, request)
      return opened === 'directory' ? FOLDER : opened
    },
    {
      key: (_request, path) => `${id}\0${path}`,
      // Without any, a block could not be read at all.
      memory: Math.max(memory, 1) * MIB,
      tier,
      revalidate: REVALIDATE,
    },
  )
  return {
    list: tree.list,
    isFlat: tree.isFlat,
    async open(path, request) {
      const found = await files(request, path)
      if (found === FOLDER) return 'directory'
      return isSource(found) ? found : null
    },
  }
}

function shelfOf(tree: FileTree): Shelf {
  return {
    maxFolders: MAX_FOLDERS,
    async *list(path) {
      let isThere = path === ''
      for await (const entry of tree.list?.(path) ?? []) {
        isThere = true
        yield [entry]
      }
      // A store of keys knows no empty folder.
      if (!isThere) throw new Error(`Expected something in ${path}`)
    },
    async describe(path) {
      try {
        const opened = await tree.open(path, HEAD)
        if (!isFile(opened)) return null
        const { size, lastModified } = opened
        void closeSource(opened)
        return { size, lastModified }
      } catch {
        // One file that its server does not give is no reason to show no other.
        return null
      }
    },
  }
}

/** A fetch that remembers what became of its last request: what is thrown then does not say it. */
export class WatchedFetch {
  /** Null if there was no answer. */
  status: number | null = null
  /** Why there was no answer; null if nobody knows. */
  obstacle: string | null = null

  readonly fetch: StoredFetch = async (url, asked) => {
    this.status = null
    this.obstacle = null
    try {
      const response = await storedFetch(url, asked)
      this.status = response.status
      return response
    } catch (thrown) {
      this.obstacle = obstacleOf(thrown)
      throw thrown
    }
  }
}

/** What keeps runtimes from an answer, by what they say of it, which may have a whole URL in it. */
const OBSTACLES = [
  [/ECONNREFUSED|connection refused/i, 'nothing listens there'],
  [/ENOTFOUND|EAI_|dns error/, "its name can't be resolved"],
  [/bad port|are blocked/, 'fetch refuses to connect to that port'],
] as const

function obstacleOf(thrown: unknown): string | null {
  const errors = [Object(thrown), Object(Object(thrown).cause)]
  const told = errors.map(({ code, message }) => `${code} ${message}`).join('\n')
  return OBSTACLES.find(([pattern]) => pattern.test(told))?.[1] ?? null
}
