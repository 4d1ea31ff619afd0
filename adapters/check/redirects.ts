import { type Finding, fail, fieldOf, info, pass, statusOf } from './finding.ts'
import { followWithRange, type Subject } from './subject.ts'
import { UnansweredError } from './unanswered.ts'

/** Whether redirects lead to the same file with a Range as without, and stay on https. */
export async function judgeRedirects(file: Subject): Promise<Finding> {
  const [first] = file.redirects
  if (first === undefined) return info('there is none')
  const downgrade = file.redirects.find(({ ask: { url }, fields }) => {
    return (
      url.protocol === 'https:' && new URL(fields.get('location') ?? '', url).protocol === 'http:'
    )
  })
  if (downgrade !== undefined) {
    return fail(`from https to ${fieldOf(downgrade, 'Location')}`, downgrade)
  }
  try {
    return await compareRedirects(file)
  } catch (error) {
    if (!(error instanceof UnansweredError) || error.obstacle !== 'answer') throw error
    return fail(`with a Range, ${error.message}`, first)
  }
}

async function compareRedirects(file: Subject): Promise<Finding> {
  const { answer, redirects } = await followWithRange(file)
  const last = redirects.at(-1) ?? answer
  const direct = await file.range('0-1')
  if (answer.status !== direct.status) {
    return fail(`${statusOf(answer)} by the redirect, ${statusOf(direct)} directly`, last)
  }
  const [there, here] = [answer, direct].map(({ fields }) => {
    return `${fields.get('content-range')} ${fields.get('content-length')}`
  })
  const areAlike = answer.status !== 206 || answer.body.equals(direct.body)
  if (there === here && areAlike) return pass('to the same file')
  return fail('with a Range, they lead to another file than without', last)
}
