import { MAX_ROWS, type Tracked } from './row.ts'

/** One who listens, and may be slow to: what happens in the meantime is told in one go. */
export class Listener {
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
