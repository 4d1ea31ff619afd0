// npm ci && npm run build && npx bun examples/hono-bun.ts [PORT]
import { bunDirectory } from 'byteserve/bun'
import app from './hono.ts'

const media = bunDirectory('examples/media', { base: '/media/' })

const server = Bun.serve({
  port: Number(process.argv[2] ?? 8080),
  hostname: '127.0.0.1',
  idleTimeout: 0,
  fetch: (request) => app.fetch(request, { media }),
})
console.log(server.url.href)
