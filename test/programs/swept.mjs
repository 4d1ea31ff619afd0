// Lets go of two files, waits until one is closed that was to stay open no longer, and is done.
import { readdirSync, readlinkSync } from 'node:fs'
import process from 'node:process'
import { setTimeout } from 'node:timers/promises'
import { nodeFile } from '../../dist/adapters/node.js'

const [lasting, brief] = process.argv.slice(2)
await (await nodeFile(lasting, { keepOpen: 600_000 })).close()
await (await nodeFile(brief, { keepOpen: 1 })).close()
while (openPaths().includes(brief)) await setTimeout(20)
console.log(openPaths().includes(lasting))

function openPaths() {
  return readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return ''
    }
  })
}
