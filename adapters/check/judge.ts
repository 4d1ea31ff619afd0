import { ADVICE } from './advice.ts'
import { onOneLine } from './escape.ts'
import type { Ask } from './exchange.ts'
import { type Check, type Finding, isBusy, statusOf, unanswered, unknown } from './finding.ts'
import type { Row } from './report.ts'
import { recognize } from './server.ts'
import type { Subject } from './subject.ts'
import { UnansweredError } from './unanswered.ts'

/** What a check finds, if it gets answers that say something, and nothing is told already. */
export async function judge(check: Check, file: Subject, before: readonly Row[]): Promise<Finding> {
  const cause = before.find(({ id, outcome }) => outcome === 'fail' && check.after?.includes(id))
  if (cause !== undefined) return unknown(`${cause.id} fails`)
  try {
    const finding = await check.judge(file)
    const isIll = finding.outcome === 'fail' && isBusy(finding.shownBy)
    return isIll ? unanswered(`the server is busy: ${statusOf(finding.shownBy)}`) : finding
  } catch (error) {
    if (!(error instanceof UnansweredError)) throw error
    // What we did not ask tells nothing of the server.
    return error.obstacle === 'limit' ? unknown(error.message) : unanswered(error.message)
  }
}

/** What a check has found, with what it means and how to mend and see it, if it fails. */
export function toRow(
  { id, aim, title }: Check,
  finding: Finding,
  { whole }: Subject,
  toCurl: (ask: Ask) => string,
): Row {
  const outcome = finding.outcome === 'unanswered' ? 'unknown' : finding.outcome
  const row = { id, aim, title, outcome, found: onOneLine(finding.found) }
  if (finding.outcome !== 'fail') return { ...row, consequence: null, fix: null, curl: null }
  const advice = ADVICE[id]
  if (advice === undefined) throw new Error(`Expected advice for ${id}`)
  const server = recognize(whole.fields)
  const own = server === null ? undefined : advice.fixes?.[server]
  const fix = own === undefined ? advice.fix : `(${server}) ${own}`
  return { ...row, consequence: advice.consequence, fix, curl: toCurl(finding.shownBy.ask) }
}

/** What the server calls itself, or what its fields give away; null if nothing does. */
export function serverOf({ whole: { fields } }: Subject): string | null {
  const names = [fields.get('server'), fields.get('x-powered-by')].filter(
    (name) => name !== undefined,
  )
  return names.length === 0 ? recognize(fields) : onOneLine(names.join(', '))
}
