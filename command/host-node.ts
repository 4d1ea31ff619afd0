import { createServer, type ServerResponse } from 'node:http'
import { nodeDirectory, nodeListener } from '../adapters/node.ts'
import type { FileLookup } from '../src/lookup.ts'
import type { Address, Listening, Service } from './host.ts'

export { networkInterfaces } from 'node:os'
export { writeLog } from './stderr.ts'

export const openDirectory: (root: string) => FileLookup = nodeDirectory

export async function listen(
  { lookup, optionsFor }: Service,
  { address, port }: Address,
): Promise<Listening> {
  const running = new Set<ServerResponse>()
  let isDraining = false
  let whenIdle = () => {}

  const server = createServer((incoming, outgoing) => {
    const leave = () => {
      running.delete(outgoing)
      if (running.size === 0) whenIdle()
    }
    running.add(outgoing)
    outgoing.once('close', leave)
    // A response that waits behind another on its connection is not told about a hang-up.
    incoming.once('aborted', leave)
    if (isDraining) outgoing.setHeader('connection', 'close')
    const options = optionsFor(incoming.socket.remoteAddress)
    void nodeListener(lookup, options)(incoming, outgoing)
  })
  await new Promise<void>((resolve, reject) => {
    // It stays for good: a connection that can't be accepted later must not end the process.
    server.on('error', reject)
    server.listen(port, address, resolve)
  })
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    // Not by the callback of `close`, which also waits for connections that sent no whole request.
    async drain() {
      isDraining = true
      server.close()
      if (running.size > 0) await new Promise<void>((resolve) => (whenIdle = resolve))
    },
  }
}
