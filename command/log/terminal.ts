import process from 'node:process'

const CLEAR = '\r\x1b[K'

/**
 * A log that a person reads while it grows: below the lines stands how far the downloads have come.
 */
export class Terminal {
  readonly #write: (text: string) => Promise<number>
  /** By the number of the worker. */
  readonly #progress = new Map<number, string>()
  #isWriting = false
  #isShown = false

  /** @param write what is given to it first is written first */
  constructor(write: (text: string) => Promise<number>) {
    this.#write = write
  }

  /** Writes lines in the place of the progress, which stands below them once it is shown again. */
  write(lines: string): Promise<number> {
    return this.#write(this.replaceBy(lines))
  }

  /** What has to be written, at once, for lines to take the place of the progress. */
  replaceBy(lines: string): string {
    const text = this.#isShown ? CLEAR + lines : lines
    this.#isShown = false
    return text
  }

  /** @param progress replaces what the same worker had to show before; '' for nothing */
  show(worker: number, progress: string): void {
    if (progress !== '') this.#progress.set(worker, progress)
    else if (!this.#progress.delete(worker)) return
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
    if (this.#isShown) await this.write('')
  }
}
