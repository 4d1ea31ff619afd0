// npm ci && npm run build && node dist/examples/node.js [PORT]
import { createServer } from 'node:http'
import { nodeDirectory, nodeListener } from 'byteserve/node'

const port = Number(process.argv[2] ?? 8080)
const server = createServer(nodeListener(nodeDirectory('examples/media')))

server.listen(port, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object') console.log(`http://127.0.0.1:${address?.port}/`)
})
