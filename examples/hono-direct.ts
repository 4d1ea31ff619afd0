// npm ci && npm run build && node dist/examples/hono-direct.js [PORT]
import { type HttpBindings, serve } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { nodeDirectory, nodeListener } from 'byteserve/node'
import { Hono } from 'hono'
import { cors } from 'hono/cors'

const listener = nodeListener(nodeDirectory('examples/media', { base: '/media/' }))
const app = new Hono<{ Bindings: HttpBindings }>()

app.use(cors({ origin: '*', exposeHeaders: ['Accept-Ranges', 'Content-Range', 'ETag'] }))

// On Node, a route can leave its answer to the faster listener below Hono.
app.all('/media/*', async (c) => {
  const { incoming, outgoing } = c.env
  // The fields that middleware has set so far, as cors() does; later ones come too late.
  for (const [name, value] of c.res.headers) outgoing.setHeader(name, value)
  await listener(incoming, outgoing)
  return RESPONSE_ALREADY_SENT
})

serve(
  {
    port: Number(process.argv[2] ?? 8080),
    hostname: '127.0.0.1',
    async fetch(request, env) {
      const response = await app.fetch(request, env)
      // Hono, for HEAD, and middleware make new Responses of the marker: those would be sent too.
      return env.outgoing.headersSent ? RESPONSE_ALREADY_SENT : response
    },
  },
  ({ port }) => console.log(`http://127.0.0.1:${port}/`),
)
