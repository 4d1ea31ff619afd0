import { closeSource } from '../../../src/reader.ts'
import { InFlight } from '../in-flight.ts'
import type { Memory } from '../memory.ts'
import type { OpenFile } from './open-file.ts'

/** A file in the pool. */
export interface PooledFile {
  readonly file: OpenFile
  /** What the pool shares it by. */
  readonly key: string
  /** How many handles of it are not closed yet. */
  refCount: number
  /** How long it stays open after the last of them is closed, in ms. */
  keepOpen: number
  /** Until when it was found to be in its place, on the clock of `performance`. */
  checkedUntil: number
}

/** What a handle needs of the pool that gave it. */
export interface Pool {
  readonly memory: Memory
  /** Counts a handle of the file as closed. */
  release(pooled: PooledFile): void | Promise<void>
  /** Keeps the descriptor open after `release`, which is still to be called. */
  detach(pooled: PooledFile): boolean
}

/**
 * What one response has of an open file: others may have handles of the same. A class: each request
 * makes one.
 */
export class Handle {
  readonly file: OpenFile
  readonly #pooled: PooledFile
  readonly #pool: Pool
  readonly #reads = new InFlight()
  #isClosed = false

  constructor(pooled: PooledFile, pool: Pool) {
    this.file = pooled.file
    this.#pooled = pooled
    this.#pool = pool
    pool.memory.addReader()
  }

  /** As `OpenFile.read`, until `close`. */
  read(start: number, end: number, into?: Uint8Array): Promise<Uint8Array> {
    return this.#reads.run(() => {
      this.#expectOpen()
      return this.file.read(start, end, into)
    })
  }

  /** As `OpenFile.readSync`, until `close`. */
  readSync(start: number, end: number): Uint8Array | null {
    this.#expectOpen()
    return this.file.readSync(start, end)
  }

  /** Lets go of the file once reads under way are done. */
  close(): void | Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#pool.memory.removeReader()
    const release = () => this.#pool.release(this.#pooled)
    const reads = this.#reads.done()
    return reads === null ? release() : reads.then(release)
  }

  /**
   * Closes this handle, and leaves the descriptor open for the runtime to open it by its number:
   * half a minute at least, for it does not say when it has.
   *
   * @returns false, and this handle stays open, if too many files are detached
   */
  detach(): boolean {
    const isDetached = this.#pool.detach(this.#pooled)
    if (isDetached) void closeSource(this)
    return isDetached
  }

  #expectOpen(): void {
    if (!this.#isClosed) return
    throw new Error(`${this.file.path} was read after it was closed: a source is for one response`)
  }
}
