import { one } from './dom.ts'
import type { Player } from './player.ts'

export interface Pictures {
  /** Loads those that come near. */
  observe(shelf: ParentNode): void
}

/**
 * The pictures that are listed. A browser has six connections for a host, and what plays needs one:
 * pictures let it load first, and take one while it runs. It runs in the browser, from its own
 * source text.
 */
export function startPictures(player: Pick<Player, 'medium' | 'isLoading'>): Pictures {
  /** How long to wait for a picture, and for what plays, which may never come, in ms. */
  const PATIENCE = 10_000
  const LOOK_EVERY = 500
  /** How many are loaded at a time while nothing runs. */
  const MANY = 4

  /** Those that came before this script did. */
  const early = new Set([...document.images].filter(({ naturalWidth }) => naturalWidth > 0))
  /** The addresses of those that wait, by their links. */
  const held = new Map<Element, string>()
  const near = new Set<Element>()
  const running = new Set<Promise<void>>()
  let isWorking = false
  let busySince: number | null = null
  // Some are loaded before they are scrolled to.
  const observer = new IntersectionObserver(take, { rootMargin: '0px 0px 100%' })

  return {
    observe(shelf) {
      observer.disconnect()
      held.clear()
      near.clear()
      // Nothing is as fast as the browser by itself.
      if (player.medium() === null) return
      for (const link of shelf.querySelectorAll<HTMLAnchorElement>('.picture')) {
        const image = one<HTMLImageElement>('img', link)
        if (early.has(image)) continue
        image.removeAttribute('src')
        held.set(link, link.href)
        observer.observe(link)
      }
    },
  }

  function take(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) near.add(target)
      else near.delete(target)
    }
    void work()
  }

  async function work(): Promise<void> {
    if (isWorking) return
    isWorking = true
    for (const link of near) {
      while (document.hidden || running.size >= room()) {
        await Promise.race([...running, new Promise((go) => setTimeout(go, LOOK_EVERY))])
      }
      const address = held.get(link)
      if (!near.delete(link) || address === undefined) continue
      observer.unobserve(link)
      const loaded = load(one<HTMLImageElement>('img', link), address)
      running.add(loaded)
      void loaded.then(() => running.delete(loaded))
    }
    isWorking = false
  }

  /** How many may be loaded at a time now. */
  function room(): number {
    if (player.isLoading()) {
      busySince ??= Date.now()
      return Date.now() - busySince < PATIENCE ? 0 : 1
    }
    busySince = null
    const medium = player.medium()
    return medium === null || medium.paused || medium.error !== null ? MANY : 1
  }

  async function load(image: HTMLImageElement, address: string): Promise<void> {
    // It may be out of sight by now.
    image.loading = 'eager'
    image.src = address
    await new Promise((resolve) => {
      setTimeout(resolve, PATIENCE)
      image.addEventListener('load', resolve)
      image.addEventListener('error', resolve)
    })
  }
}
