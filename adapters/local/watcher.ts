import { type FSWatcher, watch } from 'node:fs'
import { clearTimeout, setTimeout } from 'node:timers'

/**
 * Tells when a file may have changed: at once where the system says so, and else after an interval,
 * when it is time to look again.
 */
export class Watcher {
  readonly #interval: number
  #watching: FSWatcher | null = null
  #mayHaveChanged = false
  #wake: (() => void) | null = null

  /** @param interval how long to wait at most, in ms: not every file system tells */
  constructor(interval: number) {
    this.#interval = interval
  }

  /** Asks the system to tell, on this thread: the path may not be one that keeps it waiting. */
  watch(path: string): void {
    try {
      this.#watching = watch(path, () => this.notify())
      // It was removed, or there are too many watchers.
      this.#watching.on('error', () => this.#unwatch())
    } catch {
      // It is time to look again soon enough.
    }
  }

  /** Ends the wait, or the next one: the file may have changed. */
  notify(): void {
    this.#mayHaveChanged = true
    this.#wake?.()
  }

  /** Waits until the file may have changed since the last wait. */
  async wait(): Promise<void> {
    if (!this.#mayHaveChanged) {
      let timer: NodeJS.Timeout | undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        timer = setTimeout(resolve, this.#interval)
      })
      clearTimeout(timer)
      this.#wake = null
    }
    this.#mayHaveChanged = false
  }

  close(): void {
    this.#unwatch()
    this.notify()
  }

  #unwatch(): void {
    this.#watching?.close()
    this.#watching = null
  }
}
