// Files that live elsewhere, on any runtime: elsewhere.mjs fetch|direct WHERE, the latter as JSON
import process from 'node:process'
import { fileHandler } from 'byteserve'
import { options, orFailing, unsettled } from './failing.mjs'
import { lookupOf } from './lookup-elsewhere.mjs'

const [way, where] = process.argv.slice(2)
const place = JSON.parse(where)
const lookup = orFailing(lookupOf(place))
const observers = place.settles === false ? unsettled : options
const hostname = '127.0.0.1'

if (way === 'direct') {
  const { createServer } = await import('node:http')
  const { nodeListener } = await import('byteserve/node')
  const server = createServer(nodeListener(lookup, observers))
  server.listen(0, hostname, () => console.log(server.address().port))
} else if ('Bun' in globalThis) {
  const fetch = fileHandler(lookup, observers)
  console.log(Bun.serve({ fetch, hostname, port: 0, idleTimeout: 0 }).port)
} else if ('Deno' in globalThis) {
  const onListen = ({ port }) => console.log(port)
  Deno.serve({ hostname, port: 0, onListen }, fileHandler(lookup, observers))
} else {
  const { serve } = await import('@hono/node-server')
  serve({ fetch: fileHandler(lookup, observers), hostname, port: 0 }, ({ port }) =>
    console.log(port),
  )
}

process.stdin.resume().on('end', () => process.exit())
