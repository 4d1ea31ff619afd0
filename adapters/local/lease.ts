import { closeSource } from '../../src/reader.ts'
import type { Memory } from './memory.ts'
import type { OpenFile } from './open-file.ts'

/** A file in the pool. */
export interface Pooled {
  readonly file: OpenFile
  /** Under which it is shared. */
  readonly key: string
  /** How many responses have it. */
  users: number
  /** How long it stays open after the last of them, in ms. */
  keepOpen: number
  /** Until when it was found to be in its place, on the clock of `performance`. */
  checkedUntil: number
}

/** Who lends the files of a pool. */
export interface Lender {
  readonly memory: Memory
  /** Takes a file back. */
  release(pooled: Pooled): void | Promise<void>
  /** As `Lease.handOver`, but that the file is still to be released. */
  handOver(pooled: Pooled): boolean
}

/** An open file as one response has it. A class: each request makes one. */
export class Lease {
  readonly file: OpenFile
  readonly #pooled: Pooled
  readonly #lender: Lender
  #reads = 0
  #whenIdle: (() => void) | null = null
  #isClosed = false

  constructor(pooled: Pooled, lender: Lender) {
    this.file = pooled.file
    this.#pooled = pooled
    this.#lender = lender
    lender.memory.join()
  }

  /** As `OpenFile.read`, until `close`. */
  async read(start: number, end: number, into?: Uint8Array): Promise<Uint8Array> {
    this.#expectOpen()
    this.#reads++
    try {
      return await this.file.read(start, end, into)
    } finally {
      if (--this.#reads === 0) this.#whenIdle?.()
    }
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
    this.#lender.memory.leave()
    return this.#reads > 0 ? this.#releaseLater() : this.#lender.release(this.#pooled)
  }

  /**
   * Lets go of the file, and leaves its descriptor open for whoever was told its number: half a
   * minute at least, for nobody says when it was used.
   *
   * @returns false, and nothing has happened, if too many are left like this
   */
  handOver(): boolean {
    const isLeft = this.#lender.handOver(this.#pooled)
    if (isLeft) void closeSource(this)
    return isLeft
  }

  /** A descriptor closed during a read may be reused for another file, which would then be read. */
  async #releaseLater(): Promise<void> {
    await new Promise<void>((resolve) => (this.#whenIdle = resolve))
    await this.#lender.release(this.#pooled)
  }

  #expectOpen(): void {
    if (!this.#isClosed) return
    throw new Error(`${this.file.path} was read after it was closed: a source is for one response`)
  }
}
