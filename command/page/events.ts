import { toRelativePath } from '../../adapters/site/url-path.ts'
import type { Served, Serving } from '../../src/served.ts'
import type { RequestLike } from '../../src/source.ts'
import { Listener } from './listener.ts'
import { MAX_ROWS, Tracked } from './row.ts'

/** How often those who listen are told how far a response has come, in ms. */
const TICK = 250
/** After how many ticks a word is sent in any case: it shows which connections are dead. */
const QUIET_TICKS = 60
const MAX_VIEWS = 100
const MAX_LISTENERS = 100

const VIEW = /[?&]view=([a-z\d]{4,16})(?:&|$)/

/** Whether a response is the events themselves. */
export function isListening({ headers }: Pick<Serving, 'headers'>): boolean {
  return headers['content-type'] === 'text/event-stream'
}

/**
 * What became of the requests of each page that plays a file. A page gives itself a name, and adds
 * it to the address of what it plays, as in `/film.mp4?view=k3f9x2`: so one tab's requests are told
 * from those of another, of other programs and of the page's own thumbnails, in the log as well.
 *
 * Of the last hundred pages, the last hundred requests are remembered.
 */
export class Views {
  readonly #views = new Map<string, View>()
  /** Weakly, as a response may be dropped without a word. */
  readonly #running = new WeakMap<RequestLike, { view: View; tracked: Tracked }>()
  readonly #listeners = new Set<Listener>()
  #count = 0
  #ticks = 0
  #timer: ReturnType<typeof setInterval> | null = null

  /** For `onBegin`. */
  begin(serving: Serving): void {
    const name = VIEW.exec(serving.request.url)?.[1]
    const path = name === undefined ? null : toRelativePath(serving.request.url)
    if (name === undefined || path === null) return
    const view = this.#view(name)
    const tracked = new Tracked(++this.#count, path, serving)
    this.#running.set(serving.request, { view, tracked })
    view.add(tracked)
  }

  /** For `onServed`. */
  end(served: Served): void {
    const running = this.#running.get(served.request)
    if (running === undefined) return
    running.tracked.end(served)
    running.view.tell(running.tracked)
  }

  /**
   * The requests that a page makes for a file, those that it made already first, as server-sent
   * events.
   *
   * @param about the first event's data
   */
  listen(name: string, path: string, about: unknown): ReadableStream<Uint8Array> {
    const view = this.#view(name)
    const listener = new Listener(path, view.rows(), () => {
      view.listeners.delete(listener)
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) this.#rest()
    })
    listener.send('file', about)
    view.listeners.add(listener)
    this.#listeners.add(listener)
    for (const oldest of this.#listeners) {
      if (this.#listeners.size <= MAX_LISTENERS) break
      oldest.close()
    }
    this.#timer ??= setInterval(() => this.#tick(), TICK)
    return listener.stream
  }

  /** Ends what would never end by itself. */
  close(): void {
    for (const listener of this.#listeners) listener.close()
  }

  #view(name: string): View {
    const view = this.#views.get(name) ?? new View()
    this.#views.delete(name)
    this.#views.set(name, view)
    for (const [oldest, { listeners }] of this.#views) {
      if (this.#views.size <= MAX_VIEWS) break
      if (listeners.size === 0) this.#views.delete(oldest)
    }
    return view
  }

  #tick(): void {
    const isQuiet = ++this.#ticks % QUIET_TICKS === 0
    for (const view of this.#views.values()) {
      if (view.listeners.size === 0) continue
      for (const tracked of view.rows()) if (tracked.hasMoved()) view.tell(tracked)
      if (isQuiet) for (const listener of view.listeners) listener.send('quiet', null)
    }
  }

  #rest(): void {
    clearInterval(this.#timer ?? undefined)
    this.#timer = null
  }
}

/** A page that plays. */
class View {
  readonly listeners = new Set<Listener>()
  readonly #rows: Tracked[] = []

  rows(): readonly Tracked[] {
    return this.#rows
  }

  add(tracked: Tracked): void {
    this.#rows.push(tracked)
    if (this.#rows.length > MAX_ROWS) this.#rows.shift()
    this.tell(tracked)
  }

  tell(tracked: Tracked): void {
    for (const listener of this.listeners) listener.tell(tracked)
  }
}
