import { decodedIfValid, parseHttpUrl } from '../site/url-path.ts'
import { misanswer } from './failure.ts'
import type { Ask, StoredFetch } from './stored-fetch.ts'
import { cancel, reach } from './upstream.ts'

/** How many redirects are followed for one request. */
const MAX_REDIRECTS = 5

/**
 * Sends a request, and again to where it is redirected. What fetch follows by itself may be a loop
 * of 20 to 200 requests, and takes every field but Authorization along.
 *
 * @param name what errors call the file
 * @param elsewhere the fields for any other origin, and for all that follows it: nothing secret
 * @returns the last response, and the URLs that were asked, up to its own
 * @throws OriginError when it is led on and on, or out of HTTP
 */
export async function follow(
  fetch: StoredFetch,
  name: string,
  { headers, ...ask }: Omit<Ask, 'redirect'> & { readonly url: URL },
  elsewhere: Readonly<Record<string, string>>,
): Promise<{ readonly response: Response; readonly trail: readonly URL[] }> {
  let { url } = ask
  const trail = [url]
  for (let followed = 0; ; followed++) {
    const send = (redirect: Ask['redirect']) =>
      reach(name, () => fetch(url.href, { ...ask, headers, redirect }))
    const response = await send('manual')
    // A page is not told where: its browser has to follow.
    if (response.type === 'opaqueredirect') return { trail, response: await send('follow') }
    const location = readLocation(response)
    if (location === null || !/30[12378]/.test(`${response.status}`)) return { response, trail }
    cancel(response)
    const next = parseHttpUrl(location, url)
    if (followed === MAX_REDIRECTS) {
      throw misanswer({ name }, 'the file', `more than ${MAX_REDIRECTS} redirects`)
    }
    if (next === null || next.username + next.password !== '') {
      throw misanswer({ name }, 'the file', 'a redirect to nowhere')
    }
    if (next.origin !== url.origin) headers = new Headers(elsewhere)
    url = next
    trail.push(url)
  }
}

/** Field values come as Latin-1, but browsers read this one as UTF-8, and so do other clients. */
function readLocation({ headers }: Response): string | null {
  const value = headers.get('location')
  // workerd has read it as UTF-8 already.
  if (value === null || /[^\0-\xff]/.test(value)) return value
  try {
    const bytes = Uint8Array.from(value, (char) => char.charCodeAt(0))
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return value
  }
}

/** Whether a server redirected a URL to the same one with a slash, as it does for a folder. */
export function isFolder(trail: readonly URL[]): boolean {
  return trail.some(({ pathname }, i) => {
    return i > 0 && decodedIfValid(pathname) === `${decodedIfValid(trail[i - 1]?.pathname ?? '')}/`
  })
}
