import { isStrong } from '../../src/validators.ts'
import type { Exchange } from './exchange.ts'
import {
  type Check,
  countBytes,
  type Finding,
  fail,
  fieldOf,
  info,
  pass,
  statusOf,
  unknown,
} from './finding.ts'
import { type Field, namesIn } from './head.ts'
import { flawOf, NO_PARTS, onParts, SOUND_PARTS } from './parts.ts'
import { judgeSeveral } from './several.ts'
import { contentRangeOf, type Subject } from './subject.ts'
import { changeOf, daysAfter, findChange, OTHER_TAG, UNSTEADY, versionOf } from './version.ts'

const MIB = 1024 * 1024

/** What a 206 and a 304 repeat of the 200 (RFC 9110 §15.3.7, §15.4.5). */
const REPEATED = ['ETag', 'Cache-Control', 'Vary', 'Expires', 'Content-Location']

/** What caches need: of browsers, and of networks in front of the server. */
export const CACHES: readonly Check[] = [
  {
    id: 'not-modified',
    aim: 'caches',
    title: 'The current version is a 304, with its fields; another is none',
    async judge(file) {
      const conditions = conditionsOf(file.whole)
      if (conditions === null) return unknown('there is no ETag, and no date')
      if ((await findChange(file)) !== null) return unknown(UNSTEADY)
      const answer = await file.ask(...conditions.current)
      if (answer.status !== 304) return fail(`${statusOf(answer)} for the current version`, answer)
      if (answer.surplus > 0) return fail('304 with a body', answer)
      // A cache takes it for the tag of what it has (RFC 9111 §4.3.4).
      if (!isSameTag(file.whole, answer)) {
        return fail(`304 with ${fieldOf(answer, 'ETag')}, not that of the 200`, answer)
      }
      const size = await file.size()
      // §8.6: that of the 200, or none; caches take it for the length of what they have.
      if (answer.length !== null && size !== null && answer.length !== size) {
        return fail(`304 with ${fieldOf(answer, 'Content-Length')}`, answer)
      }
      const other = await file.ask(...conditions.other)
      if (other.status === 304) return fail('304 for another version', other)
      return repeats(file.whole, answer)
    },
  },
  {
    id: 'part-fields',
    aim: 'caches',
    title: 'A 206 has the ETag, Cache-Control and Vary of the 200',
    async judge(file) {
      const answer = await file.range('0-1')
      const other = answer.status === 206 ? answer : await file.range(file.inner)
      return other.status === 206 ? repeats(file.whole, other) : unknown(NO_PARTS)
    },
  },
  {
    id: 'encoding',
    aim: 'caches',
    title: 'Parts are not compressed on the fly; variants have their own ETag',
    judge: judgeEncoding,
  },
  {
    id: 'slices',
    aim: 'caches',
    title: 'An aligned slice of 1 MiB is exact',
    after: SOUND_PARTS,
    judge: onParts(async (file, size) => {
      const start = size > 2 * MIB ? MIB : 0
      const end = Math.min(start + MIB, size)
      const spec = `${start}-${start + MIB - 1}`
      const isSteady = (await findChange(file)) === null
      const answer = await file.slice(spec)
      const flaw = flawOf(answer, start, end) ?? (isSteady ? changeOf(file.whole, answer) : null)
      if (flaw !== null) return fail(`${flaw} for bytes=${spec}`, answer)
      const found = countBytes(answer.body.length)
      return answer.body.length === end - start ? pass(found) : unknown(`only ${found} were read`)
    }),
  },
  {
    id: 'cache-control',
    aim: 'caches',
    title: 'Cache-Control says how long the file may be kept',
    async judge({ whole }) {
      if (whole.fields.has('cache-control')) return pass(toldOf(whole))
      if (whole.fields.has('expires')) return pass(fieldOf(whole, 'Expires'))
      return fail('no Cache-Control', whole)
    },
  },
]

/** What is told of them, and never fails. */
export const TOLD: readonly Check[] = [
  {
    id: 'tag-forms',
    aim: 'caches',
    title: 'If-None-Match may have several tags, a weak one or *',
    judge: judgeForms,
  },
  {
    id: 'several-ranges',
    aim: 'caches',
    title: 'Several ranges in one request',
    judge: judgeSeveral,
  },
]

