import { isStrong } from '../../src/validators.ts'
import { type Check, countBytes, fail, fieldOf, info, pass, statusOf, unknown } from './finding.ts'
import type { Field } from './head.ts'
import { flawOf, NO_PARTS, onParts, SOUND_PARTS } from './parts.ts'
import type { Subject } from './subject.ts'
import {
  daysAfter,
  findChange,
  isOfFuture,
  isYoung,
  OTHER_TAG,
  UNSTEADY,
  versionOf,
} from './version.ts'

/** What is longer is no error page, in bytes. */
const MAX_ERROR_PAGE = 64 * 1024

const NO_VALIDATOR = 'there is no strong ETag, and no date'

/** What a download needs that goes on where it broke off, on the same version of the file. */
export const RESUMES: readonly Check[] = [
  {
    id: 'known-length',
    aim: 'resumes',
    title: 'Answers say their length',
    async judge(file) {
      const parts = [await file.range('0-1'), await file.range('0-')]
      for (const answer of [file.whole, ...parts.filter(({ status }) => status === 206)]) {
        if (answer.framing === 'length') continue
        const length =
          answer.framing === 'chunked' ? 'a chunked body' : fieldOf(answer, 'Content-Length')
        return fail(`a ${answer.status} with ${length}`, answer)
      }
      return pass('by Content-Length')
    },
  },
  {
    id: 'rest',
    aim: 'resumes',
    title: 'bytes=N- is the rest of the file',
    after: ['open-range', ...SOUND_PARTS],
    judge: onParts(async (file, size) => {
      // Only who asks for the rest takes what comes for the rest: a part by both ends is exact.
      for (const start of new Set([0, Math.min(2, size - 1)])) {
        const answer = await file.range(`${start}-`)
        const flaw = flawOf(answer, start, size)
        if (flaw !== null) return fail(`${flaw} for bytes=${start}-`, answer)
      }
      return pass('up to the last byte')
    }),
  },
  {
    id: 'past-end',
    aim: 'resumes',
    title: 'A range after the end is a 416 with the size',
    judge: onParts(async (file, size) => {
      const answer = await file.range(`${size}-`)
      if (answer.status !== 416) return fail(`${statusOf(answer)} for bytes=${size}-`, answer)
      const told = /^bytes +\*\/(\d+)$/i.exec(answer.fields.get('content-range') ?? '')?.[1]
      if (Number(told) !== size) {
        return fail(`416 with ${fieldOf(answer, 'Content-Range')}`, answer)
      }
      const length = answer.length ?? answer.body.length
      if (length === 0) return pass(`416, bytes */${size}`)
      if (length > MAX_ERROR_PAGE || (answer.length === null && answer.end === 'cut')) {
        return fail(`416 with a body of ${countBytes(length)}`, answer)
      }
      return info(
        `416 with an error page of ${countBytes(length)}, which old tools append to the file`,
      )
    }),
  },
  {
    id: 'validator',
    aim: 'resumes',
    title: 'A strong ETag or a date tells versions apart',
    async judge(file) {
      const { tag, date } = versionOf(file.whole)
      const says = fieldOf(file.whole, 'ETag')
      if (tag === null && file.whole.fields.has('etag')) {
        return fail(`${says}, which is not "…" or W/"…"`, file.whole)
      }
      const isFuture = isOfFuture(file.whole)
      const modified = `${fieldOf(file.whole, 'Last-Modified')}${isFuture ? ', which is later than Date' : ''}`
      if (isStrong(tag)) return pass(isFuture ? `${says}; ${modified}` : says)
      // No client takes it for a strong one, however long it waits.
      if (isFuture) return fail(modified, file.whole)
      if (date !== null) return pass(modified)
      return fail(tag === null ? `${says}, ${modified}` : `${says}, which is weak`, file.whole)
    },
  },
  {
    id: 'same-version',
    aim: 'resumes',
    title: 'The version is the same in each answer',
    async judge(file) {
      const change = await findChange(file, await file.head())
      if (change !== null) return fail(...change)
      const { tag, date } = versionOf(file.whole)
      if (tag === null && date === null) return unknown(NO_VALIDATOR)
      return pass('in each answer')
    },
  },
  {
    id: 'if-range-current',
    aim: 'resumes',
    title: 'If-Range with the current version goes on with a 206',
    async judge(file) {
      const current = await resumeBy(file)
      if (typeof current === 'string') return unknown(current)
      const answer = await file.range(file.inner, current)
      const condition = `If-Range: ${current[1]}`
      if (answer.status !== 206) return fail(`${statusOf(answer)} for ${condition}`, answer)
      // What is wrong without the condition, too, is told already.
      const plain = await file.range(file.inner)
      const says = fieldOf(answer, 'Content-Range')
      const isSame = says === fieldOf(plain, 'Content-Range') && answer.body.equals(plain.body)
      if (isSame || plain.status !== 206) return pass(`206 for ${current[1]}`)
      return fail(`another part, ${says} for bytes=${file.inner} with ${condition}`, answer)
    },
  },
  {
    id: 'if-range-stale',
    aim: 'resumes',
    title: 'If-Range with another version begins anew with a 200',
    async judge(file) {
      const { tag, date } = versionOf(file.whole)
      if (tag === null && date === null) return unknown(NO_VALIDATOR)
      if (!(await file.servesParts())) return unknown(NO_PARTS)
      const stale = [
        ...(tag === null ? [] : [OTHER_TAG]),
        // §13.1.5: an exact match, for a backup that was put back is older.
        ...(date === null ? [] : [daysAfter(date, -1), daysAfter(date, 1)]),
      ]
      for (const value of stale) {
        const answer = await file.range(file.inner, ['If-Range', value])
        if (answer.status !== 200) return fail(`${statusOf(answer)} for If-Range: ${value}`, answer)
      }
      return pass('200')
    },
  },
  {
    id: 'if-range-weak',
    aim: 'resumes',
    title: 'If-Range with a weak tag begins anew with a 200',
    async judge(file) {
      const { tag } = versionOf(file.whole)
      if (tag === null) return unknown('there is no ETag')
      if (!(await file.servesParts())) return unknown(NO_PARTS)
      const value = isStrong(tag) ? `W/${tag}` : tag
      const answer = await file.range(file.inner, ['If-Range', value])
      if (answer.status === 200) return pass('200')
      return fail(`${statusOf(answer)} for If-Range: ${value}`, answer)
    },
  },
  {
    id: 'if-match',
    aim: 'resumes',
    title: 'If-Match with another version is a 412',
    async judge(file) {
      const { tag } = versionOf(file.whole)
      if (isStrong(tag) && (await findChange(file)) === null) {
        const current = await file.range(file.inner, ['If-Match', tag])
        if (current.status !== 206 && current.status !== 200) {
          return fail(`${statusOf(current)} for the current If-Match: ${tag}`, current)
        }
      }
      const answer = await file.range(file.inner, ['If-Match', OTHER_TAG])
      if (answer.status === 412) return pass('412')
      return fail(`${statusOf(answer)} for If-Match: ${OTHER_TAG}`, answer)
    },
  },
]

/** The field by which a client would go on; or why there is none. */
async function resumeBy(file: Subject): Promise<Field | string> {
  const { tag, date } = versionOf(file.whole)
  const isUseful = isStrong(tag)
  if (!isUseful && date === null) return NO_VALIDATOR
  if (!(await file.servesParts())) return NO_PARTS
  if ((await findChange(file)) !== null) return UNSTEADY
  if (isUseful) return ['If-Range', tag]
  if (isOfFuture(file.whole)) return 'the date is later than that of the answer'
  if (isYoung(file.whole)) return 'the file is too young for its date to be a strong validator'
  return ['If-Range', file.whole.fields.get('last-modified') ?? '']
}
