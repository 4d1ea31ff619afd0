/**
 * What is under way. No Set: one that changes all the time goes through many tables, each of which
 * leads to the next. Once V8 has moved one of them to the old generation, it takes for alive, until
 * the next full collection, what the later ones held: all responses (bench/README.md).
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
