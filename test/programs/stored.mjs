// Stores a block in a directory that is not there yet, and reads it again.
import process from 'node:process'
import { directoryTier } from '../../dist/adapters/cache-directory.js'

const tier = directoryTier(process.argv[2])
await tier.put('key', new Uint8Array(10))
console.log((await tier.get('key'))?.length)
