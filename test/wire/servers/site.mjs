// A site on Node, Bun and Deno: site.mjs DIR [direct]
import { createServer } from 'node:http'
import process from 'node:process'
import { fileHandler } from 'byteserve'
import { serveOptions, sites } from './site-options.mjs'

const [root, isDirect] = process.argv.slice(2)
const hostname = '127.0.0.1'

if (globalThis.Deno) {
  const { denoDirectory } = await import('byteserve/deno')
  const lookup = sites((options) => denoDirectory(root, { ...options, native: true }))
  const handler = fileHandler(lookup, serveOptions)
  Deno.serve({ hostname, port: 0, onListen: ({ port }) => console.log(port) }, handler)
} else if (globalThis.Bun) {
  const { bunDirectory } = await import('byteserve/bun')
  const lookup = sites((options) => bunDirectory(root, options))
  const fetch = fileHandler(lookup, serveOptions)
  console.log(Bun.serve({ fetch, hostname, port: 0, idleTimeout: 0 }).port)
} else {
  const { nodeDirectory, nodeListener } = await import('byteserve/node')
  const lookup = sites((options) => nodeDirectory(root, options))
  if (isDirect) {
    const server = createServer(nodeListener(lookup, serveOptions))
    server.listen(0, hostname, () => console.log(server.address().port))
  } else {
    const { serve } = await import('@hono/node-server')
    const fetch = fileHandler(lookup, serveOptions)
    serve({ fetch, hostname, port: 0 }, ({ port }) => console.log(port))
  }
}

process.stdin.resume().on('end', () => process.exit())
