import { toRelativePath } from '../../adapters/site/url-path.ts'
import type { Served, Serving } from '../../src/served.ts'
import type { RequestLike } from '../../src/source.ts'
import { Listener } from './listener.ts'
import { OwnTransfer, type Transfer, type TransferRow, Transfers } from './transfers.ts'

/** A row, for those who serve the same pages from another process. */
export interface RowReport {
  /** The name of the page. */
  readonly view: string
  readonly path: string
  readonly row: TransferRow
}

/** How often those who listen are told how far a response has come, in ms. */
const TICK = 250
/** After how many ticks a word is sent in any case: it shows which connections are dead. */
const QUIET_TICKS = 60
const MAX_VIEWS = 100
const MAX_LISTENERS = 100
/** How many processes may number rows. */
const MAX_NUMBERS = 1000

const NAME = '[a-z\\d]{4,16}'

/** What a page may call itself. */
export const VIEW_NAME: RegExp = new RegExp(`^${NAME}$`)

const VIEW = new RegExp(`[?&]view=(${NAME})(?:&|$)`)

/** Whether a response is the events themselves. */
export function isListening({ headers }: Pick<Serving, 'headers'>): boolean {
  return headers['content-type'] === 'text/event-stream'
}

/**
 * What became of the requests of each page that plays a file. A page gives itself a name, and adds
 * it to the address of what it plays, as in `/film.mp4?view=k3f9x2`: so one tab's requests are told
 * from those of another, of other programs and of the page's own thumbnails, in the log as well.
 *
 * Of the last hundred pages, the last hundred requests are remembered. Where several processes
 * answer, each reports its own to the others: a page may listen to any of them.
 */
export class Views {
  readonly #number: number
  readonly #report: ((report: RowReport) => void) | null
  readonly #views = new Map<string, View>()
  /** Weakly, as a response may be dropped without a word. */
  readonly #running = new WeakMap<RequestLike, OwnTransfer>()
  readonly #listeners = new Set<Listener>()
  #lastTime = 0
  #ticks = 0
  #timer: ReturnType<typeof setInterval> | null = null

  /** @param number tells this process from others, from 0 to 999 */
  constructor(number = 0, report: ((report: RowReport) => void) | null = null) {
    this.#number = number
    this.#report = report
  }

  /** For `onBegin`. */
  begin(serving: Serving): void {
    const view = VIEW.exec(serving.request.url)?.[1]
    const path = view === undefined ? null : toRelativePath(serving.request.url)
    if (view === undefined || path === null) return
    const transfer = new OwnTransfer(this.#nextId(), path, view, serving)
    this.#running.set(serving.request, transfer)
    this.#tell(transfer)
    if (this.#report !== null) this.#wake()
  }

  /** For `onServed`. */
  end(served: Served): void {
    const transfer = this.#running.get(served.request)
    if (transfer === undefined) return
    transfer.end(served)
    this.#tell(transfer)
  }

  /** Hears what another process reports. */
  hear({ view, path, row }: RowReport): void {
    this.#view(view).tell({ path, row: () => row })
  }

  /** Later ones are higher, whichever process gives them. */
  #nextId(): number {
    this.#lastTime = Math.max(this.#lastTime + 1, Date.now())
    return this.#lastTime * MAX_NUMBERS + this.#number
  }

  #tell(transfer: OwnTransfer): void {
    const { path, view } = transfer
    this.#view(view).tell(transfer)
    this.#report?.({ view, path, row: transfer.row() })
  }

  /**
   * The requests that a page makes for a file, those that it made already first, as server-sent
   * events.
   *
   * @param about the first event's data
   */
  listen(name: string, path: string, about: unknown): ReadableStream<Uint8Array> {
    const view = this.#view(name)
    const listener = new Listener(path, view.transfers(), () => {
      view.listeners.delete(listener)
      this.#listeners.delete(listener)
    })
    listener.send('file', about)
    view.listeners.add(listener)
    this.#listeners.add(listener)
    for (const oldest of this.#listeners) {
      if (this.#listeners.size <= MAX_LISTENERS) break
      oldest.close()
    }
    this.#wake()
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
    let isOver = this.#listeners.size === 0
    for (const view of this.#views.values()) {
      for (const one of view.transfers()) {
        if (!(one instanceof OwnTransfer)) continue
        if (one.hasMoved()) this.#tell(one)
        if (one.isRunning && this.#report !== null) isOver = false
      }
      if (isQuiet) for (const listener of view.listeners) listener.send('quiet', null)
    }
    if (isOver) this.#rest()
  }

  #wake(): void {
    this.#timer ??= setInterval(() => this.#tick(), TICK)
  }

  #rest(): void {
    clearInterval(this.#timer ?? undefined)
    this.#timer = null
  }
}

/** A page that plays. */
class View {
  readonly listeners = new Set<Listener>()
  readonly #transfers = new Transfers()

  transfers(): Iterable<Transfer> {
    return this.#transfers.values()
  }

  tell(transfer: Transfer): void {
    this.#transfers.put(transfer)
    for (const listener of this.listeners) listener.tell(transfer)
  }
}
