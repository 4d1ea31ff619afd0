// npm ci && npm run build && node dist/examples/express.js [PORT]
import { nodeDirectory, nodeListener } from 'byteserve/node'
import express from 'express'

const app = express()

// Requests for missing files, and with methods other than GET and HEAD, go to the next handler.
app.use('/media', nodeListener(nodeDirectory('examples/media')))
app.use((_request, response) => {
  response.status(404).end()
})

const server = app.listen(Number(process.argv[2] ?? 8080), '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object') console.log(`http://127.0.0.1:${address?.port}/`)
})
