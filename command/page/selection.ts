/**
 * The first `max` of a stream of things in some order, without ever holding many more of them: a
 * page of a folder with a hundred thousand files costs no more memory than one of a small folder.
 */
export class Selection<T> {
  /** How many were offered. */
  count = 0
  readonly #max: number
  readonly #compare: (a: T, b: T) => number
  #kept: T[] = []
  /** All that lie behind this one are too many. */
  #last: T | undefined

  constructor(max: number, compare: (a: T, b: T) => number) {
    this.#max = max
    this.#compare = compare
  }

  offer(thing: T): void {
    this.count++
    if (this.#last !== undefined && this.#compare(thing, this.#last) > 0) return
    this.#kept.push(thing)
    if (this.#kept.length >= 2 * this.#max) this.#cut()
  }

  /** In order. */
  kept(): readonly T[] {
    this.#cut()
    return this.#kept
  }

  #cut(): void {
    this.#kept = this.#kept.sort(this.#compare).slice(0, this.#max)
    if (this.#kept.length === this.#max) this.#last = this.#kept.at(-1)
  }
}
