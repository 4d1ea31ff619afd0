/**
 * What is under way. Not a Set: V8 replaces the table of one that changes all the time again and
 * again, and each table refers to the next. Once one of them is in the old generation, all that the
 * later ones held, every response, stays alive until the next full collection (bench/README.md).
 */
export class Running<Item> {
  readonly #places: (Item | null)[] = []
  readonly #free: number[] = []

  get size(): number {
    return this.#places.length - this.#free.length
  }

  /** @returns takes it out; only the first call counts */
  add(item: Item): () => void {
    const place = this.#free.pop() ?? this.#places.length
    this.#places[place] = item
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      this.#places[place] = null
      this.#free.push(place)
    }
  }

  items(): Item[] {
    return this.#places.filter((item) => item !== null)
  }
}
