import { one, say } from './dom.ts'

/** What led there: a link, the browser's Back and Forward, or the filter and the order. */
export type Way = 'link' | 'history' | 'search'

export interface Folders {
  /** Shows another folder, or other files of this one, beside what plays; whether it does. */
  visit(address: string, way: Way): Promise<boolean>
  /** Whether the page's address, apart from its fragment, is that of what is shown. */
  isHere(): boolean
  /** Lets go of what was asked for and has not come. */
  stop(): void
  /**
   * Where Back led to what has not come: lets go of it, and the page's address, from which links
   * lead, is again that of what is shown. The next Back leads there once more.
   */
  stay(): void
}

/**
 * Takes what a folder holds from the folder's page. It runs in the browser, from its own source
 * text.
 *
 * @param whenFilled is told when there is something else to see, with the page that it came from
 */
export function startFolders(whenFilled: (page: Document) => void): Folders {
  const shelf = one('#shelf')
  let shown = location.pathname + location.search
  let asked = new AbortController()

  return {
    isHere,
    stop: () => asked.abort(),
    stay() {
      if (isHere()) return
      asked.abort()
      history.pushState(null, '', shown)
    },
    async visit(address, way) {
      // Without the name and the password of this page's address, if it has them: fetch refuses those.
      const { pathname, search } = new URL(address, location.href)
      const place = pathname + search
      asked.abort()
      asked = new AbortController()
      const page = await load(place, asked.signal)
      if (page === null) return false
      const files = page.querySelector('#shelf')
      // Another page, such as an index.html.
      if (files === null) {
        location.assign(place)
        return false
      }
      if (way === 'link') history.pushState(null, '', place)
      else history.replaceState(null, '', place + location.hash)
      const [left = ''] = shown.split('?')
      shown = place
      fill(files, page)
      // Who types goes on typing.
      if (way !== 'search') showSearch(page)
      if (way === 'link') arrive()
      if (way === 'history') returnFrom(left)
      return true
    },
  }

  function isHere(): boolean {
    return location.pathname + location.search === shown
  }

  /** Null if another was asked for in the meantime, or there is none, which is said. */
  async function load(place: string, signal: AbortSignal): Promise<Document | null> {
    try {
      const response = await fetch(location.origin + place, {
        headers: { accept: 'text/html' },
        signal,
      })
      if (response.ok) return new DOMParser().parseFromString(await response.text(), 'text/html')
      say(
        response.status === 404
          ? 'This folder is no longer there'
          : `The server can’t show this folder now (${response.status})`,
      )
    } catch {
      if (!signal.aborted) say('The server does not answer')
    }
    // Not the browser's page about it: what plays may have enough to go on.
    return null
  }

  function fill(files: Element, page: Document): void {
    const focused = document.activeElement?.closest('#shelf a')?.getAttribute('href')
    shelf.replaceChildren(...files.childNodes)
    one('#place').replaceChildren(...one('#place', page).childNodes)
    const links = [...shelf.querySelectorAll('a')]
    links.find((link) => link.getAttribute('href') === focused)?.focus({ preventScroll: true })
    const found = one('#counts span').textContent || shelf.querySelector('#shelf > p')?.textContent
    one('#status').textContent = found ?? ''
    whenFilled(page)
  }

  function showSearch(page: Document): void {
    one<HTMLInputElement>('#words').value = one<HTMLInputElement>('#words', page).value
    one<HTMLSelectElement>('#order').value = one<HTMLSelectElement>('#order', page).value
  }

  function arrive(): void {
    shelf.focus({ preventScroll: true })
    scrollTo(0, 0)
  }

  /** To the folder that one was in: the browser came back before the list had its length. */
  function returnFrom(left: string): void {
    const links = [...shelf.querySelectorAll<HTMLAnchorElement>('.folders a')]
    const link = links.find(({ pathname }) => left.startsWith(pathname))
    if (link !== undefined) link.focus()
    else if (document.activeElement === document.body) shelf.focus({ preventScroll: true })
  }
}
