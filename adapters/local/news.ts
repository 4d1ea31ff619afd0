import { type FSWatcher, watch } from 'node:fs'
import { clearTimeout, setTimeout } from 'node:timers'

/**
 * Tells when something may have happened to a file: the system says so where it can, and else it is
 * time to look again.
 */
export class News {
  readonly #interval: number
  #watcher: FSWatcher | null = null
  #isNew = false
  #wake: (() => void) | null = null

  /** @param interval how long is waited at most, in ms: not every file system tells */
  constructor(interval: number) {
    this.#interval = interval
  }

  /** Asks the system to tell, on this thread: the path may not be one that keeps it waiting. */
  watch(path: string): void {
    try {
      this.#watcher = watch(path, () => this.tell())
      // It was removed, or there are too many watchers.
      this.#watcher.on('error', () => this.#unwatch())
    } catch {
      // It is time to look again soon enough.
    }
  }

  /** Says that there may be news. */
  tell(): void {
    this.#isNew = true
    this.#wake?.()
  }

  /** Waits for news since the last time. */
  async wait(): Promise<void> {
    if (!this.#isNew) {
      let timer: NodeJS.Timeout | undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        timer = setTimeout(resolve, this.#interval)
      })
      clearTimeout(timer)
      this.#wake = null
    }
    this.#isNew = false
  }

  close(): void {
    this.#unwatch()
    this.tell()
  }

  #unwatch(): void {
    this.#watcher?.close()
    this.#watcher = null
  }
}
