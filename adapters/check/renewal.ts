import type { Exchange } from './exchange.ts'
import { contentRangeOf, type Subject } from './subject.ts'
import { UnansweredError } from './unanswered.ts'
import { changeOf, isOfThisMoment } from './version.ts'

/**
 * How many of the answers that have arrived came before the file was changed; Infinity if it was
 * not. Replicas that disagree, and a version for each answer, are faults and no change.
 */
export async function countUnchanged(file: Subject): Promise<number> {
  await askAgain(file)
  const { whole, arrived } = file
  const count = arrived.findIndex((answer) => isOther(whole, answer))
  // What comes back was never gone.
  if (count < 0 || arrived.slice(count).some((answer) => !isOther(whole, answer))) return Infinity
  const [before = whole, last = whole] = arrived.slice(-2)
  const [size, now] = [sizeOf(whole), sizeOf(last)]
  // What is written all the time is never the same twice, but it grows.
  const hasGrown = size !== null && now !== null && size !== now
  return hasGrown || !isOther(before, last) ? count : Infinity
}

/** Whether an answer is of another version, or size, as far as both tell it. */
function isOther(first: Exchange, answer: Exchange): boolean {
  const [size, other] = [sizeOf(first), sizeOf(answer)]
  return changeOf(first, answer) !== null || (size !== null && other !== null && size !== other)
}

/** The first question again, and once more if the answer is another. */
async function askAgain(file: Subject): Promise<void> {
  try {
    const answer = await file.again()
    if (!isOther(file.whole, answer)) return
    // A date that is the time of the answer is another by then.
    if (isOfThisMoment(answer)) await file.tick()
    await file.again()
  } catch (error) {
    // What has arrived may tell it, too.
    if (!(error instanceof UnansweredError)) throw error
  }
}

function sizeOf(answer: Exchange): number | null {
  return answer.status === 200 ? answer.length : (contentRangeOf(answer)?.size ?? null)
}
