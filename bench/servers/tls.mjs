// A server over TLS: `tls.mjs DIR direct|fetch|native|send http1|http2 KEY CERT`.
import { readFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import { createServer } from 'node:https'
import { getRequestListener } from '@hono/node-server'
import send from 'send'
import { nodeDirectory, nodeListener } from '../../dist/adapters/node.js'
import { fileHandler } from '../../dist/src/index.js'

const [root, which, protocol, key, cert] = process.argv.slice(2)
const listeners = {
  direct: () => nodeListener(nodeDirectory(root)),
  fetch: () => getRequestListener(fileHandler(nodeDirectory(root))),
  native: () => getRequestListener(fileHandler(nodeDirectory(root, { native: true }))),
  send: () => (request, response) => send(request, request.url, { root }).pipe(response),
}
const create = protocol === 'http2' ? createSecureServer : createServer
const server = create({ key: readFileSync(key), cert: readFileSync(cert) }, listeners[which]())
server.listen(0, '127.0.0.1', () => console.log(`PORT=${server.address().port}`))
