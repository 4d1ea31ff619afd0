// Hono on Node, Bun and Deno: hono.mjs DIR
import process from 'node:process'
import { makeApp } from './hono-app.mjs'

const [root] = process.argv.slice(2)
const hostname = '127.0.0.1'
const options = { precompressed: true }

if (globalThis.Deno) {
  const { denoDirectory } = await import('byteserve/deno')
  const { fetch } = makeApp(denoDirectory(root, options))
  Deno.serve({ hostname, port: 0, onListen: ({ port }) => console.log(port) }, fetch)
} else if (globalThis.Bun) {
  const { bunDirectory } = await import('byteserve/bun')
  const { fetch } = makeApp(bunDirectory(root, options))
  console.log(Bun.serve({ fetch, hostname, port: 0, idleTimeout: 0 }).port)
} else {
  const { nodeDirectory } = await import('byteserve/node')
  const { serve } = await import('@hono/node-server')
  const { fetch } = makeApp(nodeDirectory(root, options))
  serve({ fetch, hostname, port: 0 }, ({ port }) => console.log(port))
}

process.stdin.resume().on('end', () => process.exit())
