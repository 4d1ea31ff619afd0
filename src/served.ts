import type { Answer } from './answer.ts'
import type { RequestLike } from './source.ts'

/** Who is told what becomes of a response. Each also gets what the host passed to the handler. */
export interface Observers<Context extends readonly unknown[] = readonly unknown[]> {
  /**
   * Called for every failure that becomes a 502, 503 or 504 or cuts a connection, and when a source
   * can't be closed; `console.error` by default. What it throws is logged.
   */
  readonly onError?:
    | ((error: unknown, request: RequestLike, ...context: Context) => void)
    | undefined
  /**
   * Called once per response, when its head is decided and its first bytes were read, or its client
   * hung up before; always ahead of `onServed`. What it throws is logged. Under Fetch, not before a
   * lookup or first read is over, even if the client is gone: one that never ends is never told.
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
 * ```ts
 * const running = new Map<RequestLike, Serving>()
 * fileHandler(lookup, {
 *   onBegin: (serving) => running.set(serving.request, serving),
 *   onServed: ({ request }) => running.delete(request),
 * })
 * ```
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
   * Bytes of the body that were handed over so far, 0 without one; null if the runtime doesn't
   * tell.
   *
   * A body that is handed to the runtime as a whole can't be watched. This holds for the native
   * bodies of Node, Bun, Deno and R2 and, under Fetch, for bodies of up to 128 KiB; on Bun up to
   * 1 MiB with `bunFile`, `bunDirectory`, `cached`, and files of another server or of S3.
   * `nodeListener` watches every body.
   */
  readonly sent: number | null
}

/** What became of a response. */
export interface Served extends Serving {
  /** Whether the client hung up before the end; false where `sent` is null. */
  readonly aborted: boolean
  /** What cut the response short or made it a 502, 503 or 504, if anything did. */
  readonly error?: unknown
  /**
   * From the request to the last byte or the hang-up, in ms; where `sent` is null, to the moment
   * when the Response was made.
   */
  readonly duration: number
}

/** How much of a body was handed over: to the runtime, or to a socket where that is watched. */
export interface Progress {
  /** In bytes, so far; null if the runtime doesn't tell. */
  readonly sent: number | null
  /** How many it is to be in all; Infinity while nobody knows. */
  readonly length: number
  /** Once its source is being closed: fulfilled with what that threw, or undefined. */
  readonly closed?: Promise<unknown> | undefined
}

/**
 * Stands for an error after the client hung up: why something failed then does not matter. It is
 * also what a body fails with that was closed before its end.
 */
export const HANG_UP: Error = /* @__PURE__ */ new Error('Aborted')

/** Tells the observers of one response. */
export interface Watch {
  /** The head is decided. */
  begin(request: RequestLike, answer: Answer, progress: Progress): void
  /**
   * The response is over; only the first call counts.
   *
   * @param failure what went wrong besides what the answer says; or HANG_UP
   */
  end(request: RequestLike, answer: Answer, progress: Progress, failure?: unknown): void
  /**
   * A watch for a response that may be garbage collected. It refers only weakly to what the host
   * passed, which may lead to the body: observers get undefined for what was collected.
   */
  weakly(): Watch
}

/** How far a response has come. */
interface Course {
  /** When the request came, on the clock of `performance`. */
  readonly started: number
  isBegun: boolean
  isOver: boolean
}

/** It holds no request, which could keep a body from being collected: each call passes one. */
export class ResponseWatch<Context extends readonly unknown[]> implements Watch {
  readonly #observers: Observers<Context>
  readonly #context: () => Context
  readonly #course: Course

  /** @param context gives what the host passed: a watch that is `weakly` kept may have lost it */
  constructor(
    observers: Observers<Context>,
    context: () => Context,
    course: Course = { started: performance.now(), isBegun: false, isOver: false },
  ) {
    this.#observers = observers
    this.#context = context
    this.#course = course
  }

  begin(request: RequestLike, answer: Answer, progress: Progress): void {
    this.#course.isBegun = true
    const { onBegin } = this.#observers
    if (onBegin) void this.#tell(onBegin, new LiveServing(request, answer, progress))
  }

  end(request: RequestLike, answer: Answer, progress: Progress, failure?: unknown): void {
    const { started, isBegun, isOver } = this.#course
    if (isOver) return
    this.#course.isOver = true
    // Every response has a beginning, also where the client was gone before the first read.
    if (!isBegun) this.begin(request, answer, progress)
    const { sent, length, closed } = progress
    const reason = answer.error ?? failure
    const error = reason === HANG_UP ? undefined : reason
    this.#report(request, error)
    void closed?.then((thrown) => this.#report(request, thrown))
    const { onServed } = this.#observers
    if (!onServed) return
    const { status, headers } = answer
    const isCut = error === undefined && sent !== null && sent < length
    const aborted = isCut || reason === HANG_UP
    const duration = performance.now() - started
    void this.#tell(onServed, { request, status, headers, sent, aborted, error, duration })
  }

  weakly(): Watch {
    return new ResponseWatch(this.#observers, weakened(this.#context()), this.#course)
  }

  #report(request: RequestLike, error: unknown): void {
    const { onError = log } = this.#observers
    if (error !== undefined) void this.#tell(onError, error, request)
  }

  /** What an observer throws, at once or as a rejection, is logged and must not end the process. */
  async #tell<Told extends unknown[]>(
    observer: (...told: [...Told, ...Context]) => void,
    ...told: Told
  ): Promise<void> {
    try {
      await observer(...told, ...this.#context())
    } catch (thrown) {
      log(thrown)
    }
  }
}

/**
 * Gives the same values in the same order, or undefined for what was garbage collected: there, the
 * type promises observers more than they get.
 */
function weakened<Context extends readonly unknown[]>(context: Context): () => Context {
  const kept = context.map((value) => {
    // Workers of a compatibility date before 2025-05-05 have no WeakRef.
    const mayBeWeak = value instanceof Object && globalThis.WeakRef
    return mayBeWeak ? new WeakRef(value) : { deref: () => value }
  })
  return () => kept.map((value) => value.deref()) as readonly unknown[] as Context
}

/** A class: V8 would keep an object with a getter of its own, and all it leads to, for long. */
class LiveServing implements Serving {
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

function log(error: unknown, ..._others: readonly unknown[]): void {
  try {
    console.error(error)
  } catch {
    // Printing a value may run code of its own, and that failed.
    console.error("Failed with a value that can't be printed")
  }
}
