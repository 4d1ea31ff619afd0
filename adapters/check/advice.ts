import { CACHES_ADVICE } from './advice/caches.ts'
import { CORS_ADVICE } from './advice/cors.ts'
import { PLAYS_ADVICE } from './advice/plays.ts'
import { RESUMES_ADVICE } from './advice/resumes.ts'
import type { KnownServer } from './server.ts'

/** What a failure means, and what to do about it. */
export interface Advice {
  /** For the people who use the file. */
  readonly consequence: string
  /** For whoever runs the server. */
  readonly fix: string
  /** The same, for a server that is known. */
  readonly fixes?: Readonly<Partial<Record<KnownServer, string>>>
}

/** By the name of a check. */
export const ADVICE: Readonly<Record<string, Advice>> = {
  ...PLAYS_ADVICE,
  ...RESUMES_ADVICE,
  ...CACHES_ADVICE,
  ...CORS_ADVICE,
}
