import type { networkInterfaces } from 'node:os'
import type { ServeOptions } from '../src/prepare.ts'
import type { FileLookup } from '../src/source.ts'

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
  /** This machine's addresses; none where the runtime would have to ask its user first. */
  readonly networkInterfaces: typeof networkInterfaces
  openDirectory(root: string): FileLookup
  /** Rejects when the address can't be listened on. */
  listen(service: Service, address: Address): Promise<Listening>
}

/** A server that takes requests. */
export interface Listening {
  readonly port: number
  /** Takes no more connections; fulfilled when no response is under way any more. */
  drain(): Promise<void>
}
