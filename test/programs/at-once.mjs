// On Bun or Deno: what comes of twenty ranges of a file that are asked for at once. Prints `same` or
// `mixed`. The argument says what stands between: `hono`, @hono/node-server's Response in place of
// the runtime's own, which may keep its bytes; `wrapped`, a lookup that changes what another finds.
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createAdaptorServer } from '@hono/node-server'
import { bunDirectory } from '../../dist/adapters/bun.js'
import { denoDirectory } from '../../dist/adapters/deno.js'
import { fileHandler } from '../../dist/src/index.js'

const root = mkdtempSync(join(tmpdir(), 'byteserve-'))
const path = join(root, 'bytes.bin')
const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i / 5000)
writeFileSync(path, bytes)
utimesSync(path, 5000, 5000)
const lookup = process.versions.bun === undefined ? denoDirectory(root) : bunDirectory(root)

async function wrapped(request) {
  const file = await lookup(request)
  const native = {
    ...file.read.native,
    body: async (start, end) => (await file.read.native.body(start, end)) ?? null,
  }
  return { ...file, read: Object.assign((...range) => file.read(...range), { native }) }
}

const native = Response
if (process.argv[2] === 'hono') {
  createAdaptorServer({ fetch: () => new Response() })
  if (Response === native) throw new Error('Expected another Response')
}
const handler = fileHandler(process.argv[2] === 'hono' ? lookup : wrapped)
const starts = Array.from({ length: 20 }, (_, i) => i * 5000)
const responses = await Promise.all(
  starts.map((start) => {
    const headers = { range: `bytes=${start}-${start + 4999}` }
    return handler(new Request('http://localhost/bytes.bin', { headers }))
  }),
)
const bodies = await Promise.all(responses.map((response) => response.arrayBuffer()))
const isSame = bodies.every(
  (body, i) => body.byteLength === 5000 && new Uint8Array(body).every((byte) => byte === i),
)
rmSync(root, { recursive: true })
console.log(isSame ? 'same' : 'mixed')
process.exit()
