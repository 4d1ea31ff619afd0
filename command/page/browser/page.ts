import { fold, formatTime } from '../format.ts'
import type { TrackOnPage } from '../stage.ts'
import { decode, one } from './dom.ts'
import { startKeys } from './keys.ts'
import { startMemory } from './memory.ts'
import { startRangeMap } from './range-map.ts'
import { startThumbnails } from './thumbnails.ts'
import { startViewer } from './viewer.ts'

/** What is played, as the link to it says. */
interface Entry {
  /** Its path and nothing else. */
  readonly href: string
  readonly kind: 'video' | 'audio'
  readonly title: string
  readonly tracks: readonly TrackOnPage[]
  readonly poster: string | null
  /** Whether the next of its kind follows by itself: an episode or a song. */
  readonly isInSeries: boolean
}

/**
 * Plays what is chosen, and writes it into the page's address after a #; walks through folders
 * without interrupting what plays; remembers, in this browser only, how far one came.
 *
 * It runs in the browser, from its own source text.
 */
export function startPage(): void {
  /** What is nearer to the start or the end than this is not worth coming back to, in seconds. */
  const EDGE = 5

  const view = nameView()
  const shelf = one('#shelf')
  const stage = document.querySelector<HTMLElement>('#stage')
  const map = stage === null ? null : startRangeMap(view)
  const thumbnails = startThumbnails(isLoading)
  const viewer = startViewer()
  const memory = startMemory()
  let playing: Entry | null = null
  /** The time in it that was last remembered. */
  let remembered = 0
  /** What is played before and after it, wherever the reader is by then. */
  let queue: readonly Entry[] = []
  let shown = location.pathname + location.search
  let asked = new AbortController()
  let whenTyped: ReturnType<typeof setTimeout> | undefined

  document.addEventListener('click', follow)
  addEventListener('popstate', comeBack)
  addEventListener('pagehide', remember)
  one('#search').addEventListener('submit', (event) => {
    event.preventDefault()
    // All of the player lies between the words and what they found.
    const [first] = [...shelf.querySelectorAll<HTMLElement>('li a')].filter((it) => it.offsetParent)
    first?.focus()
  })
  one('#order').addEventListener('change', () => void search())
  one('#words').addEventListener('input', () => {
    hideOthers()
    clearTimeout(whenTyped)
    whenTyped = setTimeout(search, 200)
  })
  if (stage !== null) startTools()
  startKeys({ medium: findMedium, step, toggleCaptions, changeSpeed })
  thumbnails.observe(shelf)
  showNamed()
  // On a phone the list lies below the player, which would scroll away.
  if (matchMedia('(min-width: 60rem)').matches) {
    shelf.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' })
  }

  // What is chosen

  function follow(event: MouseEvent): void {
    const link = event.target instanceof Element ? event.target.closest('a') : null
    if (link === null || event.button !== 0 || event.defaultPrevented) return
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
    if (link.matches('.video, .audio') && stage !== null) {
      event.preventDefault()
      const address = `#${link.getAttribute('href')}`
      if (location.hash !== address) history.pushState(null, '', address)
      choose(link, true)
    } else if (link.matches('.picture, .paper')) {
      event.preventDefault()
      viewer.open(link)
    } else if (link.matches('.folders a, #pages a, #place a')) {
      event.preventDefault()
      void visit(link.href, true)
    }
  }

  function choose(link: HTMLAnchorElement, isWanted: boolean): void {
    const { children } = link.closest('ul') ?? link
    const links = Array.from(children, (item) => item.querySelector('a')).filter(
      (it) => it !== null,
    )
    queue = links.map(toEntry)
    const entry = queue[links.indexOf(link)]
    if (entry !== undefined) show(entry, isWanted)
  }

  function toEntry(link: HTMLAnchorElement): Entry {
    const { tracks = '[]', poster = null } = link.dataset
    return {
      href: new URL(link.href).pathname,
      kind: link.matches('.audio') ? 'audio' : 'video',
      title: link.querySelector('.name')?.textContent ?? '',
      tracks: JSON.parse(tracks).map((track: TrackOnPage) => ({
        ...track,
        src: new URL(track.src, location.href).href,
      })),
      poster: poster === null ? null : new URL(poster, location.href).href,
      isInSeries: link.matches('.audio') || link.querySelector('b') !== null,
    }
  }

  /** Shows what the address names after its #, or the first of all. */
  function showNamed(): void {
    if (stage === null) return
    const links = [...shelf.querySelectorAll<HTMLAnchorElement>('.video, .audio')]
    const name = decode(location.hash.slice(1))
    const named = links.find((link) => decode(link.getAttribute('href') ?? '') === name)
    const link = named ?? (playing === null ? links[0] : undefined)
    if (link !== undefined) choose(link, false)
  }

  function show(entry: Entry, isWanted: boolean): void {
    if (entry.href !== playing?.href) load(entry)
    mark()
    // A browser may refuse; the player has a button, too.
    if (isWanted)
      findMedium()
        ?.play()
        .catch(() => {})
  }

  function mark(): void {
    for (const link of shelf.querySelectorAll<HTMLAnchorElement>('.video, .audio')) {
      if (new URL(link.href).pathname === playing?.href) link.setAttribute('aria-current', 'true')
      else link.removeAttribute('aria-current')
    }
  }

  /** To the next (1) or the previous (-1) of what is played. */
  function step(by: number): void {
    const at = queue.findIndex(({ href }) => href === playing?.href)
    const entry = at < 0 ? undefined : queue[at + by]
    if (entry === undefined) return
    const link = [...shelf.querySelectorAll<HTMLAnchorElement>('.video, .audio')].find(
      ({ pathname }) => pathname === entry.href,
    )
    if (link !== undefined) history.pushState(null, '', `#${link.getAttribute('href')}`)
    show(entry, true)
    link?.scrollIntoView({ block: 'nearest' })
  }

  // The player

  function load(entry: Entry): void {
    remember()
    const old = findMedium()
    playing = entry
    one('#title').textContent = entry.title
    document.title = entry.title
    one<HTMLAnchorElement>('#download').href = entry.href
    one('#about').textContent = decode(entry.href).split('/').slice(1, -1).join(' / ')
    one('#trouble').hidden = true
    one('#chapters').hidden = true
    one('#resumed').hidden = true
    const medium = makeMedium(entry, old)
    one('#player').replaceChildren(medium)
    // Otherwise the old one would go on loading until it is garbage collected.
    old?.removeAttribute('src')
    old?.load()
    map?.follow(medium)
  }

  function makeMedium(entry: Entry, old: HTMLMediaElement | null): HTMLMediaElement {
    const medium = document.createElement(entry.kind)
    medium.controls = true
    medium.preload = 'metadata'
    medium.setAttribute('aria-label', entry.title)
    if (medium instanceof HTMLVideoElement) {
      medium.playsInline = true
      if (entry.poster !== null) medium.poster = entry.poster
    }
    for (const track of entry.tracks) medium.append(makeTrack(track, old))
    medium.volume = old?.volume ?? 1
    medium.muted = old?.muted ?? false
    medium.defaultPlaybackRate = Number(one<HTMLSelectElement>('#speed').value)
    medium.addEventListener('error', () => {
      one('#trouble').hidden = medium !== findMedium()
    })
    medium.addEventListener('loadedmetadata', () => resume(medium, entry), { once: true })
    medium.addEventListener('pause', remember)
    medium.addEventListener('seeked', remember)
    medium.addEventListener('timeupdate', () => {
      // A browser may end without a word.
      if (Math.abs(medium.currentTime - remembered) > EDGE) remember()
    })
    medium.addEventListener('ended', () => {
      memory.forget(entry.href)
      if (entry.isInSeries) step(1)
    })
    medium.src = `${entry.href}?view=${view}`
    return medium
  }

  function makeTrack(given: TrackOnPage, old: HTMLMediaElement | null): HTMLTrackElement {
    const track = document.createElement('track')
    track.kind = given.kind
    track.label = given.label
    track.srclang = given.language
    track.src = given.src
    const last = [...(old?.textTracks ?? [])].find(({ mode }) => mode === 'showing')
    track.default = last !== undefined && last.label === given.label
    if (given.kind === 'chapters') {
      track.addEventListener('load', () => listChapters(track.track))
      // No browser loads what nobody wants to see.
      queueMicrotask(() => {
        track.track.mode = 'hidden'
      })
    }
    return track
  }

  function listChapters({ cues }: TextTrack): void {
    const items = [...(cues ?? [])].map((cue) => {
      const button = document.createElement('button')
      button.type = 'button'
      button.textContent = 'text' in cue ? String(cue.text) : cue.id
      button.addEventListener('click', () => {
        const medium = findMedium()
        if (medium !== null) medium.currentTime = cue.startTime
      })
      const item = document.createElement('li')
      item.append(button)
      return item
    })
    one('#chapters').replaceChildren(...items)
    one('#chapters').hidden = items.length === 0
  }

  function startTools(): void {
    one('#tools').hidden = false
    one('#speed').addEventListener('change', () => changeSpeed(0))
    one('#copy').addEventListener('click', () => void copyAddress())
    one('#help').addEventListener('click', () => one<HTMLDialogElement>('#shortcuts').showModal())
    one('#resumed').addEventListener('click', () => {
      one('#resumed').hidden = true
      const medium = findMedium()
      if (medium !== null) medium.currentTime = 0
      if (playing !== null) memory.forget(playing.href)
    })
  }

  async function copyAddress(): Promise<void> {
    const address = new URL(playing?.href ?? '', location.href).href
    try {
      await navigator.clipboard.writeText(address)
      tell('The address is copied')
    } catch {
      // Without TLS a browser has no clipboard, unless the server is this machine.
      prompt('The address', address)
    }
  }

  /** @param by -1 for slower, 1 for faster, 0 for what is chosen */
  function changeSpeed(by: number): void {
    const speed = document.querySelector<HTMLSelectElement>('#speed')
    const medium = findMedium()
    if (speed === null || medium === null) return
    const last = speed.options.length - 1
    speed.selectedIndex = Math.min(last, Math.max(0, speed.selectedIndex + by))
    medium.defaultPlaybackRate = Number(speed.value)
    medium.playbackRate = Number(speed.value)
  }

  function toggleCaptions(): void {
    const tracks = [...(findMedium()?.textTracks ?? [])].filter(({ kind }) => kind !== 'chapters')
    const isShown = tracks.some(({ mode }) => mode === 'showing')
    const own = tracks.find(
      ({ language }) => language !== '' && navigator.language.startsWith(language),
    )
    for (const track of tracks) track.mode = 'disabled'
    const track = own ?? tracks[0]
    if (!isShown && track !== undefined) track.mode = 'showing'
  }

  /** Whether the network belongs to what plays. */
  function isLoading(): boolean {
    const medium = findMedium()
    if (medium === null || medium.error !== null) return false
    return medium.readyState < (medium.paused ? medium.HAVE_CURRENT_DATA : medium.HAVE_ENOUGH_DATA)
  }

  // How far one came

  function remember(): void {
    const medium = findMedium()
    if (playing === null || medium === null || !(medium.duration > 0)) return
    const { currentTime: at, duration } = medium
    remembered = at
    if (at >= EDGE && at <= duration - EDGE) memory.keep(playing.href, Math.floor(at))
  }

  function resume(medium: HTMLMediaElement, { href }: Entry): void {
    const at = memory.of(href)
    if (at === null || at > medium.duration - EDGE || medium.currentTime > 0) return
    medium.currentTime = at
    const resumed = one('#resumed')
    resumed.textContent = `Resumed at ${formatTime(at)}: start over`
    resumed.hidden = false
  }

  // The folders

  async function search(): Promise<void> {
    const words = one<HTMLInputElement>('#words').value.trim()
    const order = one<HTMLSelectElement>('#order').value
    const query = new URLSearchParams()
    if (words !== '') query.set('q', words)
    if (order !== 'name') query.set('sort', order)
    const search = query.size > 0 ? `?${query}` : ''
    await visit(location.pathname + search, false)
  }

  /** At once, until the server has found all that there is. */
  function hideOthers(): void {
    const words = fold(one<HTMLInputElement>('#words').value).split(/\s+/)
    for (const section of shelf.querySelectorAll<HTMLElement>('section')) {
      const heading = section.querySelector('h2')?.textContent ?? ''
      let left = 0
      for (const item of section.querySelectorAll('li')) {
        const text = fold(
          `${heading} ${decode(item.querySelector('a')?.getAttribute('href') ?? '')}`,
        )
        item.hidden = !words.every((word) => text.includes(word))
        if (!item.hidden) left++
      }
      section.hidden = left === 0
    }
  }

  /** Shows another folder or other files beside what plays. */
  async function visit(address: string, isNew: boolean): Promise<void> {
    const url = new URL(address, location.href)
    asked.abort()
    asked = new AbortController()
    try {
      const response = await fetch(url, { headers: { accept: 'text/html' }, signal: asked.signal })
      const text = response.ok ? await response.text() : ''
      const other = new DOMParser().parseFromString(text, 'text/html')
      const files = other.querySelector('#shelf')
      // Another page, such as an index.html, or one with a player where there is none.
      const isOther = files === null || (stage === null && other.querySelector('#stage') !== null)
      if (isOther) return location.assign(url)
      if (isNew) history.pushState(null, '', url)
      else history.replaceState(null, '', url.pathname + url.search + location.hash)
      shown = url.pathname + url.search
      fill(files, other)
      if (isNew) arrive(other)
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'AbortError')) location.assign(url)
    }
  }

  function fill(files: Element, other: Document): void {
    const focused = document.activeElement?.closest('#shelf a')?.getAttribute('href')
    shelf.replaceChildren(...files.childNodes)
    one('#place').replaceChildren(...one('#place', other).childNodes)
    if (playing === null) document.title = other.title
    const links = [...shelf.querySelectorAll('a')]
    links.find((link) => link.getAttribute('href') === focused)?.focus({ preventScroll: true })
    mark()
    thumbnails.observe(shelf)
    tell(one('#counts span').textContent)
  }

  function arrive(other: Document): void {
    one<HTMLInputElement>('#words').value = one<HTMLInputElement>('#words', other).value
    one<HTMLSelectElement>('#order').value = one<HTMLSelectElement>('#order', other).value
    shelf.focus({ preventScroll: true })
    scrollTo(0, 0)
  }

  function comeBack(): void {
    if (location.pathname + location.search === shown) showNamed()
    else void visit(location.href, false)
  }

  // The page

  function findMedium(): HTMLMediaElement | null {
    return document.querySelector('#player > video, #player > audio')
  }

  function tell(text: string): void {
    one('#status').textContent = text
  }

  /** The same for a tab when it is loaded again, so that its browser's cache is of use. */
  function nameView(): string {
    const random = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0
    const name = random.toString(36).padStart(7, '0').slice(-6)
    try {
      const known = sessionStorage.getItem('view') ?? name
      sessionStorage.setItem('view', known)
      return known
    } catch {
      return name
    }
  }
}
