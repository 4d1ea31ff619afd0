import { type Check, type Finding, fail, fieldOf, pass, statusOf, unknown } from './finding.ts'
import { judgeIndex } from './movie.ts'
import { compareBytes, isPartOf, NO_PARTS, onParts } from './parts.ts'
import { judgeRedirects } from './redirects.ts'
import { judgeSpeed } from './speed.ts'
import { contentRangeOf, type Subject } from './subject.ts'
import { judgeType } from './type.ts'

/** How many bytes from the end are asked for; fewer of a smaller file. */
const TAIL = 1000

/** What players and viewers need, which read a file from anywhere. */
export const PLAYS: readonly Check[] = [
  {
    id: 'first-bytes',
    aim: 'plays',
    title: 'bytes=0-1 is answered with 206',
    judge: (file) => isPartial(file, '0-1'),
  },
  {
    id: 'open-range',
    aim: 'plays',
    title: 'bytes=0- is answered with 206',
    judge: (file) => isPartial(file, '0-'),
  },
  {
    id: 'content-range',
    aim: 'plays',
    title: 'Content-Range says first byte, last byte and size',
    async judge(file) {
      const size = file.whole.length
      let says = ''
      for (const spec of ['0-1', file.inner]) {
        const answer = await file.range(spec)
        if (answer.status !== 206) continue
        const range = contentRangeOf(answer)
        says = fieldOf(answer, 'Content-Range')
        if (range === null || range.size === null) return fail(says, answer)
        if (range.first !== Number.parseInt(spec, 10)) {
          return fail(`${says} for bytes=${spec}`, answer)
        }
        if (size !== null && range.size !== size) {
          return fail(`${says}, but ${size} bytes without a Range`, answer)
        }
        const length = range.last - range.first + 1
        if (answer.length !== null && answer.length !== length) {
          return fail(`${says}, but Content-Length: ${answer.length}`, answer)
        }
      }
      return says === '' ? unknown(NO_PARTS) : pass(says)
    },
  },
  {
    id: 'content-length',
    aim: 'plays',
    title: 'Content-Length is what is sent',
    async judge(file) {
      const answers = [file.whole, await file.range('0-1'), await file.range(file.inner)]
      const counted = answers.filter(
        ({ length, framing }) => framing === 'length' && length !== null,
      )
      for (const answer of counted) {
        const { end, length, body, surplus } = answer
        if (end === 'short') return fail(`${body.length} bytes came of ${length}`, answer)
        if (end === 'stalled') {
          return fail(`${body.length} bytes came of ${length}, and then nothing any more`, answer)
        }
        if (surplus > 0) return fail(`more than the announced ${length} bytes came`, answer)
      }
      const complete = counted.some(({ end }) => end === 'complete')
      return complete
        ? pass('as many bytes as announced')
        : unknown('no answer announces its length')
    },
  },
  {
    id: 'bytes',
    aim: 'plays',
    title: 'Ranges are the bytes of the file',
    judge: onParts(compareBytes),
  },
  {
    id: 'suffix',
    aim: 'plays',
    title: 'bytes=-N is the end of the file',
    judge: onParts(async (file, size) => {
      const length = Math.min(TAIL, size)
      const answer = await file.range(`-${length}`)
      const tail = (await file.part(size - length, size)).answer
      if (answer.status !== 206) return fail(`${statusOf(answer)} for bytes=-${length}`, answer)
      if (!isPartOf(answer, size - length, size)) {
        return fail(`${fieldOf(answer, 'Content-Range')} for bytes=-${length}`, answer)
      }
      if (!startsAlike(answer.body, tail.body)) {
        // Or the tail is not: then nobody can tell.
        const areRight = (await compareBytes(file, size)).outcome === 'pass'
        if (!areRight) return unknown('ranges are not the bytes of the file')
        return fail(`bytes=-${length} is not the end of the file`, answer)
      }
      // §14.1.2: of a shorter representation, all of it.
      const larger = await file.range(`-${size + TAIL}`)
      const isFromStart = (contentRangeOf(larger)?.first ?? 0) === 0
      if (larger.status === 200 || (larger.status === 206 && isFromStart)) {
        return pass('the end of the file')
      }
      return fail(`${statusOf(larger)} for a suffix longer than the file`, larger)
    }),
  },
  {
    id: 'clamped',
    aim: 'plays',
    title: 'A range that ends after the file ends with it',
    judge: onParts(async (file, size) => {
      const start = Math.max(0, size - TAIL)
      const spec = `${start}-${size + TAIL - 1}`
      const answer = await file.range(spec)
      if (answer.status !== 206) return fail(`${statusOf(answer)} for bytes=${spec}`, answer)
      if (!isPartOf(answer, start, size)) {
        return fail(`${fieldOf(answer, 'Content-Range')} for bytes=${spec}`, answer)
      }
      if (answer.end !== 'complete' || answer.body.length === size - start) {
        return pass('cut at the end of the file')
      }
      return fail(`${answer.body.length} bytes of ${size - start}`, answer)
    }),
  },
  {
    id: 'accept-ranges',
    aim: 'plays',
    title: 'Accept-Ranges: bytes is on GET and HEAD',
    async judge(file) {
      const head = await file.ask('HEAD')
      for (const answer of [file.whole, ...(head.status === 200 ? [head] : [])]) {
        const units = (answer.fields.get('accept-ranges') ?? '')
          .toLowerCase()
          .split(/[ \t]*,[ \t]*/)
        if (units.includes('bytes')) continue
        return fail(`${fieldOf(answer, 'Accept-Ranges')} on ${answer.ask.method}`, answer)
      }
      return pass(head.status === 200 ? 'on both' : 'on GET')
    },
  },
  {
    id: 'head',
    aim: 'plays',
    title: 'HEAD says what GET would',
    async judge(file) {
      const head = await file.ask('HEAD')
      if (head.status !== 200) return fail(`${statusOf(head)} to HEAD`, head)
      if (head.surplus > 0) return fail('a body after the answer to HEAD', head)
      const { length } = file.whole
      if (length === null || head.length === length) return pass(statusOf(head))
      return fail(`${fieldOf(head, 'Content-Length')} on HEAD, ${length} on GET`, head)
    },
  },
  {
    id: 'redirects',
    aim: 'plays',
    title: 'Redirects lead a Range to the file',
    judge: judgeRedirects,
  },
  {
    id: 'index-first',
    aim: 'plays',
    title: 'MP4: the index is before the film',
    judge: judgeIndex,
  },
  { id: 'type', aim: 'plays', title: 'The media type is that of the file', judge: judgeType },
  {
    id: 'late-speed',
    aim: 'plays',
    title: 'Late ranges come as soon as early ones',
    judge: onParts(judgeSpeed),
  },
]

async function isPartial(file: Subject, spec: string): Promise<Finding> {
  const answer = await file.range(spec)
  return answer.status === 206 ? pass('206') : fail(`${statusOf(answer)} for bytes=${spec}`, answer)
}

/** Whether two texts agree in all that came of both. */
function startsAlike(a: Buffer, b: Buffer): boolean {
  const length = Math.min(a.length, b.length)
  return a.subarray(0, length).equals(b.subarray(0, length))
}
