import { type Answer, answer, answerMethod, UNAVAILABLE } from './answer.ts'
import { expectLimits, type RangeLimits } from './decide.ts'
import { expectFunction, reasonOf } from './errors.ts'
import { closeSource } from './reader.ts'
import type { Observers } from './served.ts'
import type { FileLookup, FileSource, RequestLike } from './source.ts'

/** Options of `fileHandler`, `serveFile` and `nodeListener`. */
export interface ServeOptions extends RangeLimits, Observers {}

/** @throws RangeError or TypeError if an option is invalid */
export function expectOptions(options: ServeOptions): void {
  expectLimits(options)
  expectFunction('onError', options.onError)
  expectFunction('onServed', options.onServed)
}

/** An answer that is ready to be written, as a Response or directly to Node. */
export interface Prepared extends Answer {
  /** What the ranges of the body are read from; null if there is no body, and nothing is open. */
  readonly source: FileSource | null
  /** What caused the 503, or what closing the source threw if the answer has no body. */
  readonly error?: unknown
}

/** Looks up the file and decides the answer; nothing is read yet. Any failure becomes a 503. */
export async function prepare(
  request: RequestLike,
  lookup: FileLookup,
  options: ServeOptions,
): Promise<Prepared> {
  // Before the file is found: a date that is young then may not be strong later.
  const now = Date.now()
  let source: FileSource | null = null
  try {
    source = (await lookup(request)) ?? null
    const answered = answer(request, source, now, options)
    if (answered.pieces.length > 0) return { ...answered, source }
    return { ...answered, source: null, error: await closeSource(source) }
  } catch (thrown) {
    await closeSource(source)
    return { ...UNAVAILABLE, source: null, error: reasonOf(thrown) }
  }
}

/**
 * Calls the lookup for GET and HEAD only: any other method gets the same answer for every file.
 *
 * @throws TypeError unless the lookup is a function
 */
export function forGetAndHead(lookup: FileLookup): FileLookup {
  if (typeof lookup !== 'function') throw new TypeError(`Expected a lookup, got ${lookup}`)
  return (request) => (answerMethod(request.method) === null ? lookup(request) : null)
}
