import { availableParallelism } from 'node:os'
import { onAbort } from '../../../src/runtime.ts'
import { type Calls, inThreadPool } from '../calls.ts'

/** How many threads a runtime has for calls that wait, beside its own: 4 on Node by default. */
function poolSize(): number {
  if (process.versions.bun) return Math.max(2, availableParallelism())
  if (process.versions.deno) return 32
  return Number(process.env.UV_THREADPOOL_SIZE) || 4
}

/** The signal of a client that may hang up: made only where something waits. */
export type HangUp = () => AbortSignal | undefined

/**
 * Limits the calls that may stall: they get all threads but one, and each file gets one thread, so
 * that a stalled file leaves the others theirs.
 */
export class Limiter {
  readonly #most = Math.max(1, poolSize() - 1)
  readonly #running = new Set<string>()
  #waiting: { readonly path: string; readonly begin: () => void }[] = []

  /**
   * Makes a call about a file once there is a thread for it.
   *
   * @param hangUp ends the wait of a call that is no longer needed, which is then not made
   */
  async run<T>(path: string, call: () => Promise<T>, hangUp?: HangUp): Promise<T> {
    if (this.#isFull(path)) await this.#wait(path, hangUp?.())
    else this.#running.add(path)
    try {
      return await call()
    } finally {
      this.#running.delete(path)
      this.#beginNext()
    }
  }

  /** The calls of the thread pool about one file, each in its turn. */
  callsFor(path: string): Calls {
    const inTurn =
      <Args extends unknown[], T>(call: (...args: Args) => Promise<T>) =>
      (...args: Args) =>
        this.run(path, () => call(...args))
    return {
      open: inTurn(inThreadPool.open),
      close: inTurn(inThreadPool.close),
      read: inTurn(inThreadPool.read),
      stat: inTurn(inThreadPool.stat),
      lstat: inTurn(inThreadPool.lstat),
      fstat: inTurn(inThreadPool.fstat),
      modified: inTurn(inThreadPool.modified),
      readlink: inTurn(inThreadPool.readlink),
      realpath: inTurn(inThreadPool.realpath),
    }
  }

  async #wait(path: string, signal: AbortSignal | undefined): Promise<void> {
    let forget = () => {}
    await new Promise<void>((begin, reject) => {
      const waiting = { path, begin }
      this.#waiting.push(waiting)
      forget = onAbort(signal, () => {
        this.#waiting = this.#waiting.filter((each) => each !== waiting)
        reject(signal?.reason)
      })
    })
    forget()
  }

  #isFull(path: string): boolean {
    return this.#running.size >= this.#most || this.#running.has(path)
  }

  #beginNext(): void {
    const at = this.#waiting.findIndex(({ path }) => !this.#isFull(path))
    const next = this.#waiting[at]
    if (next === undefined) return
    this.#waiting.splice(at, 1)
    this.#running.add(next.path)
    next.begin()
  }
}

/** The calls about mounts that may stall, and disks that are slow, of this process. */
export const mounts: Limiter = new Limiter()
