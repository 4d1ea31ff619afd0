// With `native` as second argument: Deno's own file streams.
import { denoDirectory } from '../../dist/adapters/deno.js'
import { fileHandler } from '../../dist/src/index.js'

const [root, mode] = Deno.args
const handler = fileHandler(denoDirectory(root, { native: mode === 'native' }))
const onListen = ({ port }) => console.log(`PORT=${port}`)
Deno.serve({ port: 0, hostname: '127.0.0.1', onListen }, handler)
