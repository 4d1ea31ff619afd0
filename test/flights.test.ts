import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Flights } from '../adapters/made/flights.ts'
import { expectNoUnhandledRejections } from './support/unhandled.ts'
import { settle } from './support/wait.ts'

expectNoUnhandledRejections()

/** Reads that end when they are told to. */
function gatedReads() {
  const ends: {
    resolve(value: string): void
    reject(error: Error): void
    signal: AbortSignal
    onProgress(): void
  }[] = []
  const read = (signal: AbortSignal, onProgress: () => void) =>
    new Promise<string>((resolve, reject) => {
      ends.push({ resolve, reject, signal, onProgress })
    })
  return { ends, read }
}

describe('what several wait for', () => {
  it('is read once, and again when it is there', async () => {
    const flights = new Flights<string>()
    const { ends, read } = gatedReads()
    const shares = [flights.join('a', read), flights.join('a', read), flights.join('b', read)]
    expect([ends.length, flights.size]).toEqual([2, 2])
    ends[0]?.resolve('A')
    ends[1]?.resolve('B')
    expect(await Promise.all(shares.map(({ value }) => value))).toEqual(['A', 'A', 'B'])
    flights.join('a', read)
    expect([ends.length, flights.has('a'), flights.has('b')]).toEqual([3, true, false])
  })

  it('is not given up by one who leaves twice', () => {
    const flights = new Flights<string>()
    const { ends, read } = gatedReads()
    const [first] = [flights.join('a', read), flights.join('a', read)]
    first?.leave()
    first?.leave()
    expect([ends[0]?.signal.aborted, flights.has('a')]).toEqual([false, true])
  })

  it('is aborted when the last one leaves, and then nobody joins it', async () => {
    const flights = new Flights<string>()
    const { ends, read } = gatedReads()
    for (const share of [flights.join('a', read), flights.join('a', read)]) share.leave()
    const later = flights.join('a', read)
    expect(ends.map(({ signal }) => signal.aborted)).toEqual([true, false])
    // Its end is not that of the later one.
    ends[0]?.reject(new Error('aborted'))
    await settle()
    expect(flights.has('a')).toBe(true)
    ends[1]?.resolve('A')
    expect(await later.value).toBe('A')
  })

  it('is not aborted once it is there', async () => {
    const flights = new Flights<string>()
    const { ends, read } = gatedReads()
    const share = flights.join('a', read)
    ends[0]?.resolve('A')
    await share.value
    share.leave()
    expect(ends[0]?.signal.aborted).toBe(false)
  })
})

describe('what nothing is heard of', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
  afterEach(() => void vi.useRealTimers())

  it('is read once more for those who come later, and they join that', async () => {
    const flights = new Flights<string>(1000)
    const { ends, read } = gatedReads()
    const first = [flights.join('a', read)]
    vi.advanceTimersByTime(999)
    first.push(flights.join('a', read))
    expect([ends.length, flights.has('a')]).toEqual([1, true])
    vi.advanceTimersByTime(1)
    expect(flights.has('a')).toBe(false)
    const later = [flights.join('a', read), flights.join('a', read)]
    expect([ends.length, flights.has('a')]).toEqual([2, true])
    // The end of the first is not that of the later one.
    ends[0]?.resolve('late')
    expect(await Promise.all(first.map(({ value }) => value))).toEqual(['late', 'late'])
    expect(flights.has('a')).toBe(true)
    ends[1]?.resolve('A')
    expect(await Promise.all(later.map(({ value }) => value))).toEqual(['A', 'A'])
  })

  it('is aborted all the same when the last one leaves', () => {
    const flights = new Flights<string>(1000)
    const { ends, read } = gatedReads()
    const first = [flights.join('a', read), flights.join('a', read)]
    vi.advanceTimersByTime(1000)
    flights.join('a', read)
    first[0]?.leave()
    expect(ends.map(({ signal }) => signal.aborted)).toEqual([false, false])
    first[1]?.leave()
    expect(ends.map(({ signal }) => signal.aborted)).toEqual([true, false])
    expect(flights.has('a')).toBe(true)
  })

  it('is joined for as long as it goes on, however slowly', () => {
    const flights = new Flights<string>(1000)
    const { ends, read } = gatedReads()
    for (let i = 0; i < 10; i++) {
      flights.join('a', read)
      vi.advanceTimersByTime(999)
      ends[0]?.onProgress()
    }
    expect(ends.length).toBe(1)
  })

  it('is waited for without end where nobody says how long', () => {
    const flights = new Flights<string>()
    const { ends, read } = gatedReads()
    flights.join('a', read)
    vi.advanceTimersByTime(1e9)
    flights.join('a', read)
    expect(ends.length).toBe(1)
  })
})
