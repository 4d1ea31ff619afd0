import { describe, expect, it } from 'vitest'
import { Flights } from '../adapters/made/flights.ts'
import { expectNoUnhandledRejections } from './support/unhandled.ts'
import { settle } from './support/wait.ts'

expectNoUnhandledRejections()

/** Reads that end when they are told to. */
function gatedReads() {
  const ends: { resolve(value: string): void; reject(error: Error): void; signal: AbortSignal }[] =
    []
  const read = (signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      ends.push({ resolve, reject, signal })
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
