import type { Aim } from './finding.ts'
import { formatReport } from './format.ts'

/** What a check of one thing came to. */
export interface Row {
  /** Stable, for programs: `first-bytes`, `if-range-stale`, … */
  readonly id: string
  /** What it matters for. */
  readonly aim: Aim
  /** What is right, as a sentence. */
  readonly title: string
  /** `unknown`: it could not be told; `info`: there is nothing to be right or wrong. */
  readonly outcome: 'pass' | 'fail' | 'unknown' | 'info'
  /** What was seen, or why nothing was. */
  readonly found: string
  /** What a failure means for people; null unless it failed. */
  readonly consequence: string | null
  /** What the server's operator can do about it; null unless it failed. */
  readonly fix: string | null
  /** A line for a shell that shows it; null unless it failed. */
  readonly curl: string | null
}

/** `unknown`: nothing failed, but what matters most could not be told. */
export type Verdict = 'pass' | 'fail' | 'unknown'

/** A verdict for each aim of a check. */
export interface Verdicts {
  /** Plays, and seeks, everywhere. */
  readonly plays: Verdict
  /** Downloads that break off go on, and never join two versions. */
  readonly resumes: Verdict
  /** Browsers, and networks in front of the server, keep it and ask for less. */
  readonly caches: Verdict
  /** Pages of the origin that was given may read it; null: none was. */
  readonly cors: Verdict | null
}

/** Without an answer to these, nothing is known about what they are for. */
const ESSENTIAL: Readonly<Record<Aim, readonly string[]>> = {
  plays: ['first-bytes', 'open-range'],
  resumes: ['if-range-current', 'if-range-stale'],
  caches: ['not-modified'],
  cors: ['cors-expose', 'cors-preflight'],
}

/** What was found out about one URL. `String(report)` is for people; JSON has all of it. */
export class Report {
  /** As it was asked for, without user and password. */
  readonly url: string
  /** Where the redirects led, without the query, by which such URLs are signed. */
  readonly finalUrl: string
  /** What the server says it is, if anything. */
  readonly server: string | null
  /** In bytes; null if it is nowhere told. */
  readonly size: number | null
  /** How many requests it took. */
  readonly requests: number
  /** How many bytes were received. */
  readonly bytes: number
  /** Whether all verdicts are `pass`. */
  readonly passed: boolean
  /** What the rows come to. */
  readonly verdicts: Verdicts
  /** In the order in which they were checked. */
  readonly rows: readonly Row[]

  /**
   * Judges what was found.
   *
   * @param unanswered which of the rows are unknown for want of an answer
   */
  constructor(
    { url, finalUrl, server, size, requests, bytes, rows }: Omit<Report, 'passed' | 'verdicts'>,
    unanswered: ReadonlySet<string>,
  ) {
    this.url = url
    this.finalUrl = finalUrl
    this.server = server
    this.size = size
    this.requests = requests
    this.bytes = bytes
    this.rows = rows
    const judge = (aim: Aim) => toVerdict(aim, rows, unanswered)
    this.verdicts = {
      plays: judge('plays'),
      resumes: judge('resumes'),
      caches: judge('caches'),
      cors: rows.some(({ aim }) => aim === 'cors') ? judge('cors') : null,
    }
    this.passed = Object.values(this.verdicts).every(
      (verdict) => verdict === null || verdict === 'pass',
    )
  }

  /** The report as text, for people. */
  toString(): string {
    return formatReport(this)
  }
}

function toVerdict(aim: Aim, rows: readonly Row[], unanswered: ReadonlySet<string>): Verdict {
  const own = rows.filter((row) => row.aim === aim)
  if (own.some(({ outcome }) => outcome === 'fail')) return 'fail'
  if (own.some(({ id }) => unanswered.has(id))) return 'unknown'
  const needed = own.filter(({ id }) => ESSENTIAL[aim].includes(id))
  return needed.every(({ outcome }) => outcome === 'pass') ? 'pass' : 'unknown'
}
