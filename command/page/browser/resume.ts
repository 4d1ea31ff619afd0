import { formatTime } from '../format.ts'
import { one } from './dom.ts'
import { startMemory } from './memory.ts'

export interface Resuming {
  /** Goes on where one stopped in what is played now; remembers the last. */
  follow(medium: HTMLMediaElement, path: string): void
}

/** Remembers how far one came, and comes back to it. It runs in the browser. */
export function startResuming(): Resuming {
  /** What is nearer to the start or the end than this is not worth coming back to, in seconds. */
  const EDGE = 5

  const button = one('#resumed')
  const memory = startMemory()
  let medium: HTMLMediaElement | null = null
  let path = ''
  /** The time in it that was last remembered. */
  let remembered = 0

  addEventListener('pagehide', remember)
  button.addEventListener('click', () => {
    button.hidden = true
    if (medium !== null) medium.currentTime = 0
    memory.forget(path)
  })

  return {
    follow(next, of) {
      remember()
      medium = next
      path = of
      button.hidden = true
      next.addEventListener('loadedmetadata', () => resume(next, of), { once: true })
      next.addEventListener('pause', remember)
      next.addEventListener('seeked', remember)
      next.addEventListener('timeupdate', () => {
        // A browser may end without a word.
        if (Math.abs(next.currentTime - remembered) > EDGE) remember()
      })
      next.addEventListener('ended', () => memory.forget(of))
    },
  }

  function remember(): void {
    if (medium === null || !(medium.duration > 0)) return
    const { currentTime: at, duration } = medium
    remembered = at
    if (at >= EDGE && at <= duration - EDGE) memory.keep(path, Math.floor(at))
  }

  function resume(next: HTMLMediaElement, of: string): void {
    const at = memory.of(of)
    if (at === null || at > next.duration - EDGE || next.currentTime > 0) return
    next.currentTime = at
    button.textContent = `Resumed at ${formatTime(at)}: start over`
    button.hidden = false
  }
}
