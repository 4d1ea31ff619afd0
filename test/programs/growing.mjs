// A server on Node, Bun or Deno: growing.mjs DIRECTORY
// `/NAME` follows a file, `/NAME?idle=MS` for so long; `/live/NAME` is one that is being written.
import { createServer } from 'node:http'
import process from 'node:process'
import { fileHandler } from 'byteserve'

const [root = ''] = process.argv.slice(2)
const hostname = '127.0.0.1'
// Nothing is left to be found by looking again.
const poll = 60_000

const adapter = globalThis.Deno
  ? await import('byteserve/deno')
  : globalThis.Bun
    ? await import('byteserve/bun')
    : await import('byteserve/node')
const { growingFile } = adapter
const directory = adapter.denoDirectory ?? adapter.bunDirectory ?? adapter.nodeDirectory
const live = directory(root, { base: '/live/', live: true })

function find(request) {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost')
  if (pathname.startsWith('/live/')) return live(request)
  const idle = Number(searchParams.get('idle') ?? Infinity)
  return growingFile(root + pathname, request, { idle, poll })
}

const options = { onError() {} }
if (globalThis.Deno) {
  const onListen = ({ port }) => console.log(port)
  Deno.serve({ hostname, port: 0, onListen }, fileHandler(find, options))
} else if (globalThis.Bun) {
  const fetch = fileHandler(find, options)
  console.log(Bun.serve({ fetch, hostname, port: 0, idleTimeout: 0 }).port)
} else {
  const server = createServer(adapter.nodeListener(find, options))
  server.listen(0, hostname, () => console.log(server.address().port))
}

process.stdin.resume().on('end', () => process.exit())
