import type { Served, Serving } from '../../src/served.ts'

/** How many requests of one page are remembered. */
const MAX_TRANSFERS = 100

/** A transfer as the page's range map shows it, at one moment. */
export interface TransferRow {
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

/** A response that was seen to begin, in this process or another. */
export interface Transfer {
  readonly path: string
  row(): TransferRow
}

/** The last ones, by the numbers of their rows. */
export class Transfers extends Map<number, Transfer> {
  put(transfer: Transfer): void {
    this.set(transfer.row().id, transfer)
    for (const oldest of this.keys()) {
      if (this.size <= MAX_TRANSFERS) break
      this.delete(oldest)
    }
  }
}

/** A transfer of this process, which knows how far it has come. */
export class OwnTransfer implements Transfer {
  readonly path: string
  readonly view: string
  readonly #row: Omit<TransferRow, 'sent' | 'state'>
  #serving: Pick<Serving, 'sent'>
  #state: TransferRow['state'] = 'running'
  #lastSent: number | null = 0

  constructor(id: number, path: string, view: string, serving: Serving) {
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

  get isRunning(): boolean {
    return this.#state === 'running'
  }

  /** Whether more was sent since it was last asked. */
  hasMoved(): boolean {
    const { sent } = this.#serving
    const hasMoved = sent !== this.#lastSent
    this.#lastSent = sent
    return hasMoved
  }

  row(): TransferRow {
    return { ...this.#row, sent: this.#serving.sent, state: this.#state }
  }
}
