import { bunDirectory } from '../adapters/bun.ts'
import { fileHandler, type ServeOptions } from '../src/serve.ts'
import type { FileLookup } from '../src/source.ts'
import type { Address, Listening } from './host.ts'

declare const Bun: {
  serve(options: {
    hostname: string
    port: number
    idleTimeout: number
    development: boolean
    fetch(request: Request): Promise<Response>
  }): { readonly port: number; stop(): Promise<void> }
}

export { networkInterfaces } from 'node:os'

export const openDirectory: (root: string) => FileLookup = bunDirectory

export async function listen(
  lookup: FileLookup,
  options: ServeOptions,
  { address, port }: Address,
): Promise<Listening> {
  const server = Bun.serve({
    hostname: address,
    port,
    // By default Bun cuts off a player that pauses for 10 s.
    idleTimeout: 0,
    development: false,
    fetch: fileHandler(lookup, options),
  })
  return { port: server.port, drain: () => server.stop() }
}
