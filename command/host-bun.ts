import { bunDirectory } from '../adapters/bun.ts'
import { fileHandler } from '../src/serve.ts'
import type { FileLookup } from '../src/source.ts'
import type { Address, Listening, Service } from './host.ts'

declare const Bun: {
  serve(options: {
    hostname: string
    port: number
    idleTimeout: number
    development: boolean
    fetch(request: Request, server: Server): Promise<Response>
  }): Server
}

interface Server {
  readonly port: number
  requestIP(request: Request): { readonly address: string } | null
  stop(): Promise<void>
}

export { networkInterfaces } from 'node:os'

export const openDirectory: (root: string) => FileLookup = bunDirectory

export async function listen(
  { lookup, optionsFor }: Service,
  { address, port }: Address,
): Promise<Listening> {
  const server = Bun.serve({
    hostname: address,
    port,
    // By default Bun cuts off a player that pauses for 10 s.
    idleTimeout: 0,
    development: false,
    fetch(request, server) {
      const options = optionsFor(server.requestIP(request)?.address)
      return fileHandler(lookup, options)(request)
    },
  })
  return { port: server.port, drain: () => server.stop() }
}
