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

interface Flight<Value> {
  readonly value: Promise<Value>
  readonly controller: AbortController
  waiting: number
}

/**
 * Single flight: what several ask for at the same time is read once, and given to all of them. It
 * belongs to none: a waiter that leaves takes nothing from the others, and when the last one
 * leaves, the reading is aborted. Nothing is remembered, and so no failure is: later calls read
 * anew.
 */
export class Flights<Value> {
  readonly #underWay = new Map<string, Flight<Value>>()

  /** Those that one request may join: in workerd, none may wait for what another one asked for. */
  forRequest(): Flights<Value> {
    return isWorkerd ? new Flights() : this
  }

  /** How many are under way. */
  get size(): number {
    return this.#underWay.size
  }

  /** Whether this is being read for someone already. */
  has(key: string): boolean {
    return this.#underWay.has(key)
  }

  /** Joins those who wait for the same, or starts to read it. */
  join(key: string, read: (signal: AbortSignal) => Promise<Value>): Share<Value> {
    const flight = this.#underWay.get(key) ?? this.#start(key, read)
    flight.waiting++
    let isWaiting = true
    return {
      value: flight.value,
      leave: () => {
        if (!isWaiting) return
        isWaiting = false
        if (--flight.waiting > 0 || this.#underWay.get(key) !== flight) return
        this.#underWay.delete(key)
        flight.controller.abort()
      },
    }
  }

  #start(key: string, read: (signal: AbortSignal) => Promise<Value>): Flight<Value> {
    const controller = new AbortController()
    const value = read(controller.signal)
    const flight = { value, controller, waiting: 0 }
    this.#underWay.set(key, flight)
    const end = () => {
      if (this.#underWay.get(key) === flight) this.#underWay.delete(key)
    }
    // Callers that left are not told of a failure.
    value.then(end, end)
    return flight
  }
}
