import { startLetters } from './letters.ts'

/** What keys do beside what the browser's own player offers. */
export interface Actions {
  medium(): HTMLMediaElement | null
  step(by: number): void
  toggleCaptions(medium: HTMLMediaElement): void
  changeSpeed(by: number): void
}

/** What iPhones have in place of full screen for all, and Safari had before 16.4; of films alone. */
interface AppleMedium extends HTMLMediaElement {
  readonly webkitDisplayingFullscreen?: boolean
  webkitEnterFullscreen?(): void
  webkitExitFullscreen?(): void
}

/** The keyboard's shortcuts. It runs in the browser, from its own source text. */
export function startKeys({ medium, step, toggleCaptions, changeSpeed }: Actions): void {
  const areLettersOn = startLetters()

  // Before the browser's own player, which would do some of it a second time.
  addEventListener('keydown', press, true)

  function press(event: KeyboardEvent): void {
    const { target } = event
    if (event.ctrlKey || event.metaKey || event.altKey || !(target instanceof Element)) return
    if (target.matches('#words') && event.key === 'Escape') leaveSearch(target)
    if (document.querySelector('dialog[open]') !== null) return
    if (target.matches('input, select, textarea, iframe')) return
    // On a link or a button the space bar and Enter are its own.
    if (event.key === ' ' && target.matches('a, button, summary')) return
    if (event.key.length === 1 && event.key !== ' ' && !areLettersOn()) return
    if (!act(event.key, medium())) return
    event.preventDefault()
  }

  /** Whether the key means something. */
  function act(key: string, playing: HTMLMediaElement | null): boolean {
    if (key === '/') return focusSearch()
    if (key === '?') return showShortcuts()
    if (playing === null) return false
    switch (key.length === 1 ? key.toLowerCase() : key) {
      case ' ':
      case 'k':
        if (playing.paused) playing.play().catch(() => {})
        else playing.pause()
        return true
      case 'ArrowLeft':
        return move(playing, -5)
      case 'ArrowRight':
        return move(playing, 5)
      case 'j':
        return move(playing, -10)
      case 'l':
        return move(playing, 10)
      case 'ArrowUp':
        return changeVolume(playing, 0.1)
      case 'ArrowDown':
        return changeVolume(playing, -0.1)
      case 'm':
        playing.muted = !playing.muted
        return true
      case 'f':
        return toggleFullScreen(playing)
      case 'c':
        toggleCaptions(playing)
        return true
      case '<':
        changeSpeed(-1)
        return true
      case '>':
        changeSpeed(1)
        return true
      case 'n':
        step(1)
        return true
      case 'p':
        step(-1)
        return true
      default:
        return false
    }
  }

  function move(playing: HTMLMediaElement, by: number): boolean {
    // Infinite for a recording that does not say, NaN as long as nothing is known.
    const end = playing.duration || 0
    playing.currentTime = Math.max(0, Math.min(end, playing.currentTime + by))
    return true
  }

  function toggleFullScreen(playing: AppleMedium): boolean {
    if (document.fullscreenElement) void document.exitFullscreen()
    else if (playing.requestFullscreen) playing.requestFullscreen().catch(() => {})
    else if (playing.webkitDisplayingFullscreen) playing.webkitExitFullscreen?.()
    else if (playing.readyState > 0) playing.webkitEnterFullscreen?.()
    return true
  }

  /** The arrows scroll the page, unless the player is where the reader is. */
  function changeVolume(playing: HTMLMediaElement, by: number): boolean {
    const isHere = document.activeElement === playing || document.fullscreenElement === playing
    if (!isHere) return false
    playing.volume = Math.max(0, Math.min(1, playing.volume + by))
    return true
  }

  function focusSearch(): boolean {
    document.querySelector<HTMLInputElement>('#words')?.select()
    document.querySelector<HTMLInputElement>('#words')?.focus()
    return true
  }

  function leaveSearch(words: Element): void {
    if (!(words instanceof HTMLInputElement)) return
    words.value = ''
    words.dispatchEvent(new Event('input'))
    words.blur()
  }

  function showShortcuts(): boolean {
    document.querySelector<HTMLDialogElement>('#shortcuts')?.showModal()
    return true
  }
}
