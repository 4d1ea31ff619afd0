import type { Advice } from './advice/advice.ts'
import { CACHES_ADVICE } from './advice/caches.ts'
import { CORS_ADVICE } from './advice/cors.ts'
import { PLAYS_ADVICE } from './advice/plays.ts'
import { RESUMES_ADVICE } from './advice/resumes.ts'

/** By the name of a check. */
export const ADVICE: Readonly<Record<string, Advice>> = {
  ...PLAYS_ADVICE,
  ...RESUMES_ADVICE,
  ...CACHES_ADVICE,
  ...CORS_ADVICE,
}
