import type { Exchange } from './exchange.ts'
import { type Finding, fail, pass, unknown } from './finding.ts'
import type { Subject } from './subject.ts'

/** A range is late if it takes `factor` times as long as an early one, and `extra` ms more. */
const SLOW = { factor: 3, extra: 300, tries: 3 }

/** Below this, in bytes, a server reads from the beginning in no time. */
const LARGE = 64 * 1024 * 1024

/**
 * Whether the last byte comes as soon as the first: a server may read all that is before it, and
 * have sent the head already. The best of several tries counts, so that a busy moment is no fault
 * of the server; the first byte is asked for once, as a better time of it would excuse nothing.
 */
export async function judgeSpeed(file: Subject, size: number): Promise<Finding> {
  const early = (await file.again(['Range', 'bytes=0-1'])).took
  let late = Infinity
  let answer: Exchange
  let tries = 0
  do {
    answer = await file.again(['Range', `bytes=${size - 1}-${size - 1}`])
    late = Math.min(late, answer.took)
  } while (isSlow(early, late) && ++tries < SLOW.tries)
  const found = `${Math.round(early)} ms early, ${Math.round(late)} ms late`
  if (isSlow(early, late)) return fail(found, answer)
  return size < LARGE ? unknown('the file is too small to tell') : pass(found)
}

function isSlow(early: number, late: number): boolean {
  return late > early * SLOW.factor && late > early + SLOW.extra
}
