import { setTimeout } from 'node:timers/promises'
import { parseHttpUrl } from '../site/url-path.ts'
import type { ConnectionTerms } from './connection.ts'
import { type Ask, type Exchange, exchange } from './exchange.ts'
import type { Field, Head } from './head.ts'
import { MAX_MIB, MAX_REQUESTS } from './limits.ts'
import { UnansweredError } from './unanswered.ts'

/** More redirects than this are not followed, as players don't. */
export const MAX_REDIRECTS = 5

/** After this many timeouts in a row, nothing is asked any more. */
const MAX_TIMEOUTS = 3

export interface SessionOptions extends ConnectionTerms {
  /** The only origin that gets the caller's header fields. */
  readonly origin: string
  readonly headers: readonly Field[]
  /** Called before each request. */
  readonly onAsk: (asked: number, ask: Ask) => void
}

export interface Question extends Ask {
  readonly maxBytes: (head: Head) => number
  readonly lingers?: boolean
}

/** An exchange, and the redirects that led to it. */
export interface Followed {
  readonly answer: Exchange
  readonly redirects: readonly Exchange[]
}

/** All that is asked about one URL: one request after the other, and not too many. */
export class Session {
  requests = 0
  bytes = 0
  readonly #options: SessionOptions
  #timeouts = 0

  constructor(options: SessionOptions) {
    this.#options = options
  }

  /**
   * Asks once.
   *
   * @throws UnansweredError, as a rejection, when there is no answer or nothing may be asked
   */
  async ask({ maxBytes, lingers = false, ...ask }: Question): Promise<Exchange> {
    const { insecure, signal, patience, onAsk } = this.#options
    signal?.throwIfAborted()
    if (this.#timeouts === MAX_TIMEOUTS) {
      throw new UnansweredError('timeout', `not asked: the last ${MAX_TIMEOUTS} answers never came`)
    }
    if (this.requests >= MAX_REQUESTS) {
      const message = `not asked: that would be more than ${MAX_REQUESTS} requests`
      throw new UnansweredError('limit', message)
    }
    const left = MAX_MIB * 1024 * 1024 - this.bytes
    if (left <= 0) {
      throw new UnansweredError('limit', `not asked: that would be more than ${MAX_MIB} MiB`)
    }
    const own = ask.method === 'OPTIONS' ? [] : this.ownFields(ask.url)
    const names = new Set(own.map(([name]) => name.toLowerCase()))
    const others = ask.fields.filter(([name]) => !names.has(name.toLowerCase()))
    const full = { ...ask, fields: [...others, ...own] }
    onAsk(++this.requests, full)
    try {
      const answer = await exchange(full, {
        insecure,
        signal,
        patience,
        lingers,
        maxBytes: (head) => Math.min(maxBytes(head), left),
      })
      this.bytes += answer.received
      this.#timeouts = answer.end === 'stalled' ? this.#timeouts + 1 : 0
      return answer
    } catch (error) {
      const isTimeout = error instanceof UnansweredError && error.obstacle === 'timeout'
      this.#timeouts = isTimeout ? this.#timeouts + 1 : 0
      throw error
    }
  }

  /** Waits before the next question, which is not asked if the check is to end. */
  async pause(ms: number): Promise<void> {
    const { signal } = this.#options
    await setTimeout(ms, undefined, signal && { signal }).catch(() => {})
  }

  /**
   * Asks, and again wherever a redirect leads; the answer is a redirect if there are too many.
   *
   * @param isOpened whether that was done before: then a redirect to itself says enough
   */
  async follow(question: Question, isOpened = false): Promise<Followed> {
    const redirects: Exchange[] = []
    let next = question
    for (;;) {
      const answer = await this.ask(next)
      const target = targetOf(answer)
      const isLoop = target?.href === next.url.href && isOpened
      if (target === null || isLoop || redirects.length === MAX_REDIRECTS) {
        return { answer, redirects }
      }
      redirects.push(answer)
      next = { ...next, url: target, fields: fieldsFor(target, next) }
    }
  }

  /**
   * The caller's fields for a URL. They may be secrets, and where a redirect leads is up to the
   * server; and a browser sends none of them when it asks for permission.
   */
  ownFields(url: URL): readonly Field[] {
    return url.origin === this.#options.origin ? this.#options.headers : []
  }
}

/** The fields for where a redirect leads: a third origin is not told whose page it is. */
function fieldsFor(target: URL, { url, fields }: Ask): readonly Field[] {
  return fields.map(([name, value]) => {
    const isTold = name !== 'Origin' || url.origin === target.origin || url.origin === value
    return [name, isTold ? value : 'null']
  })
}

/** Where a redirect leads; null if it is none, or leads nowhere. */
export function targetOf({ status, fields, ask }: Exchange): URL | null {
  const location = fields.get('location')
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return null
  // What is not ASCII is taken byte by byte, as browsers do: most often it is UTF-8.
  const escaped = location.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`)
  return parseHttpUrl(escaped, ask.url)
}
