import { closeSource } from '../../src/reader.ts'
import type { FileSource } from '../../src/source.ts'

/** A part that is open, or about to be. */
export interface OpenPart {
  readonly index: number
  readonly source: Promise<FileSource>
  /** How many reads of it are under way. */
  users: number
}

/**
 * The parts of a row that are open: those that are being read, and the last one that was. Each is
 * closed exactly once for each time it was opened.
 */
export class OpenParts {
  readonly #open: (index: number, signal: AbortSignal) => FileSource | Promise<FileSource>
  readonly #parts = new Map<number, OpenPart>()
  readonly #hangUp = new AbortController()
  readonly #closing = new Set<Promise<void>>()
  #last: OpenPart | null = null
  #failure: unknown

  constructor(open: (index: number, signal: AbortSignal) => FileSource | Promise<FileSource>) {
    this.#open = open
  }

  /**
   * A part to read from, until it is released.
   *
   * @throws Error if the parts were closed
   */
  acquire(index: number): OpenPart {
    if (this.#hangUp.signal.aborted) throw new Error('Expected no read after parts were closed')
    const part = this.#parts.get(index) ?? this.#begin(index)
    part.users++
    const before = this.#last
    this.#last = part
    if (before !== null) this.#closeIdle(before)
    return part
  }

  #begin(index: number): OpenPart {
    const { signal } = this.#hangUp
    const source = Promise.resolve().then(() => this.#open(index, signal))
    const part = { index, source, users: 0 }
    this.#parts.set(index, part)
    // Who reads it is told.
    source.catch(() => this.#forget(part))
    return part
  }

  release(part: OpenPart): void {
    part.users--
    this.#closeIdle(part)
  }

  /**
   * Closes what is open, even while it is read.
   *
   * @throws what closing a part threw, now or before
   */
  async close(): Promise<void> {
    this.#hangUp.abort()
    for (const part of this.#parts.values()) this.#close(part)
    await Promise.all(this.#closing)
    if (this.#failure !== undefined) throw this.#failure
  }

  #closeIdle(part: OpenPart): void {
    if (part.users === 0 && part !== this.#last) this.#close(part)
  }

  #close(part: OpenPart): void {
    if (!this.#forget(part)) return
    const closing = part.source
      .then(closeSource, () => undefined)
      .then((failure) => {
        this.#failure ??= failure
        this.#closing.delete(closing)
      })
    this.#closing.add(closing)
  }

  /** False if it was forgotten before. */
  #forget(part: OpenPart): boolean {
    if (this.#parts.get(part.index) !== part) return false
    return this.#parts.delete(part.index)
  }
}
