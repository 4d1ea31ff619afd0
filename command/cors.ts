/** Lets the pages of any other site read files and their ranges. */
export const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'Range, If-Range, If-Match, If-None-Match, If-Modified-Since',
  'access-control-expose-headers':
    'Accept-Ranges, Content-Length, Content-Range, Content-Encoding, ETag, Last-Modified',
  'access-control-max-age': '7200',
  'cross-origin-resource-policy': 'cross-origin',
}
