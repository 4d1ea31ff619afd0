// npm ci && npm run build && npx bun examples/bun.ts [PORT]
import { fileHandler } from 'byteserve'
import { bunDirectory } from 'byteserve/bun'

const server = Bun.serve({
  port: Number(process.argv[2] ?? 8080),
  hostname: '127.0.0.1',
  idleTimeout: 0, // by default Bun hangs up on a player that pauses for 10 s
  fetch: fileHandler(bunDirectory('examples/media')),
})
console.log(server.url.href)
