import type { Answer } from '../../src/answer.ts'

/**
 * Another server did not give what was asked of it. Neither the message nor the answer has a query
 * or credentials in it.
 */
export class OriginError extends Error {
  /** Survives minification. */
  override readonly name = 'OriginError'
  /** 502: it answered what it must not. 503: it is busy or out of reach. 504: it fell silent. */
  readonly status: 502 | 503 | 504
  /** What it got or did instead, without its name. */
  readonly reason: string
  /** As the other server said it. */
  readonly retryAfter: string | undefined
  /** Whether it gave other bytes than were asked for, as a server does that has no ranges. */
  readonly isOtherRange: boolean = false

  /** The origin names the other server, without query and credentials. */
  constructor(status: 502 | 503 | 504, origin: string, reason: string, retryAfter?: string) {
    super(`${origin}: ${reason}`)
    this.status = status
    this.reason = reason
    this.retryAfter = retryAfter
  }
}

/** The error for a server that answered what it must not. */
export function misanswer(
  { name }: { readonly name: string },
  expected: string,
  got: string,
): OriginError {
  return new OriginError(502, name, `Expected ${expected}, got ${got}`)
}

/** The error for a server that gave other bytes than were asked for. */
export function otherRange(
  origin: { readonly name: string },
  range: string,
  got: string,
): OriginError {
  return Object.assign(misanswer(origin, `${range} of the file`, got), { isOtherRange: true })
}

/** The answer to a client whose file could not be got; it does not say from where. */
export function toAnswer(error: OriginError): Answer {
  const { status, reason, retryAfter } = error
  const text = new TextEncoder().encode(`${reason}\n`)
  const headers = {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    ...(status === 503 ? { 'retry-after': retryAfter ?? '1' } : {}),
  }
  return { status, headers, pieces: [text], error }
}
