// byteserve behind a Fetch adapter of Node.
import { serve } from '@hono/node-server'
import { nodeDirectory } from '../../dist/adapters/node.js'
import { fileHandler } from '../../dist/src/index.js'

const fetch = fileHandler(nodeDirectory(process.argv[2], { native: process.argv[3] === 'native' }))
serve({ fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => console.log(`PORT=${port}`))
