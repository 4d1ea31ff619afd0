import {
  expectFunction,
  expectOptions,
  expectWholeNumber,
  SourceChangedError,
  unexpected,
} from '../../../src/errors.ts'
import { expectLookup, type FileLookup, type Found, isSource } from '../../../src/lookup.ts'
import { closeSource } from '../../../src/reader.ts'
import { hangUpSignal } from '../../../src/runtime.ts'
import type { RequestLike } from '../../../src/source.ts'
import { expectText } from '../../store/given.ts'
import { askingFor, copyOf, pathOf, urlOf } from '../request.ts'
import { type BlockAccess, type Blocking, blockSource } from './block-source.ts'
import { type BlockOrigin, BlockStore, type CacheStats } from './block-store.ts'
import { readBlock } from './read-block.ts'
import type { BlockTier } from './tier.ts'
import { type TaggedVersion, versionOf } from './version.ts'
import { isVersion, type Looked, Versions } from './versions.ts'

/** Options of `cached`. */
export interface CacheOptions<Context extends readonly unknown[] = readonly unknown[]> {
  /**
   * How many bytes are read and kept at a time, from a multiple of this offset on. A whole number,
   * 1 or more; 1 MiB by default.
   */
  readonly blockSize?: number | undefined
  /**
   * The most bytes that blocks take in memory: `blockSize` or more, 64 MiB by default. Their names
   * take a quarter of that besides at most, or 1 MiB. Each response under way also holds the block
   * that it is sending, and those that were read ahead for it.
   */
  readonly memory?: number | undefined
  /**
   * How many blocks are read ahead for a response that went through two in a row: no further than
   * what its client asked for. 2 by default; 0: none.
   */
  readonly readAhead?: number | undefined
  /** Where blocks are looked for before they are read from the lookup, and stored afterwards. */
  readonly tier?: BlockTier | undefined
  /**
   * For how many ms the lookup need not be asked again whether a file is still the same; 0 by
   * default, and then every request asks it. Only for a lookup that finds the same for everybody:
   * until it is asked again, it can't refuse anyone, and an older version is served. What carries
   * Vary or Set-Cookie is asked for each time, and so is what has a name of more than 4096 letters.
   */
  readonly revalidate?: number | undefined
  /**
   * What names the file of a request; null: don't cache it. By default the host and the whole URL,
   * its query included. Two files may share a name only if they never share a strong entity tag and
   * a size. The lookups of byteserve ignore the query: the path will do for them.
   *
   * @example
   * ```ts
   * cached(nodeDirectory('media'), { key: ({ url }) => toRelativePath(url) })
   * ```
   */
  readonly key?: ((request: RequestLike, ...context: Context) => string | null) | undefined
  /**
   * Keeps a runtime at work until a block was stored in the tier; for Workers, which stop what is
   * under way once a response has been sent.
   *
   * @example
   * ```ts
   * cached(lookup, { tier, waitUntil: (work, env, ctx) => ctx.waitUntil(work) })
   * ```
   */
  readonly waitUntil?: ((work: Promise<unknown>, ...context: Context) => void) | undefined
}

/** A lookup whose files are read through a cache. */
export type CachedLookup<Context extends readonly unknown[] = readonly unknown[]> =
  FileLookup<Context> & {
    /** What the cache did so far; read it at any time. */
    readonly stats: CacheStats
  }

/**
 * A cache of blocks in front of a lookup: bytes that were read before, or are being read for
 * another request, cost no further read. Made for files that are far away, or slow to read.
 *
 * The lookup is asked twice: by HEAD which version there is, for each request, and by GET with a
 * Range of one block for each that is missing. Blocks belong to a version, named by its strong
 * entity tag; a file without one is passed through, like whatever is no file, or can't be read in
 * blocks. If the version changes under way, the response is cut off. Failures are not cached.
 *
 * @throws RangeError or TypeError at once if an option is invalid or `lookup` is not a function
 *
 * @example
 * ```ts
 * // Once, not for each request: a Worker's bucket comes with the context.
 * const films = cached((request, { MEDIA }: Env) => r2Bucket(MEDIA)(request), {
 *   memory: 32 * 1024 * 1024,
 * })
 * fileHandler(films)
 * films.stats // { hits: 0, … }
 * ```
 */
