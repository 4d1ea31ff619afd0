import { onOneLine } from './escape.ts'
import type { Exchange } from './exchange.ts'
import { isBusy, statusOf } from './finding.ts'
import { type Field, lengthOf } from './head.ts'
import { type Followed, MAX_REDIRECTS, type Session } from './session.ts'
import { ERROR_PAGE, MAX_WHOLE, PREFIX, type SubjectOptions, withDefaults } from './subject.ts'
import { UnansweredError } from './unanswered.ts'

/**
 * Asks for a file without a Range, wherever it is by now.
 *
 * @throws UnansweredError, as a rejection, when there is no such file; it says what to do about it
 */
export async function openFile(
  session: Session,
  { url, origin }: SubjectOptions,
): Promise<Followed> {
  const opened = await session.follow({
    method: 'GET',
    url,
    fields: withDefaults([], origin),
    maxBytes({ status, fields }) {
      if (status !== 200) return ERROR_PAGE
      return (lengthOf(fields) ?? Infinity) <= MAX_WHOLE ? MAX_WHOLE : PREFIX
    },
  })
  const { answer, redirects } = opened
  if (answer.status === 200) {
    if (answer.end !== 'complete' || answer.body.length > 0) return opened
    throw new UnansweredError('answer', 'the file is empty: it has no ranges')
  }
  const { pathname } = answer.ask.url
  const hint = (await wantsRange(answer, session))
    ? '; the file comes only for a request with a Range'
    : hintOf(answer, redirects.length)
  const got = `${onOneLine(statusOf(answer))}${hint}`
  throw new UnansweredError('answer', `expected 200 for ${onOneLine(pathname)}, got ${got}`)
}

/** Whether a server refuses what has no Range, as some tutorials teach. */
async function wantsRange(refusal: Exchange, session: Session): Promise<boolean> {
  if (refusal.status < 400 || isBusy(refusal)) return false
  const { ask } = refusal
  const fields: Field[] = [...ask.fields, ['Range', 'bytes=0-1']]
  const answer = await session.ask({ ...ask, fields, maxBytes: () => 0 }).catch((error) => {
    if (error instanceof UnansweredError) return null
    throw error
  })
  return answer?.status === 206
}

/** What to do about an answer that is no file, where that is plain. */
function hintOf({ status, fields }: Exchange, redirects: number): string {
  if (status === 206) return '; without a Range it has to be a 200'
  if (status === 401) return '; it wants a header field Authorization, or USER:PASSWORD@ in the URL'
  const location = fields.get('location')
  const leads = status >= 300 && status < 400 && location !== undefined
  if (!leads) return ''
  if (redirects === MAX_REDIRECTS) return ` after ${redirects} redirects: more are not followed`
  return `, which leads to ${onOneLine(location.replace(/\?.*/s, ''))}`
}
