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
 * @returns the last response, and its URL
 * @throws OriginError when it is led on and on, or out of HTTP
 */
export async function follow(
  fetch: StoredFetch,
  name: string,
  { headers, ...ask }: Omit<Ask, 'redirect'> & { readonly url: URL },
  elsewhere: Readonly<Record<string, string>>,
): Promise<{ readonly response: Response; readonly url: URL }> {
  let { url } = ask
  for (let followed = 0; ; followed++) {
    const send = (redirect: Ask['redirect']) =>
      reach(name, () => fetch(url.href, { ...ask, headers, redirect }))
    const response = await send('manual')
    // A page is not told where: its browser has to follow.
    if (response.type === 'opaqueredirect') return { url, response: await send('follow') }
    const location = response.headers.get('location')
    if (location === null || !/30[12378]/.test(`${response.status}`)) return { response, url }
    cancel(response)
    const next = URL.canParse(location, url) ? new URL(location, url) : null
    if (followed === MAX_REDIRECTS) {
      throw misanswer({ name }, 'the file', `more than ${MAX_REDIRECTS} redirects`)
    }
    if (!next?.protocol.startsWith('http') || next.username + next.password !== '') {
      throw misanswer({ name }, 'the file', 'a redirect to nowhere')
    }
    if (next.origin !== url.origin) headers = new Headers(elsewhere)
    url = next
  }
}
