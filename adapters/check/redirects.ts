import { type Finding, fail, fieldOf, info, isBusy, pass, statusOf } from './finding.ts'
import { targetOf } from './session.ts'
import type { Subject } from './subject.ts'

/** Whether redirects lead to the same file with a Range as without, and stay on https. */
export async function judgeRedirects(file: Subject): Promise<Finding> {
  const [first] = file.redirects
  if (first === undefined) return info('there is none')
  const downgrade = file.redirects.find((each) => {
    return each.ask.url.protocol === 'https:' && targetOf(each)?.protocol === 'http:'
  })
  if (downgrade !== undefined) {
    return fail(`from https to ${fieldOf(downgrade, 'Location')}`, downgrade)
  }
  const { answer, redirects } = await file.follow('GET', ['Range', 'bytes=0-1'])
  const direct = await file.range('0-1')
  const busy = [answer, direct].find(isBusy)
  if (busy !== undefined) return fail(statusOf(busy), busy)
  const last = redirects.at(-1) ?? answer
  if (answer.status !== direct.status) {
    return fail(`${statusOf(answer)} by the redirect, ${statusOf(direct)} directly`, last)
  }
  const [there, here] = [answer, direct].map(({ fields }) => {
    return `${fields.get('content-range')} ${fields.get('content-length')}`
  })
  if (there === here && answer.body.equals(direct.body)) return pass('to the same file')
  return fail('with a Range, they lead to another file than without', last)
}
