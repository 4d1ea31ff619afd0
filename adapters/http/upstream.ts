import type { FileSource } from '../../src/source.ts'
import { parseHttpDate } from '../../src/validators.ts'
import { within } from '../store/within.ts'
import { OriginError } from './failure.ts'
import { readLength } from './head.ts'

/** A file of another server: how it is asked for, however its requests are addressed and signed. */
export interface Upstream {
  /** What errors call it: nothing secret. */
  readonly name: string
  /**
   * Sends one request. A failure of the network is an OriginError; any other error is the caller's.
   */
  readonly send: (
    method: Method,
    fields: HeaderPairs,
    signal: AbortSignal | null,
  ) => Promise<Response>
  /** Whether its requests get a signal; else what is dropped is cancelled. */
  readonly hasSignal: boolean
  /** What else the head of its answer says of the file. */
  readonly describe?: (headers: Headers) => Pick<FileSource, 'digest'>
  /** How long it may be silent while it is being waited for, in ms. */
  readonly timeout: number
  /** How often a request is repeated that it could not answer, or a body that gave nothing. */
  readonly retries: number
}

export type Method = 'GET' | 'HEAD'

/** The fields of a request by name. */
export type HeaderPairs = Readonly<Record<string, string>>

/** A response whose body is unread. */
export interface Reply {
  readonly response: Response
  /** Ends it at once, and with it its connection. */
  readonly hangUp: () => void
}

/** The longest pause before a repetition, in ms; a longer Retry-After is left to the client. */
const LONGEST_PAUSE = 2000
/** The longest before the first repetition, in ms; each further one is up to four times as long. */
const FIRST_PAUSE = 200

/** Bodies of up to this many bytes are read to their end: their connection is worth more. */
const WORTH_READING = 16 * 1024

/**
 * Sends a request, and again where the server was busy or out of reach.
 *
 * @param signal ends the wait for the head; the body then has `hangUp`
 * @returns the response, whatever else its status is; of HEAD also a 500, if it stays
 * @throws OriginError when it stays busy, silent or out of reach, or gives no valid answer; or what
 * `send` throws
 */
export async function ask(
  upstream: Upstream,
  method: Method,
  fields: HeaderPairs,
  signal?: AbortSignal,
): Promise<Reply> {
  for (let failures = 0; ; failures++) {
    try {
      const reply = await attempt(upstream, method, fields, signal)
      const error = busy(upstream.name, reply.response)
      // Some servers fail at HEAD alone: the caller may do without.
      const isFailedHead = method === 'HEAD' && reply.response.status === 500
      if (error === null || (isFailedHead && failures >= upstream.retries)) return reply
      drop(upstream, reply)
      throw error
    } catch (thrown) {
      if (!(thrown instanceof OriginError) || thrown.status === 502) throw thrown
      const longest = Math.min(FIRST_PAUSE * 4 ** failures, LONGEST_PAUSE)
      // Jitter, so that requests that failed together are not repeated together.
      const wait = readRetryAfter(thrown.retryAfter) ?? longest * Math.random()
      if (failures >= upstream.retries || wait > LONGEST_PAUSE || signal?.aborted) throw thrown
      await pause(wait, signal)
    }
  }
}

/** One request. */
async function attempt(
  upstream: Upstream,
  method: Method,
  fields: HeaderPairs,
  signal: AbortSignal | undefined,
): Promise<Reply> {
  const { name, send, timeout, hasSignal } = upstream
  const controller = new AbortController()
  const abort = () => controller.abort()
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort)
  try {
    const sent = send(method, fields, hasSignal ? controller.signal : null)
    const response = await within(timeout, sent, abort)
    if (response === null) {
      // It may come all the same, if `fetch` ignores the signal.
      sent.then(cancel, () => {})
      throw new OriginError(504, name, `Expected an answer within ${timeout} ms, got none`)
    }
    const hangUp = () => {
      abort()
      // Some `fetch` ignores its signal.
      cancel(response)
    }
    return { response, hangUp }
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

/** Ends an unread body. */
export function cancel({ body }: Response): void {
  if (body !== null && !body.locked) body.cancel().catch(() => {})
}

/**
 * What fetch gives.
 *
 * @throws OriginError, as a rejection, in place of what fetch throws: that may quote the whole URL,
 * a signature included, but for a code such as `ECONNREFUSED`
 */
export async function reach(name: string, send: () => Promise<Response>): Promise<Response> {
  try {
    return await send()
  } catch (thrown) {
    if (thrown instanceof OriginError) throw thrown
    const { code, cause } = Object(thrown)
    const known = code ?? Object(cause).code
    const told = /^[A-Z]\w+$/.test(known) ? known : 'none'
    throw new OriginError(503, name, `Expected an answer, got ${told}`)
  }
}

/** Null if a server answered. */
function busy(name: string, { status, headers }: Response): OriginError | null {
  if (status !== 429 && status !== 408 && (status < 500 || status === 501)) return null
  const told = headers.get('retry-after') ?? undefined
  const retryAfter = readRetryAfter(told) === null ? undefined : told
  return new OriginError(503, name, `Expected the file, got status ${status}`, retryAfter)
}

/** Ms that a Retry-After asks to wait; null if it is none (RFC 9110 §10.2.3). */
function readRetryAfter(value = ''): number | null {
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000
  const now = Date.now()
  const date = parseHttpDate(value, now)
  return date === null ? null : Math.max(0, date - now)
}

/** @param signal ends it; not aborted by now */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end)
  })
}

/** Whether a status says that there is no such file. */
export function isMissing(status: number, missing: readonly number[] = []): boolean {
  return status === 404 || status === 410 || missing.includes(status)
}

/** Discards a body: a short one is read, so that its connection can be reused. */
export function drop({ timeout }: Upstream, { response, hangUp }: Reply): void {
  const length = readLength(response.headers) ?? Infinity
  if (length > WORTH_READING) {
    hangUp()
    return
  }
  const reader = response.body?.getReader()
  const giveUp = () => {
    hangUp()
    // Some `fetch` ignores its signal.
    reader?.cancel().catch(() => {})
  }
  within(timeout, readToEnd(reader), giveUp).catch(() => {})
}

async function readToEnd(reader?: ReadableStreamDefaultReader): Promise<void> {
  while (reader && !(await reader.read()).done);
}
