import type { Answer } from './answer.ts'
import type { RequestLike } from './source.ts'

/** Who is told what becomes of a response. Each also gets what the host passed to the handler. */
export interface Observers<Context extends readonly unknown[] = readonly unknown[]> {
  /**
   * Called for every failure that becomes a 503 or cuts a connection, and when a source can't be
   * closed; `console.error` by default. What it throws is logged.
   */
  readonly onError?:
    | ((error: unknown, request: RequestLike, ...context: Context) => void)
    | undefined
  /**
   * Called once per response, when its head is decided and its first bytes were read. What it throws
   * is logged.
   */
  readonly onBegin?: ((serving: Serving, ...context: Context) => void) | undefined
  /**
   * Called once per response, when its last byte was handed over or its client hung up; not for
   * requests that `nodeListener` passes on to `next`. What it throws is logged.
   */
  readonly onServed?: ((served: Served, ...context: Context) => void) | undefined
}

/**
 * A response under way.
 *
 * @example
 * const running = new Map<RequestLike, Serving>()
 * fileHandler(lookup, {
 *   onBegin: (serving) => running.set(serving.request, serving),
 *   onServed: ({ request }) => running.delete(request),
 * })
 */
export interface Serving {
  /** What was asked: the same object for `onBegin` and `onServed` of one response. */
  readonly request: RequestLike
  /**
   * The status code of byteserve's answer. If the host timed out and answered instead, the client
   * got another one; `aborted` is then true, unless this answer has no body.
   */
  readonly status: number
  /** The answer's header fields, by lower-case name. */
  readonly headers: Answer['headers']
  /**
   * Bytes of the body that were handed over so far, 0 without one; null if the runtime doesn't tell.
   *
   * A body that is handed to the runtime as a whole can't be watched. This holds for the native
   * bodies of Bun, Deno and R2 and, under Fetch, for bodies of up to 128 KiB, or 1 MiB with `bunFile`
   * and `bunDirectory`. `nodeListener` watches every body.
   */
  readonly sent: number | null
}

/** What became of a response. */
export interface Served extends Serving {
  /** Whether the client hung up before the end; false where `sent` is null. */
  readonly aborted: boolean
  /** What cut the response short or made it a 503, if anything did. */
  readonly error?: unknown
  /**
   * From the request to the last byte or the hang-up, in ms; where `sent` is null, to the moment
   * when the Response was made.
   */
  readonly duration: number
}

/** How much of a body was handed over. */
export interface Progress {
  /** In bytes, so far; null if the runtime doesn't tell. */
  readonly sent: number | null
  /** How many it is to be in all; Infinity while nobody knows. */
  readonly length: number
  /** Fulfilled once its source is closed, with what that threw, or undefined. */
  readonly closed?: Promise<unknown> | undefined
}

/** Of an answer without a body. */
export const NO_BODY: Progress = { sent: 0, length: 0 }

/** Of a body that the runtime has taken as a whole. */
export const UNTOLD: Progress = { sent: null, length: 0 }

/** Tells the observers of one response. */
export interface Watch {
  /** Whether anybody wants to know of responses that have only begun. */
  readonly isLive: boolean
  /** The head is decided. */
  begin(request: RequestLike, answer: Answer, progress: Progress): void
  /** The response is over; only the first call counts. */
  end(request: RequestLike, answer: Answer, progress: Progress, error?: unknown): void
  /** Something failed, unless `error` is undefined. */
  report(request: RequestLike, error: unknown): void
  /**
   * A watch for a response that may be garbage collected. Whatever the host passed may lead to the
   * body, which could then never be collected: what is gone by then is undefined.
   */
  weakly(): Watch
}

/** A class: V8 would keep an object with a getter of its own, and all it leads to, for long. */
class Live implements Serving {
  readonly request: RequestLike
  readonly status: number
  readonly headers: Answer['headers']
  readonly #progress: Progress

  constructor(request: RequestLike, { status, headers }: Answer, progress: Progress) {
    this.request = request
    this.status = status
    this.headers = headers
    this.#progress = progress
  }

  get sent(): number | null {
    return this.#progress.sent
  }
}

/** Holds no request: whoever tells something passes one. */
export class ObserverWatch<Context extends readonly unknown[]> implements Watch {
  readonly #observers: Observers<Context>
  readonly #context: () => Context
  readonly #started: number
  #isOver = false

  constructor(
    observers: Observers<Context>,
    context: () => Context,
    started: number = performance.now(),
  ) {
    this.#observers = observers
    this.#context = context
    this.#started = started
  }

  get isLive(): boolean {
    return this.#observers.onBegin !== undefined
  }

  begin(request: RequestLike, answer: Answer, progress: Progress): void {
    const { onBegin } = this.#observers
    if (onBegin === undefined) return
    const serving = new Live(request, answer, progress)
    tell(() => onBegin(serving, ...this.#context()))
  }

  end(
    request: RequestLike,
    { status, headers }: Answer,
    progress: Progress,
    error?: unknown,
  ): void {
    if (this.#isOver) return
    this.#isOver = true
    this.report(request, error)
    void progress.closed?.then((failure) => this.report(request, failure))
    const { onServed } = this.#observers
    if (onServed === undefined) return
    const { sent, length } = progress
    const aborted = error === undefined && sent !== null && sent < length
    const duration = performance.now() - this.#started
    const served: Served = { request, status, headers, sent, aborted, error, duration }
    tell(() => onServed(served, ...this.#context()))
  }

  report(request: RequestLike, error: unknown): void {
    if (error === undefined) return
    const { onError = log } = this.#observers
    tell(() => onError(error, request, ...this.#context()))
  }

  weakly(): Watch {
    const kept = this.#context().map((value) => {
      return value instanceof Object ? new WeakRef(value) : value
    })
    const context = () => kept.map((value) => (value instanceof WeakRef ? value.deref() : value))
    // The context's own values, or undefined, in the same order.
    return new ObserverWatch(
      this.#observers,
      () => context() as readonly unknown[] as Context,
      this.#started,
    )
  }
}

/** What an observer throws, at once or as a rejection, is logged and must not end the process. */
async function tell(observer: () => unknown): Promise<void> {
  try {
    await observer()
  } catch (thrown) {
    log(thrown)
  }
}

function log(error: unknown): void {
  try {
    console.error(error)
  } catch {
    // Printing a value may run code of its own, and that failed.
    console.error("Failed with a value that can't be printed")
  }
}
