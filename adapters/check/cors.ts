import type { Exchange } from './exchange.ts'
import { type Check, fail, fieldOf, pass, statusOf } from './finding.ts'
import type { Subject } from './subject.ts'

/** Fields that scripts read; Content-Length, they may without being told. */
const EXPOSED = ['content-range', 'accept-ranges', 'etag']

/** Fields that scripts send. */
const SENT = ['range', 'if-range']

/** What pages of another origin need. Asked only if there is an origin to ask for. */
export const CORS: readonly Check[] = [
  {
    id: 'cors-expose',
    aim: 'cors',
    title: 'Pages of the origin may read the file and its fields',
    async judge(file) {
      for (const answer of [file.whole, await file.range('0-1')]) {
        if (!isAllowed(file, answer))
          return fail(fieldOf(answer, 'Access-Control-Allow-Origin'), answer)
        const exposed = namesIn(answer, 'access-control-expose-headers')
        const hidden = EXPOSED.filter((name) => answer.fields.has(name) && !includes(exposed, name))
        if (hidden.length > 0)
          return fail(`${hidden.join(', ')} not exposed on ${answer.status}`, answer)
      }
      return pass(fieldOf(file.whole, 'Access-Control-Expose-Headers'))
    },
  },
  {
    id: 'cors-preflight',
    aim: 'cors',
    title: 'Pages of the origin may send Range and If-Range',
    async judge(file) {
      const answer = await file.ask(
        'OPTIONS',
        ['Access-Control-Request-Method', 'GET'],
        ['Access-Control-Request-Headers', 'if-range,range'],
      )
      if (answer.status < 200 || answer.status > 299)
        return fail(`${statusOf(answer)} to OPTIONS`, answer)
      if (!isAllowed(file, answer))
        return fail(fieldOf(answer, 'Access-Control-Allow-Origin'), answer)
      const allowed = namesIn(answer, 'access-control-allow-headers')
      const refused = SENT.filter((name) => !includes(allowed, name))
      if (refused.length > 0) return fail(`${refused.join(', ')} not allowed`, answer)
      return pass(fieldOf(answer, 'Access-Control-Allow-Headers'))
    },
  },
]

function isAllowed({ origin }: Subject, { fields }: Exchange): boolean {
  const allowed = fields.get('access-control-allow-origin')
  return allowed === '*' || (allowed !== undefined && allowed === origin)
}

function namesIn({ fields }: Exchange, name: string): string[] {
  return (fields.get(name) ?? '').toLowerCase().split(/[ \t]*,[ \t]*/)
}

function includes(names: readonly string[], name: string): boolean {
  return names.includes('*') || names.includes(name)
}
