// The site of site.mjs, from R2
import { fileHandler } from 'byteserve'
import { r2Bucket } from 'byteserve/r2'
import { serveOptions, sites } from './site-options.mjs'

export default {
  fetch: fileHandler((request, env) => {
    return sites((options) => r2Bucket(env.MEDIA, options))(request)
  }, serveOptions),
}
