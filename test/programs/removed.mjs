// Answers with a file that is removed between the lookup and the body.
import { rmSync } from 'node:fs'
import process from 'node:process'
import { serveFile } from '../../dist/src/index.js'

const [, , path] = process.argv
const source =
  'Deno' in globalThis
    ? await (await import('../../dist/adapters/deno.js')).denoFile(path, { native: true })
    : await (await import('../../dist/adapters/bun.js')).bunFile(path)
rmSync(path)
const response = await serveFile(new Request('http://localhost/'), source)
const bytes = new Uint8Array(await response.arrayBuffer())
console.log(response.status, bytes.length, new Set(bytes).size)
