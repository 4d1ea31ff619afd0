import { formatHttpDate, isEntityTag, parseHttpDate } from '../../src/validators.ts'
import type { Exchange } from './exchange.ts'
import type { Subject } from './subject.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const DAY = 86_400 * SECOND

/** A version that the file has never had. */
export const OTHER_TAG = '"byteserve-check"'

/** Why no answer to a condition can be judged. */
export const UNSTEADY = 'the version changes from answer to answer'

/** What a file's version is told by; null for what is missing or malformed. */
export function versionOf({ fields }: Pick<Exchange, 'fields'>): {
  tag: string | null
  date: number | null
} {
  const tag = fields.get('etag') ?? ''
  const date = parseHttpDate(fields.get('last-modified') ?? '', Date.now())
  return { tag: isEntityTag(tag) ? tag : null, date }
}

/**
 * Of all that has arrived and `others`, an answer that has another version than the first, and what
 * it says. A date may be the time of the answer, and the same within a second.
 */
export async function findChange(
  file: Subject,
  ...others: readonly Exchange[]
): Promise<[string, Exchange] | null> {
  for (const spec of ['0-1', file.inner]) await file.range(spec)
  if (isOfThisMoment(file.whole)) await file.later()
  for (const answer of [...others.filter(({ status }) => status === 200), ...file.arrived]) {
    const change = changeOf(file.whole, answer)
    if (change !== null) return [change, answer]
  }
  return null
}

/** By what an answer says that it is of another version; null if it does not. */
export function changeOf(first: Exchange, answer: Exchange): string | null {
  for (const name of ['ETag', 'Last-Modified']) {
    const [before, after] = [first, answer].map(({ fields }) => fields.get(name.toLowerCase()))
    if (before === undefined || after === undefined || before === after) continue
    return `${name}: ${before}, then ${after}`
  }
  return null
}

/** Whether an answer's date may be the time of the answer. */
export function isOfThisMoment(answer: Exchange): boolean {
  return ageOf(answer) <= SECOND
}

/** Whether a file was changed so lately that its date need not be a strong validator (§8.8.2.2). */
export function isYoung(answer: Exchange): boolean {
  return ageOf(answer) < MINUTE
}

/** Whether a date is later than the answer (§8.8.2.1), by more than clocks differ. */
export function isOfFuture(answer: Exchange): boolean {
  return ageOf(answer) < -MINUTE
}

/** How long before its answer a file was changed, in ms; if that is not told, ever so long. */
function ageOf({ fields }: Exchange): number {
  const now = Date.now()
  const date = parseHttpDate(fields.get('last-modified') ?? '', now) ?? -Infinity
  return (parseHttpDate(fields.get('date') ?? '', now) ?? now) - date
}

export function daysAfter(date: number, days: number): string {
  return formatHttpDate(new Date(date + days * DAY))
}
