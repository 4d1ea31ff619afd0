const { serveAll } = require('./serve-all.mjs')

serveAll({
  ...require('byteserve'),
  ...require('byteserve/blob'),
  ...require('byteserve/bun'),
  ...require('byteserve/deno'),
  ...require('byteserve/node'),
  ...require('byteserve/r2'),
})
