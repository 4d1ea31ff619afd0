/** How many keys are remembered, at least, before the oldest are forgotten. */
const MAX_KEYS = 10_000

/** Longer keys are not remembered: whoever sends them wants to fill the memory. */
const LONGEST_KEY = 512

interface Known<Value> {
  readonly value: Value
  readonly until: number
}

/** What was learned lately, by key: forgotten after `duration` ms, or after many other keys. */
export class Recent<Value> {
  readonly #duration: number
  #known = new Map<string, Known<Value>>()
  #older = new Map<string, Known<Value>>()

  constructor(duration: number) {
    this.#duration = duration
  }

  get(key: string): Value | undefined {
    const known = this.#known.get(key) ?? this.#older.get(key)
    return known !== undefined && performance.now() < known.until ? known.value : undefined
  }

  set(key: string, value: Value): void {
    if (key.length > LONGEST_KEY) return
    if (this.#known.size >= MAX_KEYS) {
      this.#older = this.#known
      this.#known = new Map()
    }
    this.#known.set(key, { value, until: performance.now() + this.#duration })
  }
}
