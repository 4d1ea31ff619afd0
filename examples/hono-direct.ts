// npm ci && npm run build && node dist/examples/hono-direct.js [PORT]
import { type HttpBindings, serve } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { fileHandler } from 'byteserve'
import { nodeDirectory, nodeListener } from 'byteserve/node'
import { Hono } from 'hono'

const media = nodeDirectory('examples/media', { base: '/media/' })
const handler = fileHandler(media)
const listener = nodeListener(media)
const app = new Hono<{ Bindings: HttpBindings }>()

// On Node, a route can leave its answer to the faster listener below Hono, but to HEAD: there Hono
// makes a Response of its own, which @hono/node-server would send after the listener's.
app.all('/media/*', async (c) => {
  if (c.req.method === 'HEAD') return handler(c.req.raw)
  await listener(c.env.incoming, c.env.outgoing)
  return RESPONSE_ALREADY_SENT
})

serve(
  { port: Number(process.argv[2] ?? 8080), hostname: '127.0.0.1', fetch: app.fetch },
  ({ port }) => console.log(`http://127.0.0.1:${port}/`),
)
