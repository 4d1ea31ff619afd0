import { fold } from '../format.ts'
import { decodeHref, one } from './dom.ts'
import type { Folders } from './folders.ts'

/** The filter and the order. It runs in the browser, from its own source text. */
export function startSearch({ visit, stop, stay }: Pick<Folders, 'visit' | 'stop' | 'stay'>): void {
  /** How long nothing is typed before the server is asked, in ms. */
  const PAUSE = 200

  const shelf = one('#shelf')
  const words = one<HTMLInputElement>('#words')
  const order = one<HTMLSelectElement>('#order')
  let whenTyped: ReturnType<typeof setTimeout> | undefined

  order.addEventListener('change', () => void search())
  words.addEventListener('input', () => {
    // What fewer words lead to would show again what these hide.
    stop()
    stay()
    hideOthers()
    clearTimeout(whenTyped)
    whenTyped = setTimeout(search, PAUSE)
  })
  one('#search').addEventListener('submit', (event) => {
    event.preventDefault()
    void enter()
  })

  /** All of the player lies between the words and what they found, now or in a moment. */
  async function enter(): Promise<void> {
    const first = firstFound() ?? ((await search()) ? firstFound() : undefined)
    first?.focus()
  }

  function firstFound(): HTMLElement | undefined {
    return [...shelf.querySelectorAll<HTMLElement>('li a')].find((it) => it.offsetParent)
  }

  function search(): Promise<boolean> {
    clearTimeout(whenTyped)
    stay()
    const query = new URLSearchParams()
    if (words.value.trim() !== '') query.set('q', words.value.trim())
    if (order.value !== 'name') query.set('sort', order.value)
    const text = query.toString()
    return visit(location.pathname + (text === '' ? '' : `?${text}`), 'search')
  }

  /** At once, until the server has found all that there is. */
  function hideOthers(): void {
    const wanted = fold(words.value).split(/\s+/)
    for (const section of shelf.querySelectorAll<HTMLElement>('section')) {
      const heading = section.querySelector('h2')?.textContent ?? ''
      const items = [...section.querySelectorAll('li')]
      for (const item of items) {
        const path = decodeHref(item.querySelector('a')?.pathname ?? '')
        const title = item.querySelector('.name')?.textContent ?? ''
        const text = fold(`${heading} ${path} ${title}`)
        item.hidden = !wanted.every((word) => text.includes(word))
      }
      section.hidden = items.every(({ hidden }) => hidden)
    }
  }
}
