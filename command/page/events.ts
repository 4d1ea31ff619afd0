import { toRelativePath } from '../../adapters/site/url-path.ts'
import type { Served, Serving } from '../../src/served.ts'
import type { RequestLike } from '../../src/source.ts'

/** A response with a part of a file, as the page's range map shows it. */
export interface Row {
  readonly id: number
  /** When it began, in ms since the epoch. */
  readonly at: number
  /** The Range field; null without one. */
  readonly range: string | null
  readonly status: number
  /** The bytes [start, end) of the file that were announced. */
  readonly start: number
  readonly end: number
  /** How many were sent so far; null where the runtime does not tell. */
  readonly sent: number | null
  readonly state: 'running' | 'done' | 'aborted' | 'failed'
}

/** How often those who listen are told how far a response has come, in ms. */
const TICK = 250
/** After how many ticks a word is sent in any case: it shows which connections are dead. */
const QUIET_TICKS = 60
const MAX_VIEWS = 100
const MAX_ROWS = 100
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
  readonly #running = new WeakMap<RequestLike, Tracked>()
  readonly #listeners = new Set<Listener>()
  #count = 0
  #ticks = 0
  #timer: ReturnType<typeof setInterval> | null = null

  /** For `onBegin`. */
  begin(serving: Serving): void {
    const view = VIEW.exec(serving.request.url)?.[1]
    const path = view === undefined ? null : toRelativePath(serving.request.url)
    if (view === undefined || path === null) return
    const tracked = new Tracked(++this.#count, path, this.#view(view), serving)
    this.#running.set(serving.request, tracked)
    tracked.view.add(tracked)
  }

  /** For `onServed`. */
  end(served: Served): void {
    const tracked = this.#running.get(served.request)
    if (tracked === undefined) return
    tracked.end(served)
    tracked.view.tell(tracked)
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

/** A response that is watched. */
class Tracked {
  readonly path: string
  readonly view: View
  readonly #row: Omit<Row, 'sent' | 'state'>
  #serving: Pick<Serving, 'sent'>
  #state: Row['state'] = 'running'
  #lastSent: number | null = 0

  constructor(id: number, path: string, view: View, serving: Serving) {
    const { request, status, headers } = serving
    const [, first, last] = /^bytes (\d+)-(\d+)/.exec(headers['content-range'] ?? '') ?? []
    const length = status === 200 && request.method === 'GET' ? headers['content-length'] : 0
    const start = Number(first ?? 0)
    const end = last === undefined ? Number(length ?? 0) : Number(last) + 1
    const range = request.headers.get('range')
    this.path = path
    this.view = view
    this.#row = { id, at: Date.now(), range, status, start, end }
    this.#serving = serving
  }

  end({ sent, aborted, error }: Served): void {
    // Not the response itself, which would keep its request.
    this.#serving = { sent }
    this.#state = error !== undefined ? 'failed' : aborted ? 'aborted' : 'done'
  }

  /** Whether more was sent since it was last asked. */
  hasMoved(): boolean {
    const { sent } = this.#serving
    const hasMoved = sent !== this.#lastSent
    this.#lastSent = sent
    return hasMoved
  }

  row(): Row {
    return { ...this.#row, sent: this.#serving.sent, state: this.#state }
  }
}

/** One who listens, and may be slow to: what happens in the meantime is told in one go. */
class Listener {
  readonly stream: ReadableStream<Uint8Array>
  readonly #path: string
  readonly #changed: Set<Tracked>
  readonly #leave: () => void
  #controller!: ReadableStreamDefaultController<Uint8Array>

  constructor(path: string, known: readonly Tracked[], leave: () => void) {
    this.#path = path
    this.#changed = new Set(known.filter((tracked) => tracked.path === path))
    this.#leave = leave
    this.stream = new ReadableStream(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => this.#flush(),
        cancel: leave,
      },
      { highWaterMark: 2 },
    )
  }

  tell(tracked: Tracked): void {
    if (tracked.path !== this.#path) return
    this.#changed.add(tracked)
    for (const oldest of this.#changed) {
      if (this.#changed.size <= MAX_ROWS) break
      this.#changed.delete(oldest)
    }
    if ((this.#controller.desiredSize ?? 0) > 0) this.#flush()
  }

  send(event: string, data: unknown): void {
    if ((this.#controller.desiredSize ?? 0) <= 0) return
    const text = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
    this.#controller.enqueue(new TextEncoder().encode(text))
  }

  close(): void {
    this.#leave()
    this.#controller.close()
  }

  #flush(): void {
    if (this.#changed.size === 0) return
    const rows = Array.from(this.#changed, (tracked) => tracked.row())
    this.#changed.clear()
    this.send('requests', rows)
  }
}
