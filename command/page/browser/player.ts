import { decodeHref, one, say } from './dom.ts'
import type { Playable } from './playable.ts'
import { startRangeMap } from './range-map.ts'
import { startResuming } from './resume.ts'
import { captionsOf, changeTracks } from './tracks.ts'
import { explainTrouble } from './trouble.ts'

export interface Player {
  /** What is loaded, whether it runs or not. */
  playing(): Playable | null
  medium(): HTMLMediaElement | null
  /** Loads it, unless it is; and begins to play it, if that is wanted. */
  show(playable: Playable, isWanted: boolean): void
  /** Whether the network belongs to what plays. */
  isLoading(): boolean
  /** @param by -1 for slower, 1 for faster, 0 for what is chosen */
  changeSpeed(by: number): void
}

/**
 * The player, which is the browser's own, and what belongs to it. It runs in the browser, from its
 * own source text.
 *
 * @param view this page's name, which the addresses of what it plays carry
 */
export function startPlayer(view: string, whenEnded: (playable: Playable) => void): Player {
  const speed = one<HTMLSelectElement>('#speed')
  const map = startRangeMap(view)
  const resuming = startResuming()
  let playing: Playable | null = null
  let failures = 0
  let medium: HTMLMediaElement | null = null

  one('#tools').hidden = false
  speed.addEventListener('change', () => changeSpeed(0))
  one('#copy').addEventListener('click', () => void copyAddress())
  one('#help').addEventListener('click', () => one<HTMLDialogElement>('#shortcuts').showModal())

  return {
    playing: () => playing,
    medium: () => medium,
    show(playable, isWanted) {
      const isLoaded = playable.href === playing?.href && medium?.error === null
      if (!isLoaded) load(playable)
      // A browser may refuse; the player has a button, too.
      if (isWanted) medium?.play().catch(() => {})
    },
    isLoading() {
      if (medium === null || medium.error !== null) return false
      // A phone may load nothing before it is to play.
      if (medium.networkState === medium.NETWORK_IDLE) return false
      const enough = medium.paused ? medium.HAVE_CURRENT_DATA : medium.HAVE_ENOUGH_DATA
      return medium.readyState < enough
    },
    changeSpeed,
  }

  /** Another one after each failure: Chromium would take what it still has of the last one. */
  function addressOf({ href }: Playable): string {
    return `${href}?view=${view}${failures === 0 ? '' : `&again=${failures}`}`
  }

  function load(playable: Playable): void {
    const last = medium
    const shown = captionsOf(last)
    // The same element, if it can be: another one would leave full screen and picture in picture.
    const next = last?.localName === playable.kind ? last : makeMedium(playable.kind, last)
    resuming.follow(next, playable.href)
    one('#stage').hidden = false
    playing = playable
    medium = next
    one('#title').textContent = playable.title
    one('#about').textContent = decodeHref(playable.href).split('/').slice(1, -1).join(' / ')
    one<HTMLAnchorElement>('#download').href = playable.href
    one('#trouble').hidden = true
    document.title = playable.title
    next.setAttribute('aria-label', playable.title)
    if (next instanceof HTMLVideoElement) next.poster = playable.poster ?? ''
    changeTracks(next, playable.tracks, shown)
    next.src = addressOf(playable)
    if (next !== last) {
      one('#player').replaceChildren(next)
      // Otherwise the last one would go on loading until it is garbage collected.
      last?.removeAttribute('src')
      last?.load()
    }
    map.follow(next)
  }

  function makeMedium(kind: Playable['kind'], last: HTMLMediaElement | null): HTMLMediaElement {
    const next = document.createElement(kind)
    next.controls = true
    next.preload = 'metadata'
    if (next instanceof HTMLVideoElement) next.playsInline = true
    next.volume = last?.volume ?? 1
    next.muted = last?.muted ?? false
    next.defaultPlaybackRate = Number(speed.value)
    // Before what follows: it then forgets what has ended, and not what comes next.
    resuming.watch(next)
    next.addEventListener('ended', () => {
      if (playing !== null) whenEnded(playing)
    })
    next.addEventListener('error', () => void tellTrouble())
    return next
  }

  async function tellTrouble(): Promise<void> {
    const playable = playing
    if (playable === null || medium === null) return
    failures++
    const trouble = one('#trouble')
    const text = await explainTrouble(playable.href, medium.played.length > 0)
    if (playable !== playing) return
    trouble.textContent = text
    trouble.hidden = false
  }

  function changeSpeed(by: number): void {
    if (medium === null) return
    const last = speed.options.length - 1
    speed.selectedIndex = Math.min(last, Math.max(0, speed.selectedIndex + by))
    medium.defaultPlaybackRate = Number(speed.value)
    medium.playbackRate = Number(speed.value)
  }

  async function copyAddress(): Promise<void> {
    const address = new URL(playing?.href ?? '', location.href).href
    try {
      await navigator.clipboard.writeText(address)
      say('The address is copied')
    } catch {
      // Without TLS a browser has no clipboard, unless the server is this machine.
      prompt('The address', address)
    }
  }
}
