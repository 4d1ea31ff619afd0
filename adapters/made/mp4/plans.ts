import { isWorkerd } from '../../../src/runtime.ts'
import type { FileSource } from '../../../src/source.ts'
import { isStrong } from '../../../src/validators.ts'
import { BoundedMap } from '../../store/bounded-map.ts'
import { type IndexMove, planFaststart } from './plan.ts'

/** How many plans are remembered. */
const MAX_PLANS = 10_000

/** How many plans under way a request waits for before it makes its own. */
const MAX_WAITS = 2

/**
 * What was found of the films of one store, by their names, strong tags and sizes. An entity tag
 * tells versions of one file apart, not one file from another: so a name must always be of the same
 * file.
 */
export class Plans {
  /** Null: nothing is to be moved. */
  readonly #known = new BoundedMap<string, IndexMove | null>(MAX_PLANS)
  /** Those that are being made: each is over once it is there, or failed. */
  readonly #underWay = new Map<string, Promise<void>>()

  /** @throws as a rejection, what reading throws */
  async of(source: FileSource, name: string): Promise<IndexMove | null> {
    const { etag, size } = source
    if (!isStrong(etag)) return planFaststart(source)
    const key = JSON.stringify([name, etag, size])
    // A plan that failed for another request may succeed for this one. Two waits at most: otherwise,
    // where all fail, the last would wait for each of the others.
    // In workerd, a request may not wait for another one's.
    for (let waits = 0; waits < MAX_WAITS && !isWorkerd && this.#underWay.has(key); waits++) {
      await this.#underWay.get(key)
    }
    const known = this.#known.get(key)
    return known === undefined ? this.#learn(source, key) : known
  }

  #learn(source: FileSource, key: string): Promise<IndexMove | null> {
    const making = planFaststart(source).then((plan) => {
      this.#known.set(key, plan)
      return plan
    })
    const end = () => {
      if (this.#underWay.get(key) === over) this.#underWay.delete(key)
    }
    const over = making.then(end, end)
    this.#underWay.set(key, over)
    return making
  }
}
