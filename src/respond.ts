import { type Answer, answer, answerMethod, NOT_FOUND, UNAVAILABLE } from './answer.ts'
import { readAnswer } from './assemble.ts'
import { expectLimits, type RangeLimits } from './decide.ts'
import { expectFunction, expectOptions, reasonOf } from './errors.ts'
import { addFields, COMPUTED_FIELDS, readFields } from './headers.ts'
import { expectLookup, type FileLookup, type Found, isSource } from './lookup.ts'
import { type BodyReader, closeSource } from './reader.ts'
import { hangUpSignal } from './runtime.ts'
import { HANG_UP, type Observers } from './served.ts'
import type { FileSource, HeadersLike, NativeRead, RequestLike } from './source.ts'

/** Options of `fileHandler`, `matchFile`, `serveFile` and `nodeListener`. */
export interface ServeOptions<Context extends readonly unknown[] = readonly unknown[]>
  extends RangeLimits,
    Observers<Context> {
  /**
   * Header fields of every answer, those of a 204, 404, 405 and 503 included; or a function that
   * gives them. They take the place of what the file or the lookup says. Computed fields stay, and
   * so do Content-Type and Content-Encoding, which belong to what is sent.
   *
   * @example
   * ```ts
   * fileHandler(lookup, { headers: { 'access-control-allow-origin': '*' } })
   * ```
   */
  readonly headers?:
    | HeadersLike
    | ((answer: Answer, request: RequestLike, ...context: Context) => HeadersLike | undefined)
    | undefined
}

/**
 * Begins to write an answer, as a Response or to Node's: makes the first read of its body, and only
 * then decides the head. What it throws comes before the head is sent, and becomes a 503.
 *
 * @param reader of no bytes if the answer has no body
 * @param native the runtime's own ways to a file's bytes
 */
export type Begin<Begun> = (
  answer: Answer,
  reader: BodyReader,
  native?: NativeRead,
) => Begun | Promise<Begun>

/** One request on its way to an answer. */
export interface Call<Context extends readonly unknown[], Begun> {
  readonly request: RequestLike
  /** What the host passed beside it. */
  readonly context: Context
  readonly begin: Begin<Begun>
}

/** Answers requests with what a lookup finds. */
interface Responder<Context extends readonly unknown[]> {
  /**
   * Null if another handler may answer: there is no such file, or the method is not for files. The
   * preflight for a file is answered where `headers` has the fields for it, as `cors` does.
   */
  match<Begun>(call: Call<Context, Begun>): Promise<Begun | null>
  /** Answers in any case: with a 404 if there is no such file. */
  answer<Begun>(call: Call<Context, Begun>): Promise<Begun>
  /** Answers with what was found already; null is a 404. */
  serve<Begun>(call: Call<Context, Begun>, found: Found | undefined): Promise<Begun>
}

/** @throws RangeError or TypeError if an option is invalid or `lookup` is not a function */
export function respondTo<Context extends readonly unknown[]>(
  lookup: FileLookup<Context>,
  options: ServeOptions<Context>,
): Responder<Context> {
  expectLookup(lookup)
  expectOptions(options, 'options like { headers: cors() }')
  const limits = expectLimits(options)
  for (const name of ['onError', 'onBegin', 'onServed'] as const) {
    expectFunction(name, options[name])
  }
  const { headers } = options
  const added =
    headers === undefined || typeof headers === 'function'
      ? headers
      : readFields(headers, COMPUTED_FIELDS)
  return {
    async match(call) {
      const refusal = answerMethod(call.request.method)
      if (!refusal) return answerWith(call, lookup)
      const isOurs = await isPreflight(call, refusal).catch(() => false)
      return isOurs ? answerWith(call, () => refusal) : null
    },
    answer(call) {
      const refusal = answerMethod(call.request.method)
      return answerWith(call, refusal ? () => refusal : lookup, NOT_FOUND)
    },
    serve: (call, found) => answerWith(call, () => found, NOT_FOUND),
  }

  /**
   * Finds, decides and begins to write.
   *
   * @param fallback the answer if nothing is found; without one, null
   */
  function answerWith<Begun>(
    call: Call<Context, Begun>,
    find: FileLookup<Context>,
    fallback: Answer,
  ): Promise<Begun>
  function answerWith<Begun>(
    call: Call<Context, Begun>,
    find: FileLookup<Context>,
  ): Promise<Begun | null>
  async function answerWith<Begun>(
    call: Call<Context, Begun>,
    find: FileLookup<Context>,
    fallback?: Answer,
  ): Promise<Begun | null> {
    const { request, context, begin } = call
    // Before the file is found: a date that is young then may not be strong later.
    const now = Date.now()
    let source: FileSource | null = null
    let reader: BodyReader | null = null
    try {
      const found = (await find(request, ...context)) || fallback
      if (!found) return null
      if (isSource(found)) source = found
      else if (found.yields && !fallback) return null
      const answered = complete(call, answer(request, found, now, limits))
      reader = readAnswer(answered, source)
      return await begin(withoutHangUp(request, answered), reader, source?.read.native)
    } catch (thrown) {
      reader?.close()
      let answered: Answer = { ...UNAVAILABLE, error: reasonOf(thrown) }
      try {
        answered = complete(call, answered)
      } catch {
        // The option `headers` is what failed: the 503 is sent without its fields.
      }
      const rest = readAnswer(answered, reader ? null : source)
      // An error from closing the failed body is reported, too.
      if (reader) rest.closed = reader.closed
      return begin(withoutHangUp(request, answered), rest)
    }
  }

  /** Whether this is a CORS preflight for a file that exists. */
  async function isPreflight(call: Call<Context, unknown>, refusal: Answer): Promise<boolean> {
    const { method, url, headers } = call.request
    const asked = headers.get('access-control-request-method') ?? ''
    const isAsked = method === 'OPTIONS' && !answerMethod(asked)
    if (!isAsked || !complete(call, refusal).headers['access-control-allow-methods']) {
      return false
    }
    const found = await lookup({ method: 'HEAD', url, headers }, ...call.context)
    if (isSource(found)) void closeSource(found)
    return isSource(found) || (!!found && !found.yields)
  }

  /** An answer with the fields that every answer has. */
  function complete({ request, context }: Call<Context, unknown>, answered: Answer): Answer {
    if (!added) return answered
    const fields =
      typeof added === 'function'
        ? readFields(added(answered, request, ...context), COMPUTED_FIELDS)
        : added
    return { ...answered, headers: addFields(answered.headers, fields) }
  }
}

/** Why an answer failed does not matter after the client hung up. */
function withoutHangUp(request: RequestLike, answered: Answer): Answer {
  const { error } = answered
  return error && hangUpSignal(request)?.aborted ? { ...answered, error: HANG_UP } : answered
}
