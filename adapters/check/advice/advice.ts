import type { KnownServer } from '../server.ts'

/** What a failure means, and what to do about it. */
export interface Advice {
  /** For the people who use the file. */
  readonly consequence: string
  /** For the server's operator. */
  readonly fix: string
  /** What to do about it on a server that is known. */
  readonly fixes?: Readonly<Partial<Record<KnownServer, string>>>
  /** What to do about a fault that has another remedy than the others of its row. */
  readonly faults?: Readonly<Record<string, Remedy>>
}

/** What to do about a fault. */
export type Remedy = Pick<Advice, 'fix' | 'fixes'>

/** A way out where no setting helps. */
export const BYTESERVE: string =
  'Serve the file with byteserve (nodeListener of byteserve/node) in place of express.static'
