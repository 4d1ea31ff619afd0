// examples/worker.ts, with failing sources
import { fileHandler } from 'byteserve'
import { r2Bucket } from 'byteserve/r2'
import { options, orFailing } from './failing.mjs'

export default {
  fetch(request, env) {
    return fileHandler(orFailing(r2Bucket(env.MEDIA)), options)(request)
  },
}
