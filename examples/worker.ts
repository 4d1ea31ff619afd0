// npm ci && npm run build && npx wrangler dev
// A film in its bucket:
// npx wrangler r2 object put media/film.mp4 --file examples/media/film.mp4 --ct video/mp4 --local
import { fileHandler } from 'byteserve'
import { type R2BucketLike, r2Bucket } from 'byteserve/r2'

export default {
  fetch: fileHandler((request, env: { MEDIA: R2BucketLike }) => r2Bucket(env.MEDIA)(request)),
}
