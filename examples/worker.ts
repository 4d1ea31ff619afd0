// npx wrangler dev
import { fileHandler } from 'byteserve'
import { type R2BucketLike, r2Bucket } from 'byteserve/r2'

export default {
  fetch(request: Request, env: { MEDIA: R2BucketLike }): Promise<Response> {
    return fileHandler(r2Bucket(env.MEDIA))(request)
  },
}
