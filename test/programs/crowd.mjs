// Finds file after file, in a process that may open fewer than these, and lets go of each.
import process from 'node:process'
import { nodeFile } from '../../dist/adapters/node.js'

let found = 0
for (const path of process.argv.slice(2)) {
  const file = await nodeFile(path)
  await file.close()
  found++
}
console.log(found)
