import { type Answer, answer, answerMethod, UNAVAILABLE } from './answer.ts'
import { closeSource } from './body.ts'
import type { RangeLimits } from './decide.ts'
import { reasonOf } from './errors.ts'
import type { Observers } from './served.ts'
import type { FileLookup, FileSource, RequestLike } from './source.ts'

/** Options of `fileHandler`, `serveFile` and `nodeListener`. */
export interface ServeOptions extends RangeLimits, Observers {}

/** An answer that is ready to be written, as a Response or directly to Node. */
export interface Prepared extends Answer {
  /** Where the ranges among the pieces are read from; null when nothing is, and nothing is open. */
  readonly source: FileSource | null
  /** What caused the 503, or what closing the source of another answer threw. */
  readonly error?: unknown
}

/** Looks the file up and decides the answer; nothing of it is read yet. Any failure becomes a 503. */
export async function prepare(
  request: RequestLike,
  lookup: FileLookup,
  options: ServeOptions,
): Promise<Prepared> {
  let source: FileSource | null = null
  try {
    source = (await lookup(request)) ?? null
    const answered = answer(request, source, Date.now(), options)
    if (answered.pieces.length > 0) return { ...answered, source }
    return { ...answered, source: null, error: await closeSource(source) }
  } catch (thrown) {
    await closeSource(source)
    return { ...UNAVAILABLE, source: null, error: reasonOf(thrown) }
  }
}

/**
 * The lookup, called for GET and HEAD only: the answer to any other method is the same for every file.
 *
 * @throws TypeError unless it is a function
 */
export function onlyReads(lookup: FileLookup): FileLookup {
  if (typeof lookup !== 'function') throw new TypeError(`Expected a lookup, got ${lookup}`)
  return (request) => (answerMethod(request.method) === null ? lookup(request) : null)
}
