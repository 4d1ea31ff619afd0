/** The page's script. */
export const SCRIPT: string = `(${runPlayer})()`

/**
 * Plays the medium that the URL names after its #, and writes the one that is chosen there.
 *
 * It runs in the browser, from its own source text: nothing else in this module exists there.
 */
function runPlayer(): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>('.video, .audio')]
  for (const link of links) {
    link.addEventListener('click', (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
      event.preventDefault()
      const address = `#${link.getAttribute('href')}`
      if (location.hash !== address) history.pushState(null, '', address)
      show(link)
      // A browser may refuse; the player has a button, too.
      findMedium()
        ?.play()
        .catch(() => {})
    })
  }
  addEventListener('popstate', showNamed)
  showNamed()
  findCurrent()?.scrollIntoView({ block: 'nearest' })

  function showNamed(): void {
    const name = decode(location.hash.slice(1))
    const named = links.find((link) => decode(link.getAttribute('href') ?? '') === name)
    const link = named ?? links[0]
    if (link !== undefined) show(link)
  }

  function show(link: HTMLAnchorElement): void {
    if (link === findCurrent()) return
    findCurrent()?.removeAttribute('aria-current')
    link.setAttribute('aria-current', 'true')
    const title = find('#title')
    title.textContent = find('span', link).textContent
    document.title = title.textContent
    const open = find<HTMLAnchorElement>('#open')
    open.href = link.href
    load(find<HTMLTemplateElement>('template', link.parentElement))
  }

  function load(template: HTMLTemplateElement): void {
    const old = findMedium()
    find('#player').replaceChildren(document.importNode(template.content, true))
    // Otherwise the old one would go on loading until it is garbage collected.
    old?.removeAttribute('src')
    old?.load()
    const medium = findMedium()
    const trouble = find('#trouble')
    trouble.hidden = true
    medium?.addEventListener('error', () => {
      trouble.hidden = medium !== findMedium()
    })
  }

  function findCurrent(): Element | null {
    return document.querySelector('[aria-current]')
  }

  function findMedium(): HTMLMediaElement | null {
    return document.querySelector('#player > video, #player > audio')
  }

  function find<T extends HTMLElement>(selector: string, within: Element | null = null): T {
    const found = (within ?? document).querySelector<T>(selector)
    if (found === null) throw new Error(`Expected ${selector} in the page`)
    return found
  }

  function decode(text: string): string {
    try {
      return decodeURIComponent(text)
    } catch {
      return text
    }
  }
}
