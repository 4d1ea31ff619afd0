import { expectWholeNumber, unexpected } from '../../../src/errors.ts'
import { nameFor } from '../digest.ts'
import type { BlockTier } from './tier.ts'

/**
 * The part of a Cache that is used: `caches.default` in Workers, `await caches.open(…)` elsewhere.
 */
export interface CacheLike {
  /** What is stored by a URL. */
  match(url: string): Promise<Response | undefined>
  /** Stores a response by a URL. */
  put(url: string, response: Response): Promise<unknown>
}

/** Options of `cacheApiTier`. */
export interface CacheApiOptions {
  /**
   * What the URLs of blocks begin with, letter by letter: no client can ask for what is stored by
   * them. Of two caches in one Worker, each needs its own. `https://byteserve.invalid/` by default.
   */
  readonly base?: string | undefined
  /** How long a block may be kept, in seconds. A whole number, 1 or more; a week by default. */
  readonly maxAge?: number | undefined
}

const WEEK = 7 * 86_400

/**
 * Blocks in a Cache, as Workers have it: one per data centre, for all that run there, so that R2 or
 * S3 is asked for a block once in each. A block is stored as a 200 by a URL of its own: the Cache
 * API refuses 206, and would answer Range by itself.
 *
 * @throws TypeError or RangeError at once if there is no cache or an option is invalid
 *
 * @example
 * ```ts
 * const tier = cacheApiTier(caches.default)
 * cached(lookup, { tier, waitUntil: (work, env, ctx) => ctx.waitUntil(work) })
 * ```
 */
export function cacheApiTier(cache: CacheLike, options: CacheApiOptions = {}): BlockTier {
  const { base = 'https://byteserve.invalid/', maxAge = WEEK } = options
  if (typeof cache?.match !== 'function' || typeof cache.put !== 'function') {
    throw unexpected('a Cache, such as caches.default', cache)
  }
  expectWholeNumber('maxAge', maxAge, 1)
  const start = expectCacheBase(base)
  const urlFor = async (key: string) => start + (await nameFor(key))
  return {
    async get(key) {
      const response = await cache.match(await urlFor(key))
      return response === undefined ? null : new Uint8Array(await response.arrayBuffer())
    },
    async put(key, bytes) {
      const headers = {
        'cache-control': `max-age=${maxAge}`,
        'content-length': String(bytes.length),
        'content-type': 'application/octet-stream',
      }
      await cache.put(
        await urlFor(key),
        new Response(bytes as Uint8Array<ArrayBuffer>, { headers }),
      )
    },
  }
}

/**
 * @throws TypeError unless it is a URL to which something can be added: a Cache ignores a fragment
 */
function expectCacheBase(base: string): string {
  const { href } = new URL(base)
  if (href.includes('#')) throw unexpected('base to be a URL without a fragment', base)
  return href
}
