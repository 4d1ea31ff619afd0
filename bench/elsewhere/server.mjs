// A server that gets its file from another one: server.mjs UPSTREAM. /bare/ hands the body of a plain
// fetch on, /ours/ is byteserve. It prints its port, and ends with its stdin.
import process from 'node:process'
import { httpOrigin } from '../../dist/adapters/http.js'
import { fileHandler } from '../../dist/src/index.js'

const upstream = process.argv[2]
const serveOurs = fileHandler(httpOrigin(upstream, { base: '/ours/' }))

async function fetchBare(request) {
  const { status, headers, body } = await fetch(upstream + request.url.split('/bare/')[1], {
    headers: { range: request.headers.get('range') ?? 'bytes=0-' },
  })
  const names = ['content-length', 'content-range', 'content-type', 'etag']
  const fields = names.flatMap((name) => (headers.has(name) ? [[name, headers.get(name)]] : []))
  return new Response(body, { status, headers: fields })
}

const answer = (request) =>
  request.url.includes('/bare/') ? fetchBare(request) : serveOurs(request)

const hostname = '127.0.0.1'
if ('Bun' in globalThis) {
  console.log(Bun.serve({ fetch: answer, hostname, port: 0 }).port)
} else if ('Deno' in globalThis) {
  Deno.serve({ hostname, port: 0, onListen: ({ port }) => console.log(port) }, answer)
} else {
  const { serve } = await import('@hono/node-server')
  serve({ fetch: answer, hostname, port: 0 }, ({ port }) => console.log(port))
}
process.stdin.resume().on('end', () => process.exit())
