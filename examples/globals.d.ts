/** What the examples use of Bun and Deno. Projects get it from @types/bun, or from Deno itself. */
declare const Bun: {
  serve(options: {
    port?: number
    hostname?: string
    idleTimeout?: number
    fetch(request: Request, server: BunServer): Response | Promise<Response>
  }): BunServer
}

interface BunServer {
  readonly url: URL
  requestIP(request: Request): { readonly address: string } | null
}

declare const Deno: {
  readonly args: readonly string[]
  serve(handler: (request: Request, info: DenoInfo) => Response | Promise<Response>): unknown
  serve(
    options: { port?: number; hostname?: string },
    handler: (request: Request, info: DenoInfo) => Response | Promise<Response>,
  ): unknown
}

interface DenoInfo {
  readonly remoteAddr: { readonly hostname: string }
}
