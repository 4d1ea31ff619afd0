import type { Answer } from './answer.ts'
import { unexpected } from './errors.ts'
import type { FileSource, RequestLike } from './source.ts'

/** What a lookup finds: a file, an answer such as a redirect, or null: there is no such file. */
export type Found = FileSource | Answer | null

/**
 * Maps a GET or HEAD request to what is found for it. It gets the whole request, so that an object
 * store can answer in one round trip, and what the host passes beside it: `(request, server)` in
 * Bun, `(request, info)` in Deno, `(request, env, ctx)` in Workers, and `(incoming, outgoing)`
 * under `nodeListener`. If it throws or rejects, the answer is a 503, and `onError` is called.
 *
 * Preconditions and ranges apply to files only; an Answer is sent as it is, without its body for
 * HEAD.
 *
 * @example
 * ```ts
 * const lookup: FileLookup<[env: Env]> = (request, env) => r2File(env.MEDIA, 'film.mp4', request)
 * ```
 */
export type FileLookup<Context extends readonly unknown[] = readonly unknown[]> = (
  request: RequestLike,
  ...context: Context
) => Found | undefined | Promise<Found | undefined>

/**
 * Whether a lookup found a file, rather than an answer or nothing.
 *
 * @example
 * ```ts
 * const media = nodeDirectory('media')
 * fileHandler(async (request) => {
 *   const found = await media(request)
 *   return isSource(found) ? { ...found, type: 'video/mp4' } : found
 * })
 * ```
 */
export function isSource(found: Found | undefined): found is FileSource {
  return Object(found) === found && !isAnswer(found)
}

/** Whether a lookup answered by itself. */
export function isAnswer(found: Found | undefined): found is Answer {
  return 'pieces' in Object(found)
}

/** @throws TypeError unless the lookup is a function */
export function expectLookup(lookup: unknown): void {
  if (typeof lookup !== 'function') throw unexpected('a lookup', lookup)
}
