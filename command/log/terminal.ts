import process from 'node:process'

const CLEAR = '\r\x1b[K'

/**
 * A log that a person reads while it grows: below the lines stands how far the downloads have come.
 */
export class Terminal {
  readonly #print: (line: string) => void
  readonly #write: (text: string) => Promise<number>
  /** By the number of the worker. */
  readonly #progress = new Map<number, string>()
  #isWriting = false
  #isShown = false

  constructor(print: (line: string) => void, write: (text: string) => Promise<number>) {
    this.#print = print
    this.#write = write
  }

  print(line: string): void {
    this.#print(this.#isShown ? CLEAR + line : line)
    this.#isShown = false
  }

  /** @param progress replaces what the same worker had to show before; '' for nothing */
  show(worker: number, progress: string): void {
    if (progress === '') this.#progress.delete(worker)
    else this.#progress.set(worker, progress)
    // A terminal that nobody reads gets no more.
    if (this.#isWriting || this.#progress.size === 0) return
    const line = [...this.#progress.values()].join('   ')
    this.#isShown = true
    this.#isWriting = true
    void this.#write(CLEAR + line.slice(0, (process.stderr.columns || 80) - 1)).then(() => {
      this.#isWriting = false
    })
  }

  /** Takes away what is shown; fulfilled once it is gone. */
  async clear(): Promise<void> {
    if (!this.#isShown) return
    this.#isShown = false
    await this.#write(CLEAR)
  }
}
