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
import { readAnswer } from './neighbours.ts'
import { type BodyReader, closeSource } from './reader.ts'
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

/** One request on its way to an answer. */
export interface Exchange<Context extends readonly unknown[], Begun> {
  readonly request: RequestLike
  /** What the host passed beside it. */
  readonly context: Context
  readonly watch: Watch
  readonly begin: Begin<Begun>
}

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
  async match<Begun>(exchange: Exchange<Context, Begun>): Promise<Begun | null> {
    const { request, context } = exchange
    if (answerMethod(request.method) !== null) return null
    // Before the file is found: a date that is young then may not be strong later.
    const now = Date.now()
    let found: Found | undefined
    try {
      found = await this.#lookup(request, ...context)
    } catch (thrown) {
      return this.#fail(exchange, thrown)
    }
    return found ? this.#answer(exchange, found, now) : null
  }

  /** Answers one request with what was found already; null is a 404. */
  async serve<Begun>(exchange: Exchange<Context, Begun>, found: Found | undefined): Promise<Begun> {
    const refusal = answerMethod(exchange.request.method)
    if (refusal === null) return this.#answer(exchange, found ?? NOT_FOUND)
    close(exchange, found)
    return this.#answer(exchange, refusal)
  }

  async #answer<Begun>(
    exchange: Exchange<Context, Begun>,
    found: FileSource | Answer,
    now: number = Date.now(),
  ): Promise<Begun> {
    const { request, begin } = exchange
    const source = isSource(found) ? found : null
    let reader: BodyReader | null = null
    try {
      const decided = isSource(found)
        ? answerFile(this.#limits, request, found, now)
        : answerAsGiven(request, found)
      const answer = this.#withFields(exchange, decided)
      reader = readAnswer(answer, source)
      const begun = await begin(answer, reader && { reader, source })
      if (reader === null) close(exchange, source)
      return begun
    } catch (thrown) {
      if (reader === null) close(exchange, source)
      else reader.close()
      return this.#fail(exchange, thrown)
    }
  }

  /** A 503 has the fields of every answer, too, unless making them is what fails. */
  #fail<Begun>(exchange: Exchange<Context, Begun>, thrown: unknown): Begun | Promise<Begun> {
    let answer = UNAVAILABLE
    try {
      answer = this.#withFields(exchange, answer)
    } catch {}
    return exchange.begin(answer, null, reasonOf(thrown))
  }

  #withFields(exchange: Exchange<Context, unknown>, answer: Answer): Answer {
    const { headers } = this.#options
    if (headers === undefined) return answer
    const { request, context } = exchange
    const added =
      typeof headers === 'function'
        ? readFields(headers(answer, request, ...context), COMPUTED_FIELDS)
        : this.#fields
    return { ...answer, headers: addFields(answer.headers, added) }
  }
}

/** Closes what was found, if there is anything to close. Nobody waits for it. */
async function close(
  { request, watch }: Exchange<readonly unknown[], unknown>,
  found: Found | undefined,
): Promise<void> {
  if (isSource(found)) watch.report(request, await closeSource(found))
}
