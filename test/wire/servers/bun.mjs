// bun.mjs DIR OPTIONS, the latter as JSON
import process from 'node:process'
import { fileHandler } from 'byteserve'
import { bunDirectory } from 'byteserve/bun'
import { options, orFailing } from './failing.mjs'

const [root, directoryOptions] = process.argv.slice(2)
const fetch = fileHandler(orFailing(bunDirectory(root, JSON.parse(directoryOptions))), options)
const { port } = Bun.serve({ fetch, hostname: '127.0.0.1', port: 0, idleTimeout: 0 })
console.log(port)

process.stdin.resume().on('end', () => process.exit())
