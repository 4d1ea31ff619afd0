import {
  type Answer,
  answerAsGiven,
  answerFile,
  answerMethod,
  NOT_FOUND,
  UNAVAILABLE,
} from './answer.ts'
import { expectLimits, type Limits, type RangeLimits } from './decide.ts'
import { expectFunction, reasonOf } from './errors.ts'
import { addFields, COMPUTED_FIELDS, type HeaderFields, readFields } from './headers.ts'
import { expectLookup, type FileLookup, type Found, isSource } from './lookup.ts'
import { type BodyReader, closeSource, readAnswer } from './reader.ts'
import { type Observers, ObserverWatch, type Watch } from './served.ts'
import type { FileSource, HeadersLike, RequestLike } from './source.ts'

/** Options of `fileHandler`, `matchFile`, `serveFile` and `nodeListener`. */
export interface ServeOptions<Context extends readonly unknown[] = readonly unknown[]>
  extends RangeLimits,
    Observers<Context> {
  /**
   * Header fields of every answer, those of a 204, 404, 405 and 503 included; or a function that
   * gives them. They take the place of what the file or the lookup says; computed fields stay.
   *
   * @example
   * fileHandler(lookup, { headers: { 'access-control-allow-origin': '*' } })
   */
  readonly headers?:
    | HeadersLike
    | ((answer: Answer, request: RequestLike, ...context: Context) => HeadersLike | undefined)
    | undefined
}

/** The body of an answer, and the file that it is read from. */
export interface Body {
  readonly reader: BodyReader
  /** Null for the body of an Answer that a lookup gave. */
  readonly source: FileSource | null
}

/**
 * Begins to write an answer, as a Response or to Node's: makes the first read of its body, and only
 * then decides the head. What it throws comes before the head is sent, and becomes a 503.
 *
 * @param body null if there is none
 * @param error what made the answer a 503
 */
export type Begin<Begun> = (
  answer: Answer,
  body: Body | null,
  error?: unknown,
) => Begun | Promise<Begun>

/** Answers requests with what a lookup finds. Its options are checked once. */
export class Responder<Context extends readonly unknown[]> {
  readonly #lookup: FileLookup<Context>
  readonly #options: ServeOptions<Context>
  readonly #limits: Limits
  /** The fields of every answer, unless a function gives them. */
  readonly #fields: HeaderFields

  /** @throws RangeError or TypeError if an option is invalid or `lookup` is not a function */
  constructor(lookup: FileLookup<Context>, options: ServeOptions<Context>) {
    expectLookup(lookup)
    for (const name of ['onError', 'onBegin', 'onServed'] as const) {
      expectFunction(name, options[name])
    }
    const { headers } = options
    this.#lookup = lookup
    this.#options = options
    this.#limits = expectLimits(options)
    this.#fields = typeof headers === 'function' ? {} : readFields(headers, COMPUTED_FIELDS)
  }

  /** Starts to watch a response. */
  watch(context: Context): Watch {
    return new ObserverWatch(this.#options, () => context)
  }

  /**
   * Answers one request: looks up the file, decides, and begins to write. Null if there is no such
   * file, or the method is neither GET nor HEAD.
   */
  async match<Begun>(
    request: RequestLike,
    context: Context,
    watch: Watch,
    begin: Begin<Begun>,
  ): Promise<Begun | null> {
    if (answerMethod(request.method) !== null) return null
    // Before the file is found: a date that is young then may not be strong later.
    const now = Date.now()
    let found: Found = null
    try {
      found = (await this.#lookup(request, ...context)) ?? null
    } catch (thrown) {
      return begin(this.#unavailable(request, context), null, reasonOf(thrown))
    }
    return found && this.#answer(request, found, context, watch, begin, now)
  }

  /** Answers one request with what was found already; null is a 404. */
  async serve<Begun>(
    request: RequestLike,
    found: Found | undefined,
    context: Context,
    watch: Watch,
    begin: Begin<Begun>,
  ): Promise<Begun> {
    const refusal = answerMethod(request.method)
    if (refusal === null) return this.#answer(request, found ?? NOT_FOUND, context, watch, begin)
    if (isSource(found)) void this.#close(found, request, watch)
    return this.#answer(request, refusal, context, watch, begin)
  }

  async #answer<Begun>(
    request: RequestLike,
    found: FileSource | Answer,
    context: Context,
    watch: Watch,
    begin: Begin<Begun>,
    now: number = Date.now(),
  ): Promise<Begun> {
    const source = isSource(found) ? found : null
    let reader: BodyReader | null = null
    try {
      const answer = this.#withFields(
        isSource(found)
          ? answerFile(this.#limits, request, found, now)
          : answerAsGiven(request, found),
        request,
        context,
      )
      reader = readAnswer(answer, source)
      if (reader === null) void this.#close(source, request, watch)
      return await begin(answer, reader && { reader, source })
    } catch (thrown) {
      if (reader === null) void this.#close(source, request, watch)
      else reader.close()
      const answer = this.#unavailable(request, context)
      return begin(answer, null, reasonOf(thrown))
    }
  }

  async #close(source: FileSource | null, request: RequestLike, watch: Watch): Promise<void> {
    watch.report(request, await closeSource(source))
  }

  #withFields(answer: Answer, request: RequestLike, context: Context): Answer {
    const { headers } = this.#options
    if (headers === undefined) return answer
    const added =
      typeof headers === 'function'
        ? readFields(headers(answer, request, ...context), COMPUTED_FIELDS)
        : this.#fields
    return { ...answer, headers: addFields(answer.headers, added) }
  }

  /** A 503 has the fields of every answer, unless making them is what fails. */
  #unavailable(request: RequestLike, context: Context): Answer {
    try {
      return this.#withFields(UNAVAILABLE, request, context)
    } catch {
      return UNAVAILABLE
    }
  }
}
