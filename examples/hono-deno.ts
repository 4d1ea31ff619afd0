// npm ci && npm run build && npx deno run --allow-net --allow-read examples/hono-deno.ts [PORT]
import { denoDirectory } from 'byteserve/deno'
import app from './hono.ts'

// Not `native`: a middleware may read the body before Deno.serve does.
const media = denoDirectory('examples/media', { base: '/media/' })

Deno.serve({ port: Number(Deno.args[0] ?? 8080), hostname: '127.0.0.1' }, (request) =>
  app.fetch(request, { media }),
)
