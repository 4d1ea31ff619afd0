/**
 * What a server does with byte ranges, and what is wrong with it.
 *
 * @example
 * ```ts
 * import { check } from 'byteserve/check'
 *
 * const report = await check('http://localhost:8080/film.mp4')
 * console.log(String(report))
 * ```
 *
 * @module
 */
import { CACHES, TOLD } from './check/caches.ts'
import { CORS } from './check/cors.ts'
import type { Ask } from './check/exchange.ts'
import type { Field } from './check/head.ts'
import { judgeAll, serverOf, toRow } from './check/judge.ts'
import { MAX_TIMEOUT, TIMEOUT } from './check/limits.ts'
import { openFile } from './check/open.ts'
import { PLAYS } from './check/plays.ts'
import { Report } from './check/report.ts'
import { RESUMES } from './check/resumes.ts'
import { Session } from './check/session.ts'
import { Subject } from './check/subject.ts'
import { parseFields, parseOrigin, parseTarget } from './check/target.ts'
import { curlLine, redact } from './check/text.ts'

export type { Aim } from './check/finding.ts'
export { type Colour, type Format, formatReport, type Paint } from './check/format.ts'
export type { Field } from './check/head.ts'
export type { Report, Row, Verdict, Verdicts } from './check/report.ts'
export { type Obstacle, UnansweredError } from './check/unanswered.ts'

/** How a server is checked. */
export interface CheckOptions {
  /**
   * Header fields for each GET and HEAD, such as `Authorization`: an object, a `Headers`, or a list
   * of names and values. They go to no other origin, and into no report.
   */
  readonly headers?: Readonly<Record<string, string>> | Iterable<Field> | undefined
  /** Whose pages are to read the file, such as `https://app.example`: then CORS is checked, too. */
  readonly origin?: string | undefined
  /** Accepts a certificate that is not trusted. */
  readonly insecure?: boolean | undefined
  /** How long a server may be silent, in ms, up to 600 000; 10 000 by default. */
  readonly timeout?: number | undefined
  /** Ends the check early, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Called before each request. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/** How far a check has come. */
export interface Progress {
  /** How many requests there were, this one included. */
  readonly requests: number
  /** What is checked, as a sentence; null while the file is being opened. */
  readonly title: string | null
}

/** How many times as long a whole answer may take. */
const TIMES = 6

/**
 * Checks what a server does with byte ranges, by asking as players, downloads and caches do: at
 * most 40 requests, one after the other, and 4 MiB.
 *
 * @param url of a file; one of some 100 KB or more tells most
 * @throws UnansweredError, as a rejection, when there is no file to check: no connection, a 404, …
 * @throws TypeError, as a rejection, when the URL or an option is invalid
 *
 * @example
 * ```ts
 * const report = await check('https://example.com/film.mp4')
 * report.passed // false
 * report.verdicts // { plays: 'pass', resumes: 'fail', caches: 'pass', cors: null }
 * String(report) // what fails, what it means, how to fix it, and how to see it
 * ```
 */
export async function check(url: string | URL, options: CheckOptions = {}): Promise<Report> {
  const { insecure = false, signal, timeout = TIMEOUT, onProgress = () => {} } = options
  if (!(timeout > 0 && timeout <= MAX_TIMEOUT)) {
    throw new TypeError(`Expected a timeout of up to ${MAX_TIMEOUT} ms, got ${timeout}`)
  }
  const [target, credentials] = parseTarget(String(url))
  const headers = [...credentials, ...parseFields(options.headers ?? [])]
  const origin = options.origin === undefined ? null : parseOrigin(options.origin)
  let title: string | null = null
  const session = new Session({
    insecure,
    signal,
    patience: { silence: timeout, total: timeout * TIMES },
    origin: target.origin,
    headers,
    onAsk: (requests) => onProgress({ requests, title }),
  })
  const opened = await openFile(session, { url: target, origin })
  const file = new Subject(session, { url: target, origin }, opened)
  const redirected = file.redirects.length > 0
  const toCurl = (ask: Ask) => {
    const line = { secrets: headers, insecure, redirected }
    if (ask.method !== 'OPTIONS') return curlLine(ask, target, line)
    // Where a redirect leads has a preflight of its own.
    const url = ask.url.href === target.href ? target : withoutQuery(ask.url)
    return curlLine(ask, url, { ...line, redirected: false })
  }
  const secrets = headers.map(([, value]) => value)
  // What can fail has the first of the 40 requests.
  const checks = [...PLAYS, ...RESUMES, ...CACHES, ...(origin === null ? [] : CORS), ...TOLD]
  const judged = await judgeAll(checks, file, (each) => {
    title = each.title
  })
  const rows = judged.map(({ check, finding }) => {
    return toRow(check, { ...finding, found: redact(finding.found, secrets) }, file, toCurl)
  })
  const withoutAnswer = judged.filter(({ finding }) => finding.outcome === 'unanswered')
  const found = {
    url: target.href,
    finalUrl: redirected ? withoutQuery(file.url).href : target.href,
    server: serverOf(file),
    size: await file.size().catch(() => null),
    requests: session.requests,
    bytes: session.bytes,
    rows,
  }
  return new Report(found, new Set(withoutAnswer.map(({ check }) => check.id)))
}

/** A URL that a server has made is signed by its query. */
function withoutQuery({ origin, pathname }: URL): URL {
  return new URL(origin + pathname)
}
