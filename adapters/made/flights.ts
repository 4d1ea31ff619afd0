import { isWorkerd, onAbort } from '../../src/runtime.ts'

/** One waiter's share in what is being read. */
export interface Share<Value> {
  /** Rejects with what went wrong, or when the last one left before it was there. */
  readonly value: Promise<Value>
  /** Says that the value is not waited for any more. Calls after the first do nothing. */
  readonly leave: () => void
}

/**
 * The value, unless a signal is aborted before it is there; then the share is left.
 *
 * @throws as a rejection, the signal's reason
 */
export function awaited<Value>(
  { value, leave }: Share<Value>,
  signal: AbortSignal | undefined,
): Promise<Value> {
  return unlessAborted(value, signal).finally(leave)
}

/**
 * What is promised, unless a signal is aborted before it is there.
 *
 * @throws as a rejection, the signal's reason
 */
export function unlessAborted<Value>(
  promised: Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value> {
  let forget = () => {}
  const hungUp = new Promise<never>((_, reject) => {
    forget = onAbort(signal, () => reject(signal?.reason))
  })
  return Promise.race([hungUp, promised]).finally(forget)
}

/** A share, and if that fails while it is waited for, another one. */
export function orElse<Value>(first: Share<Value>, next: () => Share<Value>): Share<Value> {
  let share = first
  let isWaiting = true
  const value = first.value.catch((error: unknown) => {
    if (!isWaiting) throw error
    share = next()
    return share.value
  })
  const leave = () => {
    isWaiting = false
    share.leave()
  }
  return { value, leave }
}

/** Reads what is asked for, and calls `onProgress` for each part of it that comes. */
type ReadOnce<Value> = (signal: AbortSignal, onProgress: () => void) => Promise<Value>

interface Flight<Value> {
  readonly value: Promise<Value>
  readonly controller: AbortController
  /** Whether it will probably come: it was heard of lately. */
  readonly isAlive: () => boolean
  waiting: number
  isOver: boolean
}

/**
 * Single flight: what several ask for at the same time is read once, and given to all of them. It
 * belongs to none: a waiter that leaves takes nothing from the others, and when the last one
 * leaves, the reading is aborted. Nothing is remembered, and so no failure is: later calls read
 * anew. So do those who come when nothing has been heard of it for a while: it may never come.
 */
export class Flights<Value> {
  readonly #patience: number
  readonly #underWay = new Map<string, Flight<Value>>()

  /** @param patience for how many ms of silence what is being read may be joined */
  constructor(patience: number = Infinity) {
    this.#patience = patience
  }

  /** Those that one request may join: in workerd, none may wait for what another one asked for. */
  forRequest(): Flights<Value> {
    return isWorkerd ? new Flights(this.#patience) : this
  }

  /** How many are under way. */
  get size(): number {
    return this.#underWay.size
  }

  /** Whether this is being read for someone already, and may be joined. */
  has(key: string): boolean {
    return this.#underWay.get(key)?.isAlive() === true
  }

  /** Joins those who wait for the same, or starts to read it. */
  join(key: string, read: ReadOnce<Value>): Share<Value> {
    const underWay = this.#underWay.get(key)
    const flight = underWay?.isAlive() ? underWay : this.#start(key, read)
    flight.waiting++
    let isWaiting = true
    return {
      value: flight.value,
      leave: () => {
        if (!isWaiting) return
        isWaiting = false
        if (--flight.waiting > 0 || flight.isOver) return
        this.#end(key, flight)
        flight.controller.abort()
      },
    }
  }

  #start(key: string, read: ReadOnce<Value>): Flight<Value> {
    const controller = new AbortController()
    let heardOf = performance.now()
    const isAlive = () => performance.now() - heardOf < this.#patience
    const value = read(controller.signal, () => {
      heardOf = performance.now()
    })
    const flight = { value, controller, isAlive, waiting: 0, isOver: false }
    this.#underWay.set(key, flight)
    const end = () => this.#end(key, flight)
    // Callers that left are not told of a failure.
    value.then(end, end)
    return flight
  }

  #end(key: string, flight: Flight<Value>): void {
    flight.isOver = true
    // Another one may have taken its place.
    if (this.#underWay.get(key) === flight) this.#underWay.delete(key)
  }
}
