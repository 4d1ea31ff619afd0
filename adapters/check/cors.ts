import type { Exchange } from './exchange.ts'
import { type Check, fail, fieldOf, isBusy, pass, statusOf } from './finding.ts'
import { namesIn } from './head.ts'
import { originOf, type Subject } from './subject.ts'

/** By which an answer says whose pages may read it. */
const ALLOWED = 'Access-Control-Allow-Origin'

/** Fields that scripts read; Content-Length, they may without being told. */
const EXPOSED = ['content-range', 'accept-ranges', 'etag']

/** Fields that scripts send. */
const SENT = ['if-range', 'range']

/** Fields of the caller that need no permission: browsers send them anyway, or allow them. */
const UNASKED = ['accept', 'accept-language', 'content-language', 'cookie', 'referer', 'user-agent']

/** What pages of another origin need. Asked only if there is an origin to ask for. */
export const CORS: readonly Check[] = [
  {
    id: 'cors-expose',
    aim: 'cors',
    title: 'Pages of the origin may read the file and its fields',
    async judge(file) {
      const answers = [file.whole, await file.range('0-1')]
      for (const answer of [...file.redirects, ...answers]) {
        const refusal = refusalOf(file, answer)
        if (refusal !== null) return fail(`${refusal} on ${answer.status}`, answer)
      }
      for (const answer of answers.filter(isForeign)) {
        const exposed = namesIn(answer.fields, 'access-control-expose-headers')
        const hidden = EXPOSED.filter((name) => {
          return answer.fields.has(name) && !includes(exposed, name, !sendsCookie(file, answer))
        })
        if (hidden.length > 0) {
          return fail(`${hidden.join(', ')} not exposed on ${answer.status}`, answer)
        }
      }
      const mixed = isForeign(file.whole) ? await findMixed(file) : null
      if (mixed !== null) return fail(...mixed)
      return pass(fieldOf(file.whole, 'Access-Control-Expose-Headers'))
    },
  },
  {
    id: 'cors-preflight',
    aim: 'cors',
    title: 'Pages of the origin may send Range and If-Range',
    async judge(file) {
      let found = 'it is the same origin'
      // Each place of a redirect is asked anew.
      for (const place of [...file.redirects, file.whole].filter(isForeign)) {
        const names = [...SENT, ...ownNames(file, place).filter((name) => !UNASKED.includes(name))]
        const answer = await file.preflight(place, names)
        if (answer.status < 200 || answer.status > 299) {
          return fail(`${statusOf(answer)} to OPTIONS`, answer)
        }
        const refusal = refusalOf(file, answer)
        if (refusal !== null) return fail(`${refusal} on OPTIONS`, answer)
        const allowed = namesIn(answer.fields, 'access-control-allow-headers')
        const refused = names.filter((name) => {
          // A wildcard does not cover what is secret (Fetch, CORS-preflight fetch).
          const mayBeAny = name !== 'authorization' && !sendsCookie(file, place)
          return !includes(allowed, name, mayBeAny)
        })
        if (refused.length > 0) return fail(`${refused.join(', ')} not allowed`, answer)
        found = fieldOf(answer, 'Access-Control-Allow-Headers')
      }
      return pass(found)
    },
  },
]

/** Whether the page that asks is of another origin than what it asks. */
function isForeign({ ask }: Exchange): boolean {
  return originOf(ask) !== ask.url.origin
}

/**
 * The missing field because of which a browser keeps an answer from the page; null if it does not.
 */
function refusalOf(file: Subject, answer: Exchange): string | null {
  if (!isForeign(answer)) return null
  const allowed = answer.fields.get(ALLOWED.toLowerCase())
  const isNamed = allowed !== undefined && allowed === originOf(answer.ask)
  if (!isNamed && (allowed !== '*' || sendsCookie(file, answer))) {
    return fieldOf(answer, ALLOWED)
  }
  const mayHaveCookie = answer.fields.get('access-control-allow-credentials') === 'true'
  return sendsCookie(file, answer) && !mayHaveCookie
    ? fieldOf(answer, 'Access-Control-Allow-Credentials')
    : null
}

/**
 * An answer that depends on whose page asks, and does not say so: a cache gives it to another page
 * (Fetch, CORS protocol and HTTP caches), unless no cache may keep it (RFC 9111 §5.2.2.5).
 */
async function findMixed(file: Subject): Promise<[string, Exchange] | null> {
  const [named, unnamed] = [await file.range('0-1'), await file.withoutOrigin()]
  if ([named, unnamed].some(isBusy) || named.status !== unnamed.status) return null
  const [allowed, other] = [named, unnamed].map((each) => fieldOf(each, ALLOWED))
  if (allowed === other) return null
  for (const answer of [named, unnamed]) {
    const varies = namesIn(answer.fields, 'vary')
    if (varies.includes('origin') || varies.includes('*')) continue
    if (namesIn(answer.fields, 'cache-control').includes('no-store')) continue
    const asked = answer === unnamed ? 'without Origin' : 'with Origin'
    return [`${fieldOf(answer, ALLOWED)} ${asked}, and no Vary: Origin`, answer]
  }
  return null
}

/** Whether a cookie is sent, with which less is allowed (Fetch, CORS protocol and credentials). */
function sendsCookie(file: Subject, answer: Exchange): boolean {
  return ownNames(file, answer).includes('cookie')
}

/** The caller's fields for where an answer came from. */
function ownNames({ session }: Subject, { ask }: Exchange): string[] {
  return session.ownFields(ask.url).map(([name]) => name.toLowerCase())
}

function includes(names: readonly string[], name: string, mayBeAny: boolean): boolean {
  return names.includes(name) || (mayBeAny && names.includes('*'))
}
