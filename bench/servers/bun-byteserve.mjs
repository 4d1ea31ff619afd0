import { bunDirectory } from '../../dist/adapters/bun.js'
import { fileHandler } from '../../dist/src/index.js'

const fetch = fileHandler(bunDirectory(process.argv[2]))
const server = Bun.serve({ port: 0, hostname: '127.0.0.1', idleTimeout: 0, fetch })
console.log(`PORT=${server.port}`)
