import type { Exchange } from './exchange.ts'
import type { Subject } from './subject.ts'

/** What a check is good for. */
export type Aim = 'plays' | 'resumes' | 'caches' | 'cors'

/** What a check found. */
export type Finding =
  | { readonly outcome: 'pass' | 'unknown' | 'unanswered' | 'info'; readonly found: string }
  | {
      readonly outcome: 'fail'
      readonly found: string
      readonly shownBy: Exchange
      /** Which of the row's faults it is, where their advice differs; null: the usual one. */
      readonly fault: string | null
    }

/** One thing to know about a server. */
export interface Check {
  /** Stable, for programs. */
  readonly id: string
  readonly aim: Aim
  /** What is right, as a sentence. */
  readonly title: string
  /** Earlier checks. If one of them fails, this is unknown: it would tell the same fault again. */
  readonly after?: readonly string[]
  /** Asks what it needs and judges it. Each fault is reported by one check only. */
  readonly judge: (file: Subject) => Promise<Finding>
}

export function pass(found: string): Finding {
  return { outcome: 'pass', found }
}

export function fail(found: string, shownBy: Exchange, fault: string | null = null): Finding {
  return { outcome: 'fail', found, shownBy, fault }
}

export function unknown(found: string): Finding {
  return { outcome: 'unknown', found }
}

/** Unknown, because the server gave no answer that tells anything. */
export function unanswered(found: string): Finding {
  return { outcome: 'unanswered', found }
}

export function info(found: string): Finding {
  return { outcome: 'info', found }
}

/**
 * Whether an answer says nothing about how the server is made: it limits our requests, or is out of
 * order at the moment.
 */
export function isBusy({ status }: Exchange): boolean {
  return status === 429 || status === 502 || status === 503 || status === 504
}

/** What came too little or too much of a body whose end can be told; null if nothing did. */
export function miscountOf({ framing, length, end, body, surplus }: Exchange): string | null {
  if (framing === 'chunked' && (end === 'short' || end === 'stalled')) {
    return 'the end of the chunked body did not come'
  }
  if (framing !== 'length') return null
  if (end === 'short') return `${countBytes(body.length)} came of ${length}`
  if (end === 'stalled') return `${countBytes(body.length)} came of ${length}, and then no more`
  return surplus > 0 ? `more came than the announced ${countBytes(length ?? 0)}` : null
}

export function countBytes(count: number): string {
  return count === 1 ? '1 byte' : `${count} bytes`
}

/** An answer's first line. */
export function statusOf({ status, reason }: Exchange): string {
  return `${status} ${reason}`.trim()
}

/** A field as it came; `no …` if it did not. */
export function fieldOf({ fields }: Exchange, name: string): string {
  const value = fields.get(name.toLowerCase())
  return value === undefined ? `no ${name}` : `${name}: ${value}`
}
