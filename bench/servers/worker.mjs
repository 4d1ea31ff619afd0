// A Worker in workerd with an R2 bucket, as miniflare simulates both: `byteserve`, `bare`, or `alike`,
// which is bare with the header fields of byteserve.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { Miniflare } from 'miniflare'

const [, , root, mode] = process.argv
const { outputFiles } = await build({
  stdin: {
    contents: mode === 'byteserve' ? byteserve() : bare(mode),
    resolveDir: fileURLToPath(new URL('.', import.meta.url)),
  },
  bundle: true,
  write: false,
  format: 'esm',
  target: 'es2022',
  conditions: ['workerd', 'worker', 'browser'],
})
const miniflare = new Miniflare({
  modules: true,
  script: outputFiles[0].text,
  compatibilityDate: '2026-04-01',
  host: '127.0.0.1',
  port: 0,
  r2Buckets: ['MEDIA'],
})
const { port } = await miniflare.ready
const bucket = await miniflare.getR2Bucket('MEDIA')
for (const name of readdirSync(root).filter((name) => /^(?:small|mega)/.test(name))) {
  // Not a Buffer, which miniflare takes for something else.
  const bytes = new Uint8Array(readFileSync(join(root, name)))
  await bucket.put(name, bytes, { httpMetadata: { contentType: 'video/mp4' } })
}
console.log(`PORT=${port}`)

function byteserve() {
  return `import { fileHandler } from '../../dist/src/index.js'
    import { r2Bucket } from '../../dist/adapters/r2.js'
    export default { fetch: (request, env) => fileHandler(r2Bucket(env.MEDIA))(request) }`
}

function bare(mode) {
  const alike = `{
    'accept-ranges': 'bytes',
    'content-length': String(range?.length ?? object.size),
    'content-type': object.httpMetadata.contentType,
    'x-content-type-options': 'nosniff',
    etag: object.httpEtag,
    'last-modified': object.uploaded.toUTCString(),
  }`
  return `export default {
    async fetch(request, env) {
      const [, first, last] = /^bytes=(\\d+)-(\\d+)$/.exec(request.headers.get('range') ?? '') ?? []
      const key = new URL(request.url).pathname.slice(1)
      const range = first && { offset: Number(first), length: Number(last) - Number(first) + 1 }
      const object = await env.MEDIA.get(key, range && { range })
      const headers = ${mode === 'alike' ? alike : '{}'}
      if (!range) return new Response(object.body, { headers })
      headers['content-range'] = \`bytes \${first}-\${last}/\${object.size}\`
      return new Response(object.body, { status: 206, headers })
    }
  }`
}
