// No fetch layer between: node-direct.mjs DIR
import { createServer } from 'node:http'
import process from 'node:process'
import { nodeDirectory, nodeListener } from 'byteserve/node'
import { options, orFailing } from './failing.mjs'

const server = createServer(nodeListener(orFailing(nodeDirectory(process.argv[2])), options))
server.listen(0, '127.0.0.1', () => console.log(server.address().port))

process.stdin.resume().on('end', () => process.exit())
