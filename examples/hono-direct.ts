// node dist/examples/hono-direct.js [PORT]
import { type HttpBindings, serve } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { nodeDirectory, nodeListener } from 'byteserve/node'
import { Hono } from 'hono'

const media = nodeListener(nodeDirectory('examples/media', { base: '/media/' }))
const app = new Hono<{ Bindings: HttpBindings }>()

// On Node, a route can leave its answer to the faster listener below Hono.
app.all('/media/*', async (c) => {
  await media(c.env.incoming, c.env.outgoing)
  return RESPONSE_ALREADY_SENT
})

serve(
  { port: Number(process.argv[2] ?? 8080), hostname: '127.0.0.1', fetch: app.fetch },
  ({ port }) => console.log(`http://127.0.0.1:${port}/`),
)
