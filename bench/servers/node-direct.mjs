// byteserve on node:http.
import { createServer } from 'node:http'
import { nodeDirectory, nodeListener } from '../../dist/adapters/node.js'

const server = createServer(nodeListener(nodeDirectory(process.argv[2])))
server.listen(0, '127.0.0.1', () => console.log(`PORT=${server.address().port}`))
