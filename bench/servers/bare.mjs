// The floor of node:http: constant answers, no file looked at.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'

const body = readFileSync(join(process.argv[2], 'small.mp4'))
const etag = '"constant"'
const fields = { 'content-type': 'video/mp4', 'content-length': String(body.length), etag }

const server = createServer(({ method, url, headers }, response) => {
  if (headers['if-none-match'] === etag) response.writeHead(304, { etag }).end()
  else if (headers.range !== undefined) response.writeHead(416, { 'content-length': '0' }).end()
  else if (url !== '/small.mp4') response.writeHead(404, { 'content-length': '0' }).end()
  else response.writeHead(200, fields).end(method === 'HEAD' ? undefined : body)
})
server.listen(0, '127.0.0.1', () => console.log(`PORT=${server.address().port}`))