export function cached<Context extends readonly unknown[] = readonly unknown[]>(
  lookup: FileLookup<Context>,
  options: CacheOptions<Context> = {},
): CachedLookup<Context> {
  expectOptions(options)
  const { blockSize = 1024 * 1024, memory = 64 * 1024 * 1024, readAhead = 2 } = options
  const { tier, revalidate = 0, key = urlOf, waitUntil } = options
  expectLookup(lookup)
  expectWholeNumber('blockSize', blockSize, 1)
  expectWholeNumber('memory', memory, blockSize)
  expectWholeNumber('readAhead', readAhead, 0)
  expectWholeNumber('revalidate', revalidate, 0)
  expectFunction('key(request)', key)
  expectFunction('waitUntil(work)', waitUntil)
  if (tier !== undefined && !(typeof tier.get === 'function' && typeof tier.put === 'function')) {
    throw unexpected('a tier with get(key) and put(key, bytes)', tier)
  }

  const blocking: Blocking = { blockSize, readAhead }
  const store = new BlockStore(memory, tier)
  const versions = new Versions(revalidate)
  return Object.assign(open, { stats: store.stats })

  async function open(request: RequestLike, ...context: Context): Promise<Found | undefined> {
    const name = expectText('key', key(request, ...context))
    if (typeof name !== 'string') return lookup(request, ...context)
    const ask = (signal?: AbortSignal) => look(request, context, signal)
    const looked = await versions.find(name, ask, () => hangUpSignal(request))
    if (looked === 'uncacheable') return lookup(request, ...context)
    if (!isVersion(looked)) return looked
    // It has no blocks; and if it is empty by HEAD alone, there is something to read.
    if (looked.size === 0 && request.method !== 'HEAD') return lookup(request, ...context)
    return blockSource(looked, blocking, blocksOf(looked, name, copyOf(request), context))
  }

  /** Asks the lookup which version there is; opens nothing that stays open. */
  async function look(
    request: RequestLike,
    context: Context,
    signal: AbortSignal | undefined,
  ): Promise<Looked> {
    const found = (await lookup(askingFor(request, 'HEAD', null, signal), ...context)) ?? null
    if (!isSource(found)) return found === null || found.status >= 500 ? found : 'uncacheable'
    const version = versionOf(found)
    const isReadable = !found.read.native?.isOnce || found.size <= blockSize
    void closeSource(found)
    return isReadable && version !== null ? version : 'uncacheable'
  }

  /** The blocks of a version, read for this request where no memory or tier has them. */
  function blocksOf(
    version: TaggedVersion,
    name: string,
    request: RequestLike,
    context: Context,
  ): BlockAccess {
    const { size, etag } = version
    const prefix = JSON.stringify([name, etag, size, blockSize])
    const flights = store.flights.forRequest()
    /** Another server that gives other bytes than these has no ranges. */
    const judge = (found: unknown) => {
      if (Object(Object(found).error).isOtherRange) versions.avoid(name)
    }
    const keepAlive = waitUntil && ((work: Promise<unknown>) => waitUntil(work, ...context))

    const originOf = (index: number): BlockOrigin => {
      const start = index * blockSize
      const end = Math.min(start + blockSize, size)
      const range = `bytes=${start}-${end - 1}`
      const read = async (signal: AbortSignal, onProgress: () => void) => {
        const find = async () => lookup(askingFor(request, 'GET', range, signal), ...context)
        try {
          const finding = find()
          finding.then(judge, (error) => judge({ error }))
          return await readBlock(
            finding,
            version,
            { start, end },
            pathOf(request),
            signal,
            onProgress,
          )
        } catch (error) {
          if (error instanceof SourceChangedError) versions.forget(name)
          throw error
        }
      }
      return { key: prefix + index, length: end - start, read, keepAlive }
    }

    return {
      find: (index) => store.find(prefix + index),
      want: (index) => store.want(originOf(index), flights),
      wantAhead: (index) => store.wantAhead(originOf(index), flights),
    }
  }
}
