// npm ci && npm run build && node dist/examples/hono-node.js [PORT]
import { serve } from '@hono/node-server'
import { nodeDirectory } from 'byteserve/node'
import app from './hono.ts'

const media = nodeDirectory('examples/media', { base: '/media/' })

serve(
  {
    port: Number(process.argv[2] ?? 8080),
    hostname: '127.0.0.1',
    fetch: (request) => app.fetch(request, { media }),
  },
  ({ port }) => console.log(`http://127.0.0.1:${port}/`),
)
