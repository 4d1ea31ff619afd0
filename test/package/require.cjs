const manifest = require('byteserve/package.json')
const { serveAll } = require('./serve-all.mjs')

const doors = {}
for (const name of Object.keys(manifest.exports)) {
  if (name !== './package.json') doors[name] = require(`byteserve${name.slice(1)}`)
}
serveAll(doors)
