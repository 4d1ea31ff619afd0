/** What the examples use of Bun and Deno. Projects get it from @types/bun, or from Deno itself. */
declare const Bun: {
  serve(options: {
    port: number
    hostname: string
    idleTimeout: number
    fetch(request: Request): Response | Promise<Response>
  }): { readonly url: URL }
}

declare const Deno: {
  readonly args: readonly string[]
  serve(
    options: { port: number; hostname: string },
    handler: (request: Request) => Response | Promise<Response>,
  ): unknown
}
