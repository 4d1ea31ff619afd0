import { readFile } from 'node:fs/promises'
import { serveAll } from './serve-all.mjs'

const manifest = JSON.parse(await readFile('node_modules/byteserve/package.json', 'utf8'))
const doors = {}
for (const name of Object.keys(manifest.exports)) {
  if (name !== './package.json') doors[name] = await import(`byteserve${name.slice(1)}`)
}
await serveAll(doors)
