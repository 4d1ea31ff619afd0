import { denoDirectory } from '../adapters/deno.ts'
import { fileHandler, type ServeOptions } from '../src/serve.ts'
import type { FileLookup } from '../src/source.ts'
import type { Address, Listening } from './host.ts'

declare const Deno: {
  serve(
    options: { hostname: string; port: number; onListen(): void },
    handler: (request: Request) => Promise<Response>,
  ): { readonly addr: { readonly port: number }; shutdown(): Promise<void> }
}

export function openDirectory(root: string): FileLookup {
  return denoDirectory(root, { native: true })
}

export async function listen(
  lookup: FileLookup,
  options: ServeOptions,
  { host, port }: Address,
): Promise<Listening> {
  const handler = fileHandler(lookup, options)
  // Deno would print its own line on standard output.
  const server = Deno.serve({ hostname: host, port, onListen() {} }, handler)
  return { port: server.addr.port, drain: () => server.shutdown() }
}
