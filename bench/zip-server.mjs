// node bench/zip-server.mjs FOLDER: serves a folder as an archive, and says what memory it takes.
import { readdirSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { nodeFile, nodeListener } from '../dist/adapters/node.js'
import { Checksums, zip } from '../dist/adapters/zip.js'

const [folder] = process.argv.slice(2)
const members = readdirSync(folder).map((name) => {
  const path = join(folder, name)
  return { name, size: statSync(path).size, open: () => nodeFile(path, { keepOpen: 0 }) }
})
const checksums = new Checksums()
const open = async () => {
  // As a site does it: each file is looked at for each request.
  return zip(
    members.map(({ name, open }) => ({ name, open })),
    { checksums },
  )
}

let peak = 0
const look = () => {
  peak = Math.max(peak, process.memoryUsage.rss())
}
setInterval(look, 50).unref()

const serve = nodeListener(open)
const server = createServer((incoming, outgoing) => {
  if (incoming.url !== '/memory') return serve(incoming, outgoing)
  look()
  outgoing.end(String(peak))
  peak = 0
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