/** Cache-Control, and who may not keep the file by it. */
function toldOf(whole: Exchange): string {
  const says = fieldOf(whole, 'Cache-Control')
  const names = namesIn(whole.fields, 'cache-control')
  if (names.includes('no-store')) return `${says}, so that no cache keeps it`
  return names.includes('private') ? `${says}, so that only browsers keep it` : says
}

/** What a client asks by that has the current version, and one that has another; null: nothing. */
function conditionsOf(whole: Exchange): { current: Field[]; other: Field[] } | null {
  const { tag, date } = versionOf(whole)
  const since = (value: string): Field => ['If-Modified-Since', value]
  const modified = date === null ? [] : [since(whole.fields.get('last-modified') ?? '')]
  // §13.1.3: next to a tag, a date says nothing.
  if (tag !== null) {
    return {
      current: [['If-None-Match', tag]],
      other: [['If-None-Match', OTHER_TAG], ...modified],
    }
  }
  return date === null ? null : { current: modified, other: [since(daysAfter(date, -1))] }
}

/** Whether the tags of two answers match weakly (RFC 9110 §8.8.3.2), where both have one. */
function isSameTag(...answers: readonly [Exchange, Exchange]): boolean {
  const [mine, its] = answers.map(({ fields }) => fields.get('etag')?.replace(/^W\//, ''))
  return mine === undefined || its === undefined || mine === its
}

/** Whether an answer has the fields that the 200 has. */
function repeats(whole: Exchange, answer: Exchange): Finding {
  for (const name of REPEATED) {
    const key = name.toLowerCase()
    if (!whole.fields.has(key) || answer.fields.has(key)) continue
    return fail(`the ${answer.status} has no ${name}, the 200 has`, answer, 'fields')
  }
  return pass(`${answer.status} with the fields of the 200`)
}

/** What comes of the forms of If-None-Match that few clients send: information only. */
async function judgeForms(file: Subject): Promise<Finding> {
  const { tag } = versionOf(file.whole)
  if (tag === null) return info('there is no ETag')
  if ((await findChange(file)) !== null) return info(UNSTEADY)
  // What compresses on the fly, or undoes it, changes a tag to a weak one and back.
  const weak = isStrong(tag) ? `W/${tag}` : tag
  for (const tags of [`${OTHER_TAG}, ${weak}`, '*']) {
    const answer = await file.ask(['If-None-Match', tags])
    if (answer.status !== 304) return info(`${statusOf(answer)} for If-None-Match: ${tags}`)
  }
  return pass('304 for each')
}

async function judgeEncoding(file: Subject): Promise<Finding> {
  const accept = ['Accept-Encoding', 'gzip, br'] as const
  const [identity, size] = [versionOf(file.whole).tag, await file.size()]
  const coded = await file.ask(accept)
  const part = await file.range('0-99', accept)
  const encoded = [part, coded].filter(isEncoded)
  if (isEncoded(file.whole)) {
    return fail(
      `${fieldOf(file.whole, 'Content-Encoding')} to a client that asked for none`,
      file.whole,
      'label',
    )
  }
  for (const answer of encoded) {
    const says = `a ${answer.status} with ${fieldOf(answer, 'Content-Encoding')}`
    const tag = versionOf(answer).tag
    if (answer.status === 206 && contentRangeOf(answer)?.size === size) {
      return fail(`${says}, of the size of the file without it`, answer)
    }
    if (isStrong(tag) && tag === identity) {
      return fail(`${says} has the ETag of the file without it`, answer)
    }
    if (!/(?:^|[ ,])accept-encoding(?:$|[ ,])|\*/i.test(answer.fields.get('vary') ?? '')) {
      return fail(`${says} and ${fieldOf(answer, 'Vary')}`, answer)
    }
  }
  const own = isEncoded(coded) ? versionOf(coded).tag : null
  if (own !== null && own !== identity) {
    const again = await file.ask(accept, ['If-None-Match', own])
    const coding = fieldOf(coded, 'Content-Encoding')
    if (again.status !== 304) {
      const found = `${statusOf(again)} for the current version with ${coding}`
      return fail(found, again, 'revalidation')
    }
  }
  return pass(encoded.length === 0 ? 'it is never encoded' : 'the encoded variant is its own')
}

function isEncoded({ fields }: Exchange): boolean {
  return !/^(?:identity)?$/i.test(fields.get('content-encoding') ?? '')
}
