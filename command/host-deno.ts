import * as os from 'node:os'
import { denoDirectory } from '../adapters/deno.ts'
import { fileHandler } from '../src/serve.ts'
import type { FileLookup } from '../src/source.ts'
import type { Address, Listening, Service } from './host.ts'

declare const Deno: {
  serve(
    options: { hostname: string; port: number; onListen(): void },
    handler: (
      request: Request,
      connection: { readonly remoteAddr: { readonly hostname: string } },
    ) => Promise<Response>,
  ): Server
  readonly permissions: {
    querySync(permission: { name: 'sys'; kind: 'networkInterfaces' }): { readonly state: string }
  }
}

interface Server {
  readonly addr: { readonly port: number }
  /** Rejects when the server ends because a connection can't be accepted. */
  readonly finished: Promise<void>
  shutdown(): Promise<void>
}

/** How long to wait for a descriptor if none is left for another connection, in ms. */
const RECOVERY = 100

export const networkInterfaces: typeof os.networkInterfaces = () => {
  const { state } = Deno.permissions.querySync({ name: 'sys', kind: 'networkInterfaces' })
  return state === 'granted' ? os.networkInterfaces() : {}
}

export function openDirectory(root: string): FileLookup {
  return denoDirectory(root, { native: true })
}

export async function listen(
  { lookup, optionsFor }: Service,
  { address, port }: Address,
): Promise<Listening> {
  let isDraining = false
  let server = listenOn(port)
  const bound = server.addr.port
  return {
    port: bound,
    drain() {
      isDraining = true
      return server.shutdown()
    },
  }

  function listenOn(port: number): Server {
    // Deno would print its own line on standard output.
    const listening = { hostname: address, port, onListen() {} }
    const server = Deno.serve(listening, (request, { remoteAddr }) => {
      return fileHandler(lookup, optionsFor(remoteAddr.hostname))(request)
    })
    server.finished.catch(() => setTimeout(listenAgain, RECOVERY))
    return server
  }

  function listenAgain(): void {
    if (isDraining) return
    try {
      server = listenOn(bound)
    } catch {
      // Meanwhile files have taken the free descriptors, or another program the port.
      setTimeout(listenAgain, RECOVERY)
    }
  }
}
