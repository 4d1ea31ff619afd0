import * as os from 'node:os'
import { denoDirectory } from '../adapters/deno.ts'
import { fileHandler, type ServeOptions } from '../src/serve.ts'
import type { FileLookup } from '../src/source.ts'
import type { Address, Listening } from './host.ts'

declare const Deno: {
  serve(
    options: { hostname: string; port: number; onListen(): void },
    handler: (request: Request) => Promise<Response>,
  ): { readonly addr: { readonly port: number }; shutdown(): Promise<void> }
  readonly permissions: {
    querySync(permission: { name: 'sys'; kind: 'networkInterfaces' }): { readonly state: string }
  }
}

export const networkInterfaces: typeof os.networkInterfaces = () => {
  const { state } = Deno.permissions.querySync({ name: 'sys', kind: 'networkInterfaces' })
  return state === 'granted' ? os.networkInterfaces() : {}
}

export function openDirectory(root: string): FileLookup {
  return denoDirectory(root, { native: true })
}

export async function listen(
  lookup: FileLookup,
  options: ServeOptions,
  { address, port }: Address,
): Promise<Listening> {
  const handler = fileHandler(lookup, options)
  // Deno would print its own line on standard output.
  const server = Deno.serve({ hostname: address, port, onListen() {} }, handler)
  return { port: server.addr.port, drain: () => server.shutdown() }
}
