import type { Exchange } from './exchange.ts'
import {
  type Check,
  type Finding,
  fail,
  fieldOf,
  info,
  miscountOf,
  pass,
  statusOf,
  unknown,
} from './finding.ts'
import { namesIn } from './head.ts'
import { judgeIndex } from './movie.ts'
import { compareBytes, flawOf, judgeContentRange, onParts, SOUND_PARTS } from './parts.ts'
import { judgeRedirects } from './redirects.ts'
import { judgeSpeed } from './speed.ts'
import type { Subject } from './subject.ts'
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
    judge: judgeContentRange,
  },
  {
    id: 'content-length',
    aim: 'plays',
    title: 'Content-Length is what is sent',
    async judge(file) {
      const answers: Exchange[] = []
      for (const spec of [null, '0-1', '0-', file.inner]) {
        const answer = spec === null ? file.whole : await file.range(spec)
        const miscount = miscountOf(answer)
        if (miscount !== null) return fail(miscount, answer)
        answers.push(answer)
      }
      const counted = answers.filter(({ framing }) => framing === 'length')
      if (counted.length === 0) return unknown('no answer announces its length')
      const complete = counted.some(({ end }) => end === 'complete')
      return complete
        ? pass('as many bytes as announced')
        : unknown('no answer was read to its end')
    },
  },
  {
    id: 'bytes',
    aim: 'plays',
    title: 'Ranges are the bytes of the file',
    after: SOUND_PARTS,
    judge: onParts(compareBytes),
  },
  {
    id: 'suffix',
    aim: 'plays',
    title: 'bytes=-N is the end of the file',
    after: [...SOUND_PARTS, 'bytes'],
    judge: onParts(async (file, size) => {
      const length = Math.min(TAIL, size)
      const answer = await file.range(`-${length}`)
      const flaw = flawOf(answer, size - length, size)
      if (flaw !== null) return fail(`${flaw} for bytes=-${length}`, answer)
      const tail = (await file.part(size - length, size)).answer
      const tailFlaw = flawOf(tail, size - length, size)
      if (tailFlaw !== null) return fail(`${tailFlaw} for bytes=${size - length}-${size - 1}`, tail)
      if (!startsAlike(answer.body, tail.body)) {
        return fail(`bytes=-${length} is not the end of the file`, answer)
      }
      // §14.1.2: of a shorter representation, all of it.
      const larger = await file.range(`-${size + TAIL}`)
      if (larger.status === 200) return pass('the end of the file')
      const largerFlaw = flawOf(larger, 0, size)
      if (largerFlaw !== null) {
        return fail(`${largerFlaw} for a suffix longer than the file`, larger)
      }
      return startsAlike(larger.body, file.prefix)
        ? pass('the end of the file')
        : fail('a suffix longer than the file is not the file', larger)
    }),
  },
  {
    id: 'clamped',
    aim: 'plays',
    title: 'A range that ends after the file ends with it',
    after: SOUND_PARTS,
    judge: onParts(async (file, size) => {
      const start = Math.max(0, size - TAIL)
      const spec = `${start}-${size + TAIL - 1}`
      const answer = await file.range(spec)
      const flaw = flawOf(answer, start, size)
      return flaw === null
        ? pass('cut at the end of the file')
        : fail(`${flaw} for bytes=${spec}`, answer)
    }),
  },
  {
    id: 'accept-ranges',
    aim: 'plays',
    title: 'Accept-Ranges: bytes is on GET and HEAD',
    after: ['open-range'],
    async judge(file) {
      const head = await file.head()
      const answers = [file.whole, ...(head.status === 200 ? [head] : [])]
      const says = (answer: Exchange) => {
        return `${fieldOf(answer, 'Accept-Ranges')} on ${answer.ask.method}`
      }
      const silent = answers.find(
        ({ fields }) => !namesIn(fields, 'accept-ranges').includes('bytes'),
      )
      if (silent !== undefined) return fail(says(silent), silent)
      const odd = answers.find(({ fields }) => fields.get('accept-ranges') !== 'bytes')
      if (odd !== undefined) return info(`${says(odd)}: PDF.js asks for no ranges`)
      return pass(head.status === 200 ? 'on both' : 'on GET')
    },
  },
  {
    id: 'head',
    aim: 'plays',
    title: 'HEAD says what GET would',
    async judge(file) {
      const head = await file.head()
      if (head.status !== 200) return fail(`${statusOf(head)} to HEAD`, head)
      if (head.surplus > 0) return fail('a body after the answer to HEAD', head)
      const length = file.whole.fields.get('content-length')
      if (length !== undefined && head.fields.get('content-length') !== length) {
        return fail(`${fieldOf(head, 'Content-Length')} on HEAD, ${length} on GET`, head)
      }
      // Without one, it says less than GET, and nothing wrong.
      const type = head.fields.get('content-type')
      if (type !== undefined && type !== file.whole.fields.get('content-type')) {
        return fail(`${fieldOf(head, 'Content-Type')} on HEAD, not on GET`, head)
      }
      return pass(statusOf(head))
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
