import { Rows, type Watched } from './row.ts'

/** One who listens, and may be slow to: what happens in the meantime is told in one go. */
export class Listener {
  readonly stream: ReadableStream<Uint8Array>
  readonly #path: string
  readonly #changed = new Rows()
  readonly #leave: () => void
  #controller!: ReadableStreamDefaultController<Uint8Array>

  constructor(path: string, known: Iterable<Watched>, leave: () => void) {
    this.#path = path
    for (const watched of known) if (watched.path === path) this.#changed.put(watched)
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

  tell(watched: Watched): void {
    if (watched.path !== this.#path) return
    this.#changed.put(watched)
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
    const rows = Array.from(this.#changed.values(), (watched) => watched.row())
    this.#changed.clear()
    this.send('requests', rows)
  }
}
