import type { Exchange } from './exchange.ts'
import {
  type Check,
  countBytes,
  type Finding,
  fail,
  fieldOf,
  miscountOf,
  pass,
  statusOf,
  unknown,
} from './finding.ts'
import {
  type AskedPart,
  type ContentRange,
  contentRangeOf,
  PREFIX,
  type Subject,
} from './subject.ts'

/** How long the ranges are that are compared, and how far apart two that overlap, in bytes. */
const LENGTH = 1000
const SHIFT = 400

/** Why a range can't be examined. */
export const NO_PARTS = 'no range is answered with a part of the file'

/** Checks that tell whether parts are worth looking into. */
export const SOUND_PARTS: readonly string[] = ['content-range', 'content-length']

/** A check of parts, of a file whose size is told. */
export function onParts(judge: (file: Subject, size: number) => Promise<Finding>): Check['judge'] {
  return async (file) => {
    if (!(await file.servesParts())) return unknown(NO_PARTS)
    const size = await file.size()
    return size === null ? unknown('the size of the file is nowhere told') : judge(file, size)
  }
}

/** Whether Content-Range says what was asked for, and how many bytes come. */
export async function judgeContentRange(file: Subject): Promise<Finding> {
  const size = await file.size()
  let says = ''
  for (const spec of ['0-1', '0-', file.inner]) {
    const answer = await file.range(spec)
    if (answer.status !== 206) continue
    says = fieldOf(answer, 'Content-Range')
    const range = contentRangeOf(answer)
    if (range === null || range.size === null) return fail(says, answer)
    if (!isOf(range, spec)) return fail(`${says} for bytes=${spec}`, answer)
    if (size !== null && range.size !== size) {
      return fail(`${says}, but ${countBytes(size)} without a Range`, answer)
    }
    const isOther = answer.length !== null && answer.length !== range.last - range.first + 1
    // A body of another length than announced is for `content-length` to report.
    if (isOther && miscountOf(answer) === null) {
      return fail(`${says}, but Content-Length: ${answer.length}`, answer)
    }
  }
  return says === '' ? unknown(NO_PARTS) : pass(says)
}

/**
 * Compares ranges at three random places with the file, of which only the beginning is known if it
 * is large: there, with ranges that overlap them. Few servers mistake both places to the same
 * bytes; those that count in 32 bits do. Asking again costs nothing.
 */
export async function compareBytes(file: Subject, size: number): Promise<Finding> {
  const wrapped = await findWrapped(file, size)
  if (wrapped !== null) {
    return fail(`${specOf(wrapped)} is the beginning of the file`, wrapped.answer)
  }
  const parts = await askParts(file, size)
  for (const part of parts) {
    const flaw = flawOf(part.answer, part.start, part.end)
    if (flaw !== null) return fail(`${flaw} for ${specOf(part)}`, part.answer)
  }
  const seen = new Set<number>()
  let compared = 0
  for (const [at, part] of parts.entries()) {
    const others = [prefixOf(file), ...parts.slice(0, at)]
    for (const other of others) {
      const [mine, theirs] = overlap(part, other)
      if (!mine.equals(theirs)) {
        return fail(`${specOf(part)} is not these bytes of the file`, part.answer)
      }
      for (const byte of mine) seen.add(byte)
      compared += mine.length
    }
  }
  if (compared === 0) return unknown('nothing came that could be compared')
  // Equal bytes prove nothing, as in the hole of a sparse file.
  if (seen.size === 1 && compared > 2) return unknown('all bytes that were compared are the same')
  return pass(`${countBytes(compared)} compared`)
}

/** A part from where an offset in 31 or 32 bits begins anew, if it is from the beginning. */
async function findWrapped(file: Subject, size: number): Promise<AskedPart | null> {
  for (const wrap of [2 ** 31, 2 ** 32]) {
    if (size < wrap + PREFIX) continue
    const start = Math.floor(file.chance * (PREFIX - LENGTH))
    const part = await file.part(wrap + start, wrap + start + LENGTH)
    const { body } = part.answer
    // Zeros may be anywhere.
    const isTelling = body.length > 0 && new Set(body).size > 1
    if (isTelling && body.equals(file.prefix.subarray(start, start + LENGTH))) return part
  }
  return null
}

/** What is wrong with an answer that is to be bytes [start, end), without a look at them. */
export function flawOf(answer: Exchange, start: number, end: number): string | null {
  const range = contentRangeOf(answer)
  if (answer.status !== 206) return statusOf(answer)
  if (range?.first !== start || range.last !== end - 1) return fieldOf(answer, 'Content-Range')
  const missing = end - start - answer.body.length
  // What was cut, we did not read.
  return missing === 0 || (missing > 0 && answer.end === 'cut')
    ? null
    : countBytes(answer.body.length)
}

/** Whether a Content-Range is a satisfied range as `0-1`, or some of an open one as `0-`. */
function isOf({ first, last, size }: ContentRange, spec: string): boolean {
  const [wantedFirst, wantedLast] = spec.split('-')
  const end = (size ?? Infinity) - 1
  if (first !== Number(wantedFirst)) return false
  return wantedLast === '' ? last <= end : last === Math.min(Number(wantedLast), end)
}

async function askParts(file: Subject, size: number): Promise<AskedPart[]> {
  const length = Math.min(LENGTH, Math.ceil(size / 2))
  const known = Math.min(file.prefix.length, size)
  const between = (min: number, max: number) => {
    return Math.floor(min + file.chance * Math.max(0, max - min))
  }
  const starts = [
    between(0, known - length),
    between(size / 3, size / 2),
    between(size * 0.7, size - length - SHIFT),
  ]
  const parts: AskedPart[] = []
  for (const start of starts) {
    parts.push(await file.part(start, Math.min(start + length, size)))
    if (start + length <= known) continue
    const shifted = Math.min(start + SHIFT, size - 1)
    parts.push(await file.part(shifted, Math.min(shifted + length, size)))
  }
  return parts
}

function prefixOf({ whole, prefix }: Subject): AskedPart {
  return { start: 0, end: prefix.length, answer: whole }
}

/** What two parts have in common of what came of both, as each has it. */
function overlap(a: AskedPart, b: AskedPart): [Buffer, Buffer] {
  const start = Math.max(a.start, b.start)
  const end = Math.min(arrivedEnd(a), arrivedEnd(b))
  const cut = ({ start: at, answer }: AskedPart) =>
    answer.body.subarray(start - at, Math.max(start, end) - at)
  return [cut(a), cut(b)]
}

function arrivedEnd({ start, end, answer }: AskedPart): number {
  return Math.min(end, start + answer.body.length)
}

function specOf({ start, end }: AskedPart): string {
  return `bytes=${start}-${end - 1}`
}
