/** How many keys are remembered. */
const MAX_KEYS = 10_000

/** What was learned lately, by key: forgotten after `duration` ms, all at once past `MAX_KEYS` keys. */
export class Recent<Value> {
  readonly #duration: number
  readonly #known = new Map<string, { readonly value: Value; readonly until: number }>()

  constructor(duration: number) {
    this.#duration = duration
  }

  get(key: string): Value | undefined {
    const known = this.#known.get(key)
    return known !== undefined && performance.now() < known.until ? known.value : undefined
  }

  set(key: string, value: Value): void {
    if (this.#known.size >= MAX_KEYS && !this.#known.has(key)) this.#known.clear()
    this.#known.set(key, { value, until: performance.now() + this.#duration })
  }
}
