// npm ci && npm run build && npx wrangler dev examples/worker-s3.ts --var S3_ENDPOINT:… --var S3_BUCKET:… …
// A Worker in front of a bucket of another provider, which is asked for each block once per data centre.
import { fileHandler } from 'byteserve'
import { type CachedLookup, cacheApiTier, cached } from 'byteserve/cache'
import { s3Bucket } from 'byteserve/s3'

interface Env {
  readonly S3_ENDPOINT: string
  readonly S3_BUCKET: string
  readonly S3_REGION: string
  readonly S3_ACCESS_KEY_ID: string
  readonly S3_SECRET_ACCESS_KEY: string
}
interface Context {
  waitUntil(work: Promise<unknown>): void
}
declare const caches: { readonly default: Cache }

/** Made of the first request's environment, which is that of all. */
let films: CachedLookup<[env: Env, ctx: Context]> | undefined

function filmsOf(env: Env): CachedLookup<[env: Env, ctx: Context]> {
  const bucket = s3Bucket({
    endpoint: env.S3_ENDPOINT,
    bucket: env.S3_BUCKET,
    region: env.S3_REGION,
    credentials: {
      accessKeyId: env.S3_ACCESS_KEY_ID,
      secretAccessKey: env.S3_SECRET_ACCESS_KEY,
    },
  })
  return cached<[env: Env, ctx: Context]>((request) => bucket(request), {
    memory: 32 * 1024 * 1024,
    tier: cacheApiTier(caches.default),
    // Everybody may see these films: for a minute, the store need not be asked which version there is.
    revalidate: 60_000,
    waitUntil: (work, _env, ctx) => ctx.waitUntil(work),
  })
}

export default {
  fetch: fileHandler((request, env: Env, ctx: Context) => {
    films ??= filmsOf(env)
    return films(request, env, ctx)
  }),
}
