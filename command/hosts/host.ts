import type { networkInterfaces } from 'node:os'
import process from 'node:process'
import type { SiteOptions } from '../../adapters/site/site-options.ts'
import type { FileLookup } from '../../src/lookup.ts'
import type { ServeOptions } from '../../src/respond.ts'
import type { Served, Serving } from '../../src/served.ts'
import type { FromWorker, ToWorker } from '../workers/messages.ts'

export interface Address {
  /** An IP address. */
  readonly address: string
  readonly port: number
  /** PEM, for HTTPS; null for HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null
  /** Whether other workers listen there, too. */
  readonly isShared: boolean
}

/** What is served, how a client is answered, and who is told. */
export interface Service {
  readonly lookup: FileLookup
  readonly options: Omit<ServeOptions, 'onBegin' | 'onServed'>
  onBegin(serving: Serving): void
  /** @param client its IP address */
  onServed(served: Served, client?: string): void
}

/** What a runtime must offer to be served from: its files and its server. */
export interface Host {
  /** This machine's addresses; none if the runtime would have to ask its user first. */
  readonly networkInterfaces: typeof networkInterfaces
  /** This machine's name; '' if the runtime would have to ask its user first. */
  hostname(): string
  /**
   * Writes lines to standard error, while the server goes on; fulfilled with how many of them were
   * lost, and never rejects.
   */
  readonly writeLog: (text: string) => Promise<number>
  openDirectory(root: string, options: SiteOptions): FileLookup
  /** Rejects when the address can't be listened on. */
  listen(service: Service, address: Address): Promise<Listening>
  /**
   * Runs `worker.ts` in a process or a thread of its own.
   *
   * @param hear is called with what it says
   * @param leave is called with the reason when it is gone
   * @throws Failure if the runtime can't share a port, or in a bundle
   */
  startWorker(hear: (message: FromWorker) => void, leave: (reason: string) => void): Worker
  /**
   * For `worker.ts`: listens to the process that started it.
   *
   * @returns a function that answers that process
   */
  joinPrimary(hear: (message: ToWorker) => void): (message: FromWorker) => void
}

/** A worker, as the process sees it that a person started. */
export interface Worker {
  say(message: ToWorker): void
  /** Ends it at once. */
  stop(): void
}

/** A server that accepts requests. */
export interface Listening {
  readonly port: number
  /** Accepts no more connections; fulfilled once no response is under way. */
  drain(): Promise<void>
  /** Breaks off the responses under way; fulfilled once whoever watches them was told. */
  hangUp(): Promise<void>
}

/** Loads the server and the files of this runtime only. */
export function loadHost(): Promise<Host> {
  if (process.versions.bun !== undefined) return import('./bun.ts')
  if (process.versions.deno !== undefined) return import('./deno.ts')
  return import('./node.ts')
}
