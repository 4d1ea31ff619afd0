import { httpOrigin } from 'byteserve/http'
import { s3Bucket } from 'byteserve/s3'

/** The files of another HTTP server, or of a bucket. */
export function lookupOf({ http, s3, options }) {
  return http === undefined ? s3Bucket(s3, options) : httpOrigin(http, options)
}
