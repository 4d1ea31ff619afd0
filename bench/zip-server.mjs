// node bench/zip-server.mjs FOLDER: serves it, `/?zip` as an archive, and says what memory it takes.
import { createServer } from 'node:http'
import { nodeDirectory, nodeListener } from '../dist/adapters/node.js'
import { zipFolder } from '../dist/adapters/zip.js'

const [folder] = process.argv.slice(2)

let peak = 0
const look = () => {
  peak = Math.max(peak, process.memoryUsage.rss())
}
setInterval(look, 50).unref()

const serve = nodeListener(nodeDirectory(folder, { download: zipFolder }))
const server = createServer((incoming, outgoing) => {
  if (incoming.url !== '/memory') return serve(incoming, outgoing)
  look()
  outgoing.end(String(peak))
  peak = 0
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
