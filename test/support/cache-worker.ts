import { fileHandler } from 'byteserve'
import { cacheApiTier, cached } from 'byteserve/cache'
import { type R2BucketLike, r2Bucket } from 'byteserve/r2'

interface Env {
  readonly MEDIA: R2BucketLike
}
interface ExecutionContext {
  waitUntil(work: Promise<unknown>): void
}
declare const caches: { readonly default: Cache }

let gets = 0
let heads = 0
let stored = 0
const tier = cacheApiTier(caches.default)

/** Blocks of R2 in the memory of the isolate, one at most, and in the Cache API. */
const lookup = cached<[env: Env, ctx: ExecutionContext]>(
  (request, env) => r2Bucket(counted(env.MEDIA))(request),
  {
    memory: 1024 * 1024,
    tier: {
      get: (key) => tier.get(key),
      async put(key, bytes) {
        await tier.put(key, bytes)
        stored++
      },
    },
    waitUntil: (work, _env, ctx) => ctx.waitUntil(work),
  },
)
const handler = fileHandler(lookup)

function counted(bucket: R2BucketLike): R2BucketLike {
  return {
    get(key, options) {
      gets++
      return bucket.get(key, options)
    },
    head(key) {
      heads++
      return bucket.head(key)
    },
  }
}

export default {
  fetch(request: Request, env: Env, ctx: ExecutionContext): Response | Promise<Response> {
    const isStats = new URL(request.url).pathname === '/stats'
    if (isStats) return Response.json({ ...lookup.stats, gets, heads, stored })
    return handler(request, env, ctx)
  },
}
