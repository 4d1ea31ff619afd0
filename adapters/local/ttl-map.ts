/** How many entries are kept, at least, before the oldest are forgotten. */
const MAX_ENTRIES = 10_000

/** Longer keys are not kept: a client that sends them wants to fill the memory. */
const LONGEST_KEY = 512

interface Entry<Value> {
  readonly value: Value
  readonly until: number
}

/** A map whose entries are forgotten after `ttl` ms, or after many others. */
export class TtlMap<Value> {
  readonly #ttl: number
  #newer = new Map<string, Entry<Value>>()
  #older = new Map<string, Entry<Value>>()

  constructor(ttl: number) {
    this.#ttl = ttl
  }

  get(key: string): Value | undefined {
    const entry = this.#newer.get(key) ?? this.#older.get(key)
    return entry !== undefined && performance.now() < entry.until ? entry.value : undefined
  }

  delete(key: string): void {
    this.#newer.delete(key)
    this.#older.delete(key)
  }

  set(key: string, value: Value): void {
    if (key.length > LONGEST_KEY) return
    if (this.#newer.size >= MAX_ENTRIES) {
      this.#older = this.#newer
      this.#newer = new Map()
    }
    this.#newer.set(key, { value, until: performance.now() + this.#ttl })
  }
}
