import { type Transfer, Transfers } from './transfers.ts'

/** A page that listens. If it reads slowly, what happened meanwhile is sent in one go. */
export class Listener {
  readonly stream: ReadableStream<Uint8Array>
  readonly #path: string
  readonly #changed = new Transfers()
  readonly #leave: () => void
  #controller!: ReadableStreamDefaultController<Uint8Array>

  constructor(path: string, known: Iterable<Transfer>, leave: () => void) {
    this.#path = path
    for (const transfer of known) if (transfer.path === path) this.#changed.put(transfer)
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

  tell(transfer: Transfer): void {
    if (transfer.path !== this.#path) return
    this.#changed.put(transfer)
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
    const rows = Array.from(this.#changed.values(), (transfer) => transfer.row())
    this.#changed.clear()
    this.send('requests', rows)
  }
}
