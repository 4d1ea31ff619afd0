import type { networkInterfaces } from 'node:os'
import type { FileLookup } from '../src/lookup.ts'
import type { ServeOptions } from '../src/respond.ts'

export interface Address {
  /** An IP address. */
  readonly address: string
  readonly port: number
}

/** What is served, and how a client is answered. */
export interface Service {
  readonly lookup: FileLookup
  /** @param client its IP address, where the runtime knows it */
  optionsFor(client: string | undefined): ServeOptions
}

/** What a runtime must offer to be served from: its files and its server. */
export interface Host {
  /** This machine's addresses; none if the runtime would have to ask its user first. */
  readonly networkInterfaces: typeof networkInterfaces
  /** Writes to standard error, while the server goes on; never rejects. */
  writeLog(text: string): Promise<void>
  openDirectory(root: string): FileLookup
  /** Rejects when the address can't be listened on. */
  listen(service: Service, address: Address): Promise<Listening>
}

/** A server that accepts requests. */
export interface Listening {
  readonly port: number
  /** Accepts no more connections; fulfilled once no response is under way. */
  drain(): Promise<void>
}
