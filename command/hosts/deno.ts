import * as os from 'node:os'
import { denoDirectory } from '../../adapters/deno.ts'
import { isGranted } from '../../adapters/local/permission.ts'
import type { SiteOptions } from '../../adapters/site/site-options.ts'
import type { FileLookup } from '../../src/lookup.ts'
import { fileHandler } from '../../src/serve.ts'
import { Failure } from '../failure.ts'
import { lineWriter } from '../log/writer.ts'
import * as threads from '../workers/threads.ts'
import type { Address, Host, Listening, Service } from './host.ts'

export { joinPrimary } from '../workers/threads.ts'

declare const Deno: {
  serve(
    options: {
      hostname: string
      port: number
      reusePort: boolean
      cert?: string
      key?: string
      /** Aborted, it closes the server and all of its connections. */
      signal: AbortSignal
      onListen(): void
    },
    handler: (request: Request, info: HandlerInfo) => Promise<Response>,
  ): Server
  /** Only with `--unstable-net`, as is `reusePort`: without it, that ends the process. */
  readonly listenDatagram?: unknown
  readonly stderr: { write(bytes: Uint8Array): Promise<number> }
}

/** `Deno.ServeHandlerInfo`. */
interface HandlerInfo {
  readonly remoteAddr: { readonly hostname: string }
  /** Rejects when the client hung up before the end of its response. */
  readonly completed: Promise<void>
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
  return isGranted({ name: 'sys', kind: 'networkInterfaces' }) ? os.networkInterfaces() : {}
}

export function hostname(): string {
  return isGranted({ name: 'sys', kind: 'hostname' }) ? os.hostname() : ''
}

/**
 * Deno's `process.stderr` would stop the whole server until somebody reads a full pipe, and throw
 * when a disk is full.
 */
export const writeLog: Host['writeLog'] = lineWriter((bytes) => Deno.stderr.write(bytes))

export function openDirectory(root: string, options: SiteOptions): FileLookup {
  return denoDirectory(root, { native: true, ...options })
}

export const startWorker: Host['startWorker'] = (hear, leave) => {
  if (Deno.listenDatagram !== undefined) return threads.startWorker(hear, leave)
  throw new Failure('--workers needs deno run --unstable-net, for workers to share a port')
}

export async function listen(
  { lookup, options, onBegin, onServed }: Service,
  { address, port, tls, isShared }: Address,
): Promise<Listening> {
  const answer = fileHandler<[client?: string]>(lookup, { ...options, onBegin, onServed })
  const running = new Set<Promise<void>>()
  const controller = new AbortController()
  let isDraining = false
  let server = listenOn(port)
  const bound = server.addr.port
  return {
    port: bound,
    async drain() {
      isDraining = true
      // A server that ended leaves its connections behind.
      await Promise.all([server.shutdown(), ...running])
    },
    async hangUp() {
      // To abort what shuts down, or has, ends the process by an error: it then ends by itself.
      if (isDraining) return
      isDraining = true
      controller.abort()
      await Promise.all(running)
    },
  }

  function listenOn(port: number): Server {
    // Deno would print its own line on standard output.
    const listening = { hostname: address, port, reusePort: isShared, ...tls, onListen() {} }
    const { signal } = controller
    const server = Deno.serve({ ...listening, signal }, (request, info) => {
      const over = info.completed.catch(() => {}).finally(() => running.delete(over))
      running.add(over)
      return answer(request, info.remoteAddr.hostname)
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
