// The app of hono-node.ts, hono-bun.ts, hono-deno.ts and hono-worker.ts
import { type FileLookup, fileHandler, serveFile } from 'byteserve'
import { blobFile } from 'byteserve/blob'
import { Hono } from 'hono'

interface Bindings {
  media: FileLookup
}

/** The same app on every runtime: each passes in its lookup of the media, as Hono's bindings. */
const app: Hono<{ Bindings: Bindings }> = new Hono()

const media = fileHandler((request, { media }: Bindings) => media(request))
app.all('/media/*', (c) => media(c.req.raw, c.env))

const song = new Blob(['la '.repeat(1000)], { type: 'text/plain; charset=utf-8' })
app.all('/song.txt', (c) => serveFile(c.req.raw, blobFile(song, { etag: '"la-1000"' })))

export default app
