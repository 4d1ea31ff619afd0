import { formatTime } from '../format.ts'
import { one } from './dom.ts'
import { startMemory } from './memory.ts'

export interface Resuming {
  /** Remembers what an element plays, whatever that is by then. */
  watch(medium: HTMLMediaElement): void
  /** To be told before an element gets another file: goes on where one stopped in that. */
  follow(medium: HTMLMediaElement, path: string): void
}

/** Remembers how far one came, and comes back to it. It runs in the browser. */
export function startResuming(): Resuming {
  /** What is nearer to the start or the end than this is not worth coming back to, in seconds. */
  const EDGE = 5
  /** A song begins at its beginning, an audiobook does not. In seconds. */
  const LONG = 600

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
    watch(next) {
      next.addEventListener('loadedmetadata', resume)
      next.addEventListener('pause', remember)
      next.addEventListener('seeked', remember)
      next.addEventListener('timeupdate', () => {
        // A browser may end without a word.
        if (Math.abs(next.currentTime - remembered) > EDGE) remember()
      })
      next.addEventListener('ended', () => memory.forget(path))
    },
    follow(next, of) {
      remember()
      medium = next
      path = of
      button.hidden = true
    },
  }

  function remember(): void {
    if (medium === null || !isResumed(medium)) return
    const { currentTime: at, duration } = medium
    remembered = at
    if (at >= EDGE && at <= duration - EDGE) memory.keep(path, Math.floor(at))
  }

  function resume(): void {
    const at = memory.of(path)
    if (at === null || medium === null || !isResumed(medium)) return
    // WebKit may have begun to play before it says that it knows the film.
    if (at > medium.duration - EDGE || medium.currentTime >= EDGE) return
    medium.currentTime = at
    button.textContent = `Resumed at ${formatTime(at)}: start over`
    button.hidden = false
  }

  /** Whether one goes on where one left it. */
  function isResumed({ localName, duration }: HTMLMediaElement): boolean {
    return duration > (localName === 'audio' ? LONG : 0)
  }
}
