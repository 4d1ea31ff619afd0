/** How many entries are kept, at least, before the oldest are forgotten. */
const MAX_ENTRIES = 10_000

interface Entry<Value> {
  readonly value: Value
  readonly until: number
}

/** A map whose entries are forgotten after `ttl` ms, or after many others. */
export class TtlMap<Value> {
  readonly #ttl: number
  readonly #longestKey: number
  #newer = new Map<string, Entry<Value>>()
  #older = new Map<string, Entry<Value>>()

  /** @param longestKey longer ones are not kept: a client could fill the memory with them */
  constructor(ttl: number, longestKey: number = 512) {
    this.#ttl = ttl
    this.#longestKey = longestKey
  }

  get(key: string): Value | undefined {
    const entry = this.#newer.get(key) ?? this.#older.get(key)
    return entry !== undefined && performance.now() < entry.until ? entry.value : undefined
  }

  delete(key: string): void {
    this.#newer.delete(key)
    this.#older.delete(key)
  }

  set(key: string, value: Value, ttl: number = this.#ttl): void {
    if (key.length > this.#longestKey) return
    if (this.#newer.size >= MAX_ENTRIES) {
      this.#older = this.#newer
      this.#newer = new Map()
    }
    this.#newer.set(key, { value, until: performance.now() + ttl })
  }
}
