// The pure Response on Node: node-fetch.mjs DIR
import process from 'node:process'
import { serve } from '@hono/node-server'
import { fileHandler } from 'byteserve'
import { nodeDirectory } from 'byteserve/node'
import { options, orFailing } from './failing.mjs'

const fetch = fileHandler(orFailing(nodeDirectory(process.argv[2])), options)
serve({ fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => console.log(port))

process.stdin.resume().on('end', () => process.exit())
