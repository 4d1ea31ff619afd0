import type { Answer } from './answer.ts'
import { lengthOf } from './range.ts'
import type { RequestLike } from './source.ts'

/** Who is told what became of a response. */
export interface Observers {
  /**
   * Called for every failure that becomes a 503 or cuts a connection, and when a source can't be
   * closed; `console.error` by default. What it throws is logged.
   */
  readonly onError?: ((error: unknown, request: RequestLike) => void) | undefined
  /**
   * Called once per response, when its last byte was handed over or its client hung up; not for
   * requests that `nodeListener` passes on to `next`. What it throws is logged.
   */
  readonly onServed?: ((served: Served) => void) | undefined
}

/**
 * What became of a response.
 *
 * A body that is handed to the runtime as a whole can't be watched: `sent` is null, `aborted`
 * false, and `duration` ends when the Response is made. This holds for the native bodies of Bun,
 * Deno and R2 and, under Fetch, for bodies of up to the source's `bufferLimit`: 128 KiB, or 1 MiB
 * with `bunFile` and `bunDirectory`. `nodeListener` watches every body.
 */
export interface Served {
  /**
   * The request that the lookup got. If the response was dropped unread and garbage collected, a
   * copy of its method, URL and header fields.
   */
  readonly request: RequestLike
  /**
   * The status code of byteserve's answer. If the host timed out and answered instead, the client
   * got another one; `aborted` is then true, unless this answer has no body.
   */
  readonly status: number
  /** The answer's header fields, by lower-case name. */
  readonly headers: Answer['headers']
  /** Bytes of the body that were handed over, 0 without one; null if the runtime doesn't tell. */
  readonly sent: number | null
  /** Whether the client hung up before the end. */
  readonly aborted: boolean
  /** What cut the response short or made it a 503, if anything did. */
  readonly error?: unknown
  /** From the request to the last byte or the hang-up, in ms. */
  readonly duration: number
}

/** Tells the observers what became of a response; only the first call counts. */
export type Conclude = (
  request: RequestLike,
  answered: Answer,
  sent: number | null,
  error?: unknown,
) => void

/** Starts to watch one response. Holds no request: whoever concludes passes one. */
export function watch({ onError = log, onServed }: Observers): Conclude {
  const started = performance.now()
  let isOver = false
  return (request, { status, headers, pieces }, sent, error) => {
    if (isOver) return
    isOver = true
    const aborted = error === undefined && sent !== null && sent < lengthOf(pieces)
    const duration = performance.now() - started
    if (error !== undefined) tell(() => onError(error, request))
    if (onServed === undefined) return
    tell(() => onServed({ request, status, headers, sent, aborted, error, duration }))
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
