// The same in workerd.

import { httpOrigin } from '../../dist/adapters/http.js'
import { fileHandler } from '../../dist/src/index.js'

export default {
  async fetch(request, { UPSTREAM }) {
    if (!request.url.includes('/bare/')) {
      return fileHandler(httpOrigin(UPSTREAM, { base: '/ours/' }))(request)
    }
    const { status, headers, body } = await fetch(UPSTREAM + request.url.split('/bare/')[1], {
      headers: { range: request.headers.get('range') ?? 'bytes=0-' },
    })
    const names = ['content-length', 'content-range', 'content-type', 'etag']
    const fields = names.flatMap((name) => (headers.has(name) ? [[name, headers.get(name)]] : []))
    return new Response(body, { status, headers: fields })
  },
}
