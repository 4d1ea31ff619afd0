// deno.mjs DIR OPTIONS, the latter as JSON
import process from 'node:process'
import { fileHandler } from 'byteserve'
import { denoDirectory } from 'byteserve/deno'
import { options, orFailing } from './failing.mjs'

const [root, directoryOptions] = process.argv.slice(2)
const fetch = fileHandler(orFailing(denoDirectory(root, JSON.parse(directoryOptions))), options)
Deno.serve({ hostname: '127.0.0.1', port: 0, onListen: ({ port }) => console.log(port) }, fetch)

process.stdin.resume().on('end', () => process.exit())
