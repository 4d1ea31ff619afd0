// npm ci && npm run build && npx wrangler dev examples/hono-worker.ts
// A film in its bucket:
// npx wrangler r2 object put media/film.mp4 --file examples/media/film.mp4 --ct video/mp4 --local
import { type R2BucketLike, r2Bucket } from 'byteserve/r2'
import app from './hono.ts'

export default {
  fetch(request: Request, { MEDIA }: { MEDIA: R2BucketLike }): Response | Promise<Response> {
    return app.fetch(request, { media: r2Bucket(MEDIA, { base: '/media/' }) })
  },
}
