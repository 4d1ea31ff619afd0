import { setTimeout as delay } from 'node:timers/promises'
import { fileHandler } from '../../src/serve.ts'
import type { Address, Listening, Service } from './host.ts'

declare const Bun: {
  serve(options: {
    hostname: string
    port: number
    reusePort: boolean
    idleTimeout: number
    development: boolean
    tls?: Address['tls'] | undefined
    fetch(request: Request, server: Server): Promise<Response>
  }): Server
}

interface Server {
  readonly port: number
  /** How many responses are under way. */
  readonly pendingRequests: number
  requestIP(request: Request): { readonly address: string } | null
  /** @param isForced whether connections are closed that have responses under way */
  stop(isForced?: boolean): Promise<void>
}

export { hostname, networkInterfaces } from 'node:os'
export { bunDirectory as openDirectory } from '../../adapters/bun.ts'
export { writeLog } from '../log/stderr.ts'
export { joinPrimary, startWorker } from '../workers/threads.ts'

/** How often to look whether a response is still under way, in ms. */
const LOOK_EVERY = 50

export async function listen(
  { lookup, options, onBegin, onServed }: Service,
  { address, port, tls, isShared }: Address,
): Promise<Listening> {
  const answer = fileHandler<[client?: string]>(lookup, { ...options, onBegin, onServed })
  const server = Bun.serve({
    hostname: address,
    port,
    reusePort: isShared,
    // By default Bun cuts off a player that pauses for 10 s.
    idleTimeout: 0,
    development: false,
    ...(tls !== null && { tls }),
    // As Bun itself would call it.
    fetch: (request, server) => answer.call(server, request, server.requestIP(request)?.address),
  })
  return {
    port: server.port,
    drain: () => stop(false),
    hangUp: () => stop(true),
  }

  // Not until `stop` is fulfilled, which also waits for connections that sent no whole request.
  async function stop(isForced: boolean): Promise<void> {
    void server.stop(isForced)
    while (server.pendingRequests > 0) await delay(LOOK_EVERY)
  }
}
