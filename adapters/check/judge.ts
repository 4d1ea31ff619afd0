import { ADVICE } from './advice.ts'
import { onOneLine } from './escape.ts'
import type { Ask } from './exchange.ts'
import {
  type Check,
  type Finding,
  isBusy,
  miscountOf,
  statusOf,
  unanswered,
  unknown,
} from './finding.ts'
import { countUnchanged } from './renewal.ts'
import type { Row } from './report.ts'
import { recognize } from './server.ts'
import type { Subject } from './subject.ts'
import { UnansweredError } from './unanswered.ts'

/** What came of a check, and how many answers had brought the file by then, or some of it. */
export interface Judged {
  readonly check: Check
  readonly finding: Finding
  readonly arrived: number
}

/** Makes all checks, of a file that may be changed meanwhile. */
export async function judgeAll(
  checks: readonly Check[],
  file: Subject,
  onCheck: (check: Check) => void,
): Promise<Judged[]> {
  const judged: Judged[] = []
  for (const check of checks) {
    onCheck(check)
    const finding = await judge(check, file, judged)
    judged.push({ check, finding, arrived: file.arrived.length })
  }
  const isDoubtful = (each: Judged) => each.finding.outcome === 'fail' && !isOfFirst(each, file)
  if (!judged.some(isDoubtful)) return judged
  const unchanged = await countUnchanged(file)
  // An answer of the first version, later, says that nothing was changed before it.
  const isVoid = (each: Judged) => isDoubtful(each) && each.arrived >= unchanged
  const voided = new Set(judged.filter(isVoid).map(({ check }) => failureOf(check)))
  const finding = unanswered('the file was changed while it was checked')
  return judged.map((each) => {
    return isVoid(each) || voided.has(each.finding.found) ? { ...each, finding } : each
  })
}

/** Whether the first answer alone shows it, which was of one version unless it broke off. */
function isOfFirst({ finding }: Judged, { whole }: Subject): boolean {
  return finding.outcome === 'fail' && finding.shownBy === whole && miscountOf(whole) === null
}

/** What a check finds, if it gets answers that say something, and nothing is told already. */
async function judge(check: Check, file: Subject, before: readonly Judged[]): Promise<Finding> {
  const cause = before.find((each) => {
    return each.finding.outcome === 'fail' && check.after?.includes(each.check.id)
  })
  if (cause !== undefined) return unknown(failureOf(cause.check))
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

/** Why a check is not made that depends on one that fails. */
function failureOf({ id }: Check): string {
  return `${id} fails`
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
  const remedy = advice.faults?.[finding.fault ?? ''] ?? advice
  const server = recognize(whole.fields)
  const own = server === null ? undefined : remedy.fixes?.[server]
  const fix = own === undefined ? remedy.fix : `(${server}) ${own}`
  return { ...row, consequence: advice.consequence, fix, curl: toCurl(finding.shownBy.ask) }
}

/** What the server calls itself, or what its fields give away; null if nothing does. */
export function serverOf({ whole: { fields } }: Subject): string | null {
  const names = [fields.get('server'), fields.get('x-powered-by')].filter(
    (name) => name !== undefined,
  )
  return names.length === 0 ? recognize(fields) : onOneLine(names.join(', '))
}
