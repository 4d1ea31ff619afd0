import type { networkInterfaces } from 'node:os'
import type { SiteOptions } from '../adapters/site/site-options.ts'
import type { FileLookup } from '../src/lookup.ts'
import type { ServeOptions } from '../src/respond.ts'

export interface Address {
  /** An IP address. */
  readonly address: string
  readonly port: number
  /** PEM, for HTTPS; null for HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null
}

/** What is served, and how a client is answered. */
export interface Service {
  readonly lookup: FileLookup
  /** @param clientOf tells the IP address of a request's client, while it is connected */
  options<Context extends readonly unknown[]>(
    clientOf: (...context: Context) => string | undefined,
  ): ServeOptions<Context>
}

/** What a runtime must offer to be served from: its files and its server. */
export interface Host {
  /** This machine's addresses; none if the runtime would have to ask its user first. */
  readonly networkInterfaces: typeof networkInterfaces
  /** This machine's name; '' if the runtime would have to ask its user first. */
  hostname(): string
  /** A variable of the environment; undefined if the runtime would have to ask its user first. */
  variable(name: string): string | undefined
  /** Writes to standard error, while the server goes on; never rejects. */
  writeLog(text: string): Promise<void>
  openDirectory(root: string, options: SiteOptions): FileLookup
  /** Rejects when the address can't be listened on. */
  listen(service: Service, address: Address): Promise<Listening>
}

/** A server that accepts requests. */
export interface Listening {
  readonly port: number
  /** Accepts no more connections; fulfilled once no response is under way. */
  drain(): Promise<void>
}
