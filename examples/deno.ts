// npm ci && npm run build && npx deno run --allow-net --allow-read examples/deno.ts [PORT]
import { fileHandler } from 'byteserve'
import { denoDirectory } from 'byteserve/deno'

Deno.serve(
  { port: Number(Deno.args[0] ?? 8080), hostname: '127.0.0.1' },
  fileHandler(denoDirectory('examples/media', { native: true })),
)
