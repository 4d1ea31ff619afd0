import type { Exchange } from './exchange.ts'
import { contentRangeOf, type Subject } from './subject.ts'
import { UnansweredError } from './unanswered.ts'
import { isOfThisMoment } from './version.ts'

/**
 * How many of the answers that have arrived came before the file was changed; Infinity if it was
 * not. Replicas that disagree, and a version for each answer, are faults and no change.
 */
export async function countUnchanged(file: Subject): Promise<number> {
  await askAgain(file)
  const states = file.arrived.map(stateOf)
  const count = states.findIndex((state) => state !== states[0])
  // What comes back was never gone.
  if (states.lastIndexOf(states[0] ?? '') !== count - 1) return Infinity
  const [size, now] = [sizeOf(file.whole), sizeOf(file.arrived.at(-1) ?? file.whole)]
  // What is written all the time is never the same twice, but it grows.
  const hasGrown = size !== null && now !== null && size !== now
  return hasGrown || states.at(-1) === states.at(-2) ? count : Infinity
}

/** The first question again, and once more if the answer is another. */
async function askAgain(file: Subject): Promise<void> {
  try {
    const answer = await file.again()
    if (stateOf(answer) === stateOf(file.whole)) return
    // A date that is the time of the answer is another by then.
    if (isOfThisMoment(answer)) await file.tick()
    await file.again()
  } catch (error) {
    // What has arrived may tell it, too.
    if (!(error instanceof UnansweredError)) throw error
  }
}

/** The version that an answer is of, and the size of the file, as far as they are told. */
function stateOf(answer: Exchange): string {
  const { fields } = answer
  return JSON.stringify([fields.get('etag'), fields.get('last-modified'), sizeOf(answer)])
}

function sizeOf(answer: Exchange): number | null {
  return answer.status === 200 ? answer.length : (contentRangeOf(answer)?.size ?? null)
}
