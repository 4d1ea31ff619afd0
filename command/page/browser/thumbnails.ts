import { formatTime } from '../format.ts'

export interface Thumbnails {
  /** Draws those that come into view. */
  observe(shelf: ParentNode): void
}

/**
 * Posters, first pictures and durations of what is listed, one after the other, and only of what
 * is seen. It runs in the browser, from its own source text.
 *
 * @param isBusy whether the network belongs to what plays
 */
export function startThumbnails(isBusy: () => boolean): Thumbnails {
  interface Preview {
    readonly duration: number
    readonly picture: HTMLCanvasElement | null
  }

  /** How long to wait for a file, and for a pause of what plays, in ms. */
  const PATIENCE = 10_000
  const LOOK_EVERY = 500
  const WIDTH = 128
  const HEIGHT = 72

  /** Some 18 MB. */
  const MAX = 500

  /** By path, the one that was shown last at the end. */
  const known = new Map<string, Preview>()
  /** Of what is listed. Its links mean other files while Back leads to what has not come. */
  const paths = new Map<HTMLAnchorElement, string>()
  const seen = new Set<HTMLAnchorElement>()
  let isWorking = false
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!(target instanceof HTMLAnchorElement)) continue
      if (isIntersecting) seen.add(target)
      else seen.delete(target)
    }
    void work()
  })

  return {
    observe(shelf) {
      observer.disconnect()
      paths.clear()
      seen.clear()
      for (const link of shelf.querySelectorAll<HTMLAnchorElement>('.video, .audio')) {
        const { pathname, dataset } = link
        paths.set(link, pathname)
        if (dataset.poster !== undefined) drawPoster(link, dataset.poster)
        const preview = known.get(pathname)
        if (preview !== undefined) show(link, pathname, preview)
        else observer.observe(link)
      }
    },
  }

  async function work(): Promise<void> {
    if (isWorking) return
    isWorking = true
    for (const link of seen) {
      while (isBusy() || document.hidden) await new Promise((go) => setTimeout(go, LOOK_EVERY))
      const path = paths.get(link)
      if (!seen.delete(link) || path === undefined) continue
      observer.unobserve(link)
      show(link, path, await look(link, path))
    }
    isWorking = false
  }

  function show(link: HTMLAnchorElement, path: string, preview: Preview): void {
    known.delete(path)
    known.set(path, preview)
    const [oldest = path] = known.keys()
    if (known.size > MAX) known.delete(oldest)
    draw(link, preview)
  }

  async function look(link: HTMLAnchorElement, path: string): Promise<Preview> {
    const medium = document.createElement(link.matches('.audio') ? 'audio' : 'video')
    medium.preload = 'metadata'
    medium.muted = true
    medium.src = path
    try {
      await told(medium, 'loadedmetadata')
      const { duration } = medium
      // An .mp4 or .webm may be a song.
      const isFilm = medium instanceof HTMLVideoElement && medium.videoWidth > 0
      if (!isFilm || link.dataset.poster !== undefined) return { duration, picture: null }
      // Most films begin black.
      medium.currentTime = Math.min(60, duration / 10)
      await told(medium, 'seeked')
      if (medium.readyState < medium.HAVE_CURRENT_DATA) await told(medium, 'loadeddata')
      return { duration, picture: await drawPicture(medium) }
    } catch {
      return { duration: NaN, picture: null }
    } finally {
      medium.removeAttribute('src')
      medium.load()
    }
  }

  async function told(medium: HTMLMediaElement, event: string): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const once = { once: true }
    await new Promise((resolve, reject) => {
      timer = setTimeout(reject, PATIENCE)
      medium.addEventListener('error', reject, once)
      medium.addEventListener(event, resolve, once)
    }).finally(() => clearTimeout(timer))
  }

  /** A busy browser may have no picture yet, though it has said so. */
  async function drawPicture(video: HTMLVideoElement): Promise<HTMLCanvasElement | null> {
    const canvas = document.createElement('canvas')
    const scale = Math.max(WIDTH / video.videoWidth, HEIGHT / video.videoHeight)
    const [width, height] = [video.videoWidth * scale, video.videoHeight * scale]
    canvas.width = WIDTH
    canvas.height = HEIGHT
    const context = canvas.getContext('2d')
    if (context === null) return null
    for (let waited = 0; waited < PATIENCE; waited += LOOK_EVERY) {
      context.drawImage(video, (WIDTH - width) / 2, (HEIGHT - height) / 2, width, height)
      const { data } = context.getImageData(WIDTH / 2, HEIGHT / 2, 1, 1)
      if (data[3] !== 0) return canvas
      await new Promise((go) => setTimeout(go, LOOK_EVERY))
    }
    return null
  }

  function drawPoster(link: HTMLAnchorElement, poster: string): void {
    const image = document.createElement('img')
    image.alt = ''
    image.loading = 'lazy'
    image.decoding = 'async'
    image.src = poster
    link.querySelector('.thumb')?.replaceChildren(image)
  }

  function draw(link: HTMLAnchorElement, { duration, picture }: Preview): void {
    if (picture !== null) link.querySelector('.thumb')?.replaceChildren(picture)
    const small = link.querySelector('small')
    if (!(duration > 0) || !Number.isFinite(duration) || small?.dataset.length !== undefined) return
    small?.prepend(`${formatTime(duration)} · `)
    if (small !== null) small.dataset.length = String(duration)
  }
}
