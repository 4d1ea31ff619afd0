// The site of site.mjs, from R2
import { fileHandler } from 'byteserve'
import { r2Bucket } from 'byteserve/r2'
import { serveOptions, siteOptions } from './site-options.mjs'

export default {
  fetch: fileHandler((request, env) => r2Bucket(env.MEDIA, siteOptions)(request), serveOptions),
}
