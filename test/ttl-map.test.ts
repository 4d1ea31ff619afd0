import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { TtlMap } from '../adapters/store/ttl-map.ts'

describe('TtlMap', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
  afterEach(() => void vi.useRealTimers())

  it('knows a value for its time', () => {
    const map = new TtlMap<number>(1000)
    map.set('a', 1)
    vi.advanceTimersByTime(999)
    map.set('b', 2)
    expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([1, 2, undefined])
    vi.advanceTimersByTime(1)
    expect([map.get('a'), map.get('b')]).toEqual([undefined, 2])
  })

  it('knows the last 10 000 keys, and no more than twice as many', () => {
    const map = new TtlMap<number>(1000)
    const knows = (key: number) => map.get(`${key}`) !== undefined
    for (let i = 0; i < 10_001; i++) map.set(`${i}`, i)
    expect([0, 1, 10_000].map(knows)).toEqual([true, true, true])
    for (let i = 10_001; i < 20_001; i++) map.set(`${i}`, i)
    expect([0, 9999, 10_000, 10_001, 20_000].map(knows)).toEqual([false, false, true, true, true])
  })

  it('holds no key that is longer than names of files are', () => {
    const map = new TtlMap<number>(1000)
    map.set('a'.repeat(512), 1)
    map.set('b'.repeat(513), 2)
    expect([map.get('a'.repeat(512)), map.get('b'.repeat(513))]).toEqual([1, undefined])
  })

  it('knows the value that was set last', () => {
    const map = new TtlMap<number>(1000)
    for (let i = 0; i < 10_001; i++) map.set(`${i}`, i)
    map.set('5', -5)
    expect(map.get('5')).toBe(-5)
  })
})
