import type { Ask, Exchange } from './exchange.ts'
import { miscountOf } from './finding.ts'
import type { Field, Head } from './head.ts'
import type { Followed, Question, Session } from './session.ts'

const KIB = 1024

/** How much of a file is read from its beginning; one up to MAX_WHOLE is read whole. */
export const PREFIX: number = 64 * KIB
export const MAX_WHOLE: number = 1024 * KIB

/** How much of the page of an error or a redirect is read, in bytes. */
export const ERROR_PAGE: number = 16 * KIB

/** How long it takes until a clock that counts seconds has gone on, in ms. */
const TICK = 1100

/** Bytes as they are stored: what a player or a download asks for. */
const AS_STORED: Field = ['Accept-Encoding', 'identity']

/** What Content-Range says: first and last byte, complete length; null where it says `*`. */
export interface ContentRange {
  readonly first: number
  readonly last: number
  readonly size: number | null
}

/** A part of the file that was asked for: bytes [start, end). */
export interface AskedPart {
  readonly start: number
  readonly end: number
  readonly answer: Exchange
}

export interface SubjectOptions {
  /** Where the check begins. */
  readonly url: URL
  /** Whose pages are to read the file; null: it is not asked. */
  readonly origin: string | null
}

/** The file under examination. Each question is asked when it is needed, and once. */
export class Subject {
  /** The answer to a GET without a Range, up to the prefix, and the redirects before it. */
  readonly whole: Exchange
  readonly redirects: readonly Exchange[]
  /** Where the check began, and where it led to. */
  readonly asked: URL
  readonly url: URL
  readonly session: Session
  /** From 0 to 1: where ranges are tried, another place each time. */
  readonly chance: number = Math.random()
  /** Whose page asks, as is told where the check began, and where it led to; null: nobody's. */
  readonly #askedFor: string | null
  readonly #origin: string | null
  readonly #answers = new Map<string, Promise<Exchange>>()
  /** The file and its parts as they are stored, each time that they came. */
  readonly #arrived: Exchange[]
  #head: Promise<Followed> | null = null
  #later: Promise<Exchange> | null = null

  constructor(session: Session, { url, origin }: SubjectOptions, { answer, redirects }: Followed) {
    this.session = session
    this.asked = url
    this.url = answer.ask.url
    this.#askedFor = origin
    this.#origin = originOf(answer.ask)
    this.whole = answer
    this.redirects = redirects
    this.#arrived = [answer]
  }

  /** Each answer so far that was the file as it is stored, or a part of it. */
  get arrived(): readonly Exchange[] {
    return this.#arrived
  }

  /** The file's first bytes; all of them if it is not larger than 1 MiB. */
  get prefix(): Buffer {
    return this.whole.body
  }

  /** All of the file, if it is small. */
  get content(): Buffer | null {
    return this.whole.end === 'complete' ? this.whole.body : null
  }

  /** A few bytes that are not the first, as a download asks for that goes on. */
  get inner(): string {
    const size = this.whole.length ?? this.content?.length ?? Infinity
    const last = Math.min(9, size - 1)
    return `${Math.min(2, last)}-${last}`
  }

  /** A GET of a range. */
  range(spec: string, ...fields: readonly Field[]): Promise<Exchange> {
    return this.ask(['Range', `bytes=${spec}`], ...fields)
  }

