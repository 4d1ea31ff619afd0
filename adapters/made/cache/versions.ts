import type { Answer } from '../../../src/answer.ts'
import { TtlMap } from '../../store/ttl-map.ts'
import { awaited, Flights } from '../flights.ts'
import { PATIENCE } from './block-store.ts'
import { isForAll, type TaggedVersion } from './version.ts'

/**
 * What a lookup was found to have for a name: a version, or what the client gets instead; or that
 * it must be asked as the client does.
 */
export type Looked = TaggedVersion | Answer | null | 'uncacheable'

/** What may be remembered for all clients: also that each request has to go to the lookup. */
type Lasting = TaggedVersion | 'uncacheable'

/** How long a name is that is remembered, at most: a client makes it as long as it likes. */
const MAX_LENGTH = 4096

/** For how long is remembered that something can't be read in blocks, in ms. */
const AVOIDED = 60_000

/** Which version each file had lately, by name. */
export class Versions {
  readonly #duration: number
  readonly #known: TtlMap<Lasting>
  readonly #asking = new Flights<Looked>(PATIENCE)

  /** @param duration how long a version is remembered, in ms; 0: ask each time */
  constructor(duration: number) {
    this.#duration = duration
    this.#known = new TtlMap(duration, MAX_LENGTH)
  }

  /**
   * The version that is remembered, or what is found by asking: once for all who ask meanwhile.
   *
   * @param signalOf gives the signal of this client's hang-up; `ask` is aborted once all clients
   * that wait for it have hung up. Called only where a version has to be asked for: it is costly
   */
  async find(
    name: string,
    ask: (signal: AbortSignal | undefined) => Promise<Looked>,
    signalOf: () => AbortSignal | undefined,
  ): Promise<Looked> {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    if (this.#duration === 0) return ask(signalOf())
    const signal = signalOf()
    const learn = (signal?: AbortSignal) => this.#learn(name, ask(signal))
    const flights = this.#asking.forRequest()
    const isFirst = !flights.has(name)
    const asking = awaited(flights.join(name, learn), signal)
    if (isFirst) return asking
    // If that failed, or is for the first client only, each asks on its own.
    const looked = await asking.catch(() => null)
    signal?.throwIfAborted()
    return isLasting(looked) ? looked : ask(signal)
  }

  async #learn(name: string, asking: Promise<Looked>): Promise<Looked> {
    const looked = await asking
    if (isLasting(looked)) this.#known.set(name, looked)
    return looked
  }

  /** Remembers that what has a name can't be read in blocks, however long others are remembered. */
  avoid(name: string): void {
    this.#known.set(name, 'uncacheable', AVOIDED)
  }

  forget(name: string): void {
    this.#known.delete(name)
  }
}

export function isVersion(looked: Looked): looked is TaggedVersion {
  return looked instanceof Object && 'etag' in looked
}

function isLasting(looked: Looked): looked is Lasting {
  return looked === 'uncacheable' || (isVersion(looked) && isForAll(looked))
}
