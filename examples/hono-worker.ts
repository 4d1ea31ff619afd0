// npx wrangler dev examples/hono-worker.ts
import { type R2BucketLike, r2Bucket } from 'byteserve/r2'
import app from './hono.ts'

export default {
  fetch(request: Request, { MEDIA }: { MEDIA: R2BucketLike }): Response | Promise<Response> {
    return app.fetch(request, { media: r2Bucket(MEDIA, { base: '/media/' }) })
  },
}
