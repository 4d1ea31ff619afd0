// Handlers behind routes that guard a folder, and one alone, on Node, Bun and Deno: guarded.mjs
import process from 'node:process'
import { fileHandler, matchFile, serveFile } from 'byteserve'
import { files } from 'byteserve/hono'
import { site, toRelativePath } from 'byteserve/site'
import { Hono } from 'hono'

const texts = { 'admin/secret.txt': 'secret', 'film.txt': 'film', 'evil.txt': 'evil' }

const tree = {
  open(path) {
    if (!Object.hasOwn(texts, path)) return null
    const bytes = new TextEncoder().encode(texts[path])
    return { size: bytes.length, read: (start, end) => bytes.subarray(start, end) }
  },
}

const below = (base) => site(tree, { base, cacheControl: 'max-age=60' })
const handler = fileHandler(below('/handler/'))
const match = matchFile(below('/match/'))
const served = below('/served/')
const own = fileHandler(({ url }) => tree.open(toRelativePath(url, '/own/') ?? ''))

const app = new Hono()
app.use('/:place/admin/*', (c) => c.text('not for you', 401))
app.use('/files/*', files(below('/')))
app.all('/handler/*', (c) => handler(c.req.raw))
app.all('/own/*', (c) => own(c.req.raw))
app.all('/served/*', async (c) => serveFile(c.req.raw, await served(c.req.raw)))
app.use(async (c, next) => (await match(c.req.raw)) ?? next())

const alone = fileHandler(below('/'))
const hostname = '127.0.0.1'

for (const fetch of [app.fetch, alone]) {
  if (globalThis.Deno) {
    Deno.serve({ hostname, port: 0, onListen: ({ port }) => console.log(port) }, fetch)
  } else if (globalThis.Bun) {
    console.log(Bun.serve({ fetch, hostname, port: 0, idleTimeout: 0 }).port)
  } else {
    const { serve } = await import('@hono/node-server')
    await new Promise((resolve) => {
      serve({ fetch, hostname, port: 0 }, ({ port }) => resolve(console.log(port)))
    })
  }
}

process.stdin.resume().on('end', () => process.exit())
