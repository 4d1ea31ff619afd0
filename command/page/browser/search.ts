import { fold } from '../format.ts'
import { decode, one } from './dom.ts'

/**
 * The filter and the order. It runs in the browser, from its own source text.
 *
 * @param visit shows what an address leads to
 */
export function startSearch(visit: (address: string) => void): void {
  /** How long nothing is typed before the server is asked, in ms. */
  const PAUSE = 200

  const shelf = one('#shelf')
  const words = one<HTMLInputElement>('#words')
  const order = one<HTMLSelectElement>('#order')
  let whenTyped: ReturnType<typeof setTimeout> | undefined

  order.addEventListener('change', search)
  words.addEventListener('input', () => {
    hideOthers()
    clearTimeout(whenTyped)
    whenTyped = setTimeout(search, PAUSE)
  })
  one('#search').addEventListener('submit', (event) => {
    event.preventDefault()
    // All of the player lies between the words and what they found.
    const [first] = [...shelf.querySelectorAll<HTMLElement>('li a')].filter((it) => it.offsetParent)
    first?.focus()
  })

  function search(): void {
    const query = new URLSearchParams()
    if (words.value.trim() !== '') query.set('q', words.value.trim())
    if (order.value !== 'name') query.set('sort', order.value)
    visit(location.pathname + (query.size > 0 ? `?${query}` : ''))
  }

  /** At once, until the server has found all that there is. */
  function hideOthers(): void {
    const wanted = fold(words.value).split(/\s+/)
    for (const section of shelf.querySelectorAll<HTMLElement>('section')) {
      const heading = section.querySelector('h2')?.textContent ?? ''
      const items = [...section.querySelectorAll('li')]
      for (const item of items) {
        const path = decode(item.querySelector('a')?.getAttribute('href') ?? '')
        const text = fold(`${heading} ${path}`)
        item.hidden = !wanted.every((word) => text.includes(word))
      }
      section.hidden = items.every(({ hidden }) => hidden)
    }
  }
}
