import { decodeHref, one, say } from './dom.ts'
import { startFolders } from './folders.ts'
import { startKeys } from './keys.ts'
import { startPictures } from './pictures.ts'
import { mediaLinks, type Playable, toPlayable } from './playable.ts'
import { startPlayer } from './player.ts'
import { startSearch } from './search.ts'
import { startThumbnails } from './thumbnails.ts'
import { toggleCaptions } from './tracks.ts'
import { nameView } from './view.ts'
import { canShow, startViewer } from './viewer.ts'

/**
 * Plays what is chosen, and writes it into the page's address after a #; walks through folders
 * without interrupting what plays.
 *
 * It runs in the browser, from its own source text.
 */
export function startPage(): void {
  const shelf = one('#shelf')
  const player = startPlayer(nameView(), whenEnded)
  const folders = startFolders(whenFilled)
  const thumbnails = startThumbnails(player.isLoading)
  const pictures = startPictures(player)
  const viewer = startViewer()
  /** What is played before and after it, wherever the reader is by then. */
  let queue: readonly Playable[] = []

  // With the middle button, into another tab; or to copy its address.
  for (const way of ['click', 'auxclick', 'contextmenu']) document.addEventListener(way, stay)
  document.addEventListener('click', follow)
  addEventListener('popstate', () => {
    viewer.close()
    if (folders.isHere()) {
      folders.stop()
      showNamed()
    } else void folders.visit(location.href, 'history')
  })
  startSearch(folders)
  startKeys({
    medium: player.medium,
    step,
    toggleCaptions,
    changeSpeed: player.changeSpeed,
  })
  showNamed()
  thumbnails.observe(shelf)
  pictures.observe(shelf)
  // On a phone the list lies below the player, which would scroll away.
  if (matchMedia('(min-width: 60rem)').matches) {
    shelf.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' })
  }

  /** What is shown is wanted after all, and not what Back led to, which has not come. */
  function stay({ target }: Event): void {
    if (!(target instanceof Element)) return
    if (target.closest('#shelf :is(a, button), #place a') !== null) folders.stay()
  }

  function follow(event: MouseEvent): void {
    const link = event.target instanceof Element ? event.target.closest('a') : null
    if (link === null || event.button !== 0 || event.defaultPrevented) return
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
    if (link.matches('.video, .audio')) {
      name(link)
      choose(link, true)
    } else if (canShow(link)) viewer.open(link)
    // The address goes on to name what plays.
    else if (link.matches('.skip')) shelf.focus()
    else if (link.matches('.folders a, #pages a, #place a')) void folders.visit(link.href, 'link')
    else return
    event.preventDefault()
  }

  /** Plays what a link leads to; what is listed with it comes before and after. */
  function choose(link: HTMLAnchorElement, isWanted: boolean): void {
    const links = mediaLinks(link.closest('ul') ?? shelf)
    queue = links.map(toPlayable)
    show(toPlayable(link), isWanted)
  }

  /** Shows what the address names after its #, or the first of all. */
  function showNamed(): void {
    const links = mediaLinks(shelf)
    const wanted = decodeHref(location.hash.slice(1))
    const named = links.find((link) => decodeHref(link.getAttribute('href') ?? '') === wanted)
    const link = named ?? (player.playing() === null ? links[0] : undefined)
    if (link === undefined) return
    if (named === undefined && wanted !== '') say(`${wanted} is not on this page`)
    choose(link, false)
  }

  function show(playable: Playable, isWanted: boolean): void {
    player.show(playable, isWanted)
    mark()
  }

  /** To the next (1) or the previous (-1) of what is played. */
  function step(by: number): void {
    const at = queue.findIndex(({ href }) => href === player.playing()?.href)
    const playable = at < 0 ? undefined : queue[at + by]
    if (playable === undefined) {
      void turnPage(by)
      return
    }
    const link = mediaLinks(shelf).find(({ pathname }) => pathname === playable.href)
    if (link !== undefined) name(link)
    show(playable, true)
    link?.scrollIntoView({ block: 'nearest' })
  }

  /** To the next page or the last, if the group that is played goes on there. */
  async function turnPage(by: number): Promise<void> {
    const from = by > 0 ? -1 : 0
    const edge = mediaLinks(shelf).at(from)
    const page = shelf.querySelector<HTMLAnchorElement>(`#pages a[rel=${by > 0 ? 'next' : 'prev'}]`)
    if (page === null || edge?.pathname !== player.playing()?.href) return
    const group = groupOf(edge)
    if (!(await folders.visit(page.href, 'link'))) return
    const link = mediaLinks(shelf).at(by > 0 ? 0 : -1)
    if (link === undefined || groupOf(link) !== group) return
    name(link)
    choose(link, true)
    link.scrollIntoView({ block: 'nearest' })
  }

  function groupOf(link: HTMLAnchorElement | undefined): string | undefined {
    return link?.closest('section')?.querySelector('h2')?.textContent
  }

  function whenEnded({ isInSeries }: Playable): void {
    if (isInSeries) step(1)
  }

  function whenFilled(page: Document): void {
    // The first film or song that is found.
    if (player.playing() === null) showNamed()
    if (player.playing() === null) document.title = page.title
    mark()
    thumbnails.observe(shelf)
    pictures.observe(shelf)
  }

  function name(link: HTMLAnchorElement): void {
    const address = `#${link.getAttribute('href')}`
    if (location.hash !== address) history.pushState(null, '', address)
  }

  function mark(): void {
    const playing = player.playing()?.href
    for (const link of mediaLinks(shelf)) {
      if (link.pathname === playing) link.setAttribute('aria-current', 'true')
      else link.removeAttribute('aria-current')
    }
  }
}