  /** A HEAD where the check began, as whoever has that URL asks. */
  async head(): Promise<Exchange> {
    this.#head ??= this.follow('HEAD')
    return (await this.#head).answer
  }

  /** A GET or HEAD where the check began, and wherever that leads. */
  follow(method: 'GET' | 'HEAD', ...fields: readonly Field[]): Promise<Followed> {
    const question = toQuestion({ method, url: this.asked, fields }, this.#askedFor)
    return this.session.follow(question, true)
  }

  /**
   * What a browser asks before a page may send these fields to where an answer came from.
   *
   * @param names in lower case
   */
  preflight({ ask }: Exchange, names: readonly string[]): Promise<Exchange> {
    const fields: Field[] = [
      ['Access-Control-Request-Method', 'GET'],
      ['Access-Control-Request-Headers', names.toSorted().join(',')],
    ]
    return this.session.ask(toQuestion({ method: 'OPTIONS', url: ask.url, fields }, originOf(ask)))
  }

  /** The first bytes, as no page asks for them. */
  withoutOrigin(): Promise<Exchange> {
    const fields: Field[] = [['Range', 'bytes=0-1']]
    return this.session.ask(toQuestion({ method: 'GET', url: this.url, fields }, null))
  }

  /** A GET; an answer to the very same question counts again. */
  ask(...fields: readonly Field[]): Promise<Exchange> {
    const key = JSON.stringify(fields)
    const asked = this.#answers.get(key) ?? this.again(...fields)
    this.#answers.set(key, asked)
    return asked
  }

  /** Asks again, even if the answer is known. */
  again(...fields: readonly Field[]): Promise<Exchange> {
    return this.#get(fields, PREFIX)
  }

  /** The first bytes again, when dates of this moment are over; asked once. */
  later(): Promise<Exchange> {
    this.#later ??= this.tick().then(() => this.again(['Range', 'bytes=0-1']))
    return this.#later
  }

  /** Waits until dates of this moment are over. */
  tick(): Promise<void> {
    return this.session.pause(TICK)
  }

  /** A GET of a range that is read whole, up to 1 MiB. */
  slice(spec: string): Promise<Exchange> {
    return this.#get([['Range', `bytes=${spec}`]], MAX_WHOLE)
  }

  /** Bytes [start, end), as a range. */
  async part(start: number, end: number): Promise<AskedPart> {
    return { start, end, answer: await this.range(`${start}-${end - 1}`) }
  }

  /** The file's size, from whatever tells it; null if nothing does. */
  async size(): Promise<number | null> {
    if (this.whole.length !== null && miscountOf(this.whole) === null) return this.whole.length
    if (this.content !== null) return this.content.length
    return contentRangeOf(await this.range('0-1'))?.size ?? null
  }

  /** Whether any range is answered with a part. */
  async servesParts(): Promise<boolean> {
    for (const spec of ['0-1', '0-', this.inner]) {
      if ((await this.range(spec)).status === 206) return true
    }
    return false
  }

  async #get(fields: readonly Field[], maxOfPart: number): Promise<Exchange> {
    const question = toQuestion({ method: 'GET', url: this.url, fields }, this.#origin, maxOfPart)
    const answer = await this.session.ask(question)
    const isStored = question.fields.includes(AS_STORED)
    if (isStored && (answer.status === 200 || answer.status === 206)) this.#arrived.push(answer)
    return answer
  }
}

/** Whose page a request is for, as it says; null: nobody's. */
export function originOf({ fields }: Ask): string | null {
  return fields.find(([name]) => name === 'Origin')?.[1] ?? null
}

function toQuestion(ask: Ask, origin: string | null, maxOfPart: number = PREFIX): Question {
  return {
    ...ask,
    fields: withDefaults(ask.fields, origin),
    // Nothing of a whole file that was not asked for; of an error page, enough to see what it is.
    maxBytes: ({ status }) => (status === 206 ? maxOfPart : status === 200 ? 0 : ERROR_PAGE),
    lingers: true,
  }
}

export function withDefaults(fields: readonly Field[], origin: string | null): readonly Field[] {
  const hasCoding = fields.some(([name]) => name === 'Accept-Encoding')
  return [
    ['User-Agent', 'byteserve-check'],
    ...(hasCoding ? [] : [AS_STORED]),
    ...(origin === null ? [] : [['Origin', origin] as const]),
    ...fields,
  ]
}

/** What an answer's Content-Range says; null if there is none of this form. */
export function contentRangeOf({ fields }: Pick<Head, 'fields'>): ContentRange | null {
  return parseContentRange(fields.get('content-range'))
}

/** @returns null for what is not the Content-Range of a part (RFC 9110 §14.4) */
export function parseContentRange(text = ''): ContentRange | null {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i.exec(text)
  if (match === null) return null
  const [, first, last, size] = match
  return { first: Number(first), last: Number(last), size: size === '*' ? null : Number(size) }
}
