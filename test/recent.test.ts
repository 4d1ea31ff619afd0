import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Recent } from '../adapters/local/recent.ts'

describe('Recent', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
  afterEach(() => void vi.useRealTimers())

  it('knows what it learned for so long', () => {
    const recent = new Recent<number>(1000)
    recent.set('a', 1)
    vi.advanceTimersByTime(999)
    recent.set('b', 2)
    expect([recent.get('a'), recent.get('b'), recent.get('c')]).toEqual([1, 2, undefined])
    vi.advanceTimersByTime(1)
    expect([recent.get('a'), recent.get('b')]).toEqual([undefined, 2])
  })

  it('knows the last 10 000, and no more than twice as many', () => {
    const recent = new Recent<number>(1000)
    const knows = (key: number) => recent.get(`${key}`) !== undefined
    for (let i = 0; i < 10_001; i++) recent.set(`${i}`, i)
    expect([0, 1, 10_000].map(knows)).toEqual([true, true, true])
    for (let i = 10_001; i < 20_001; i++) recent.set(`${i}`, i)
    expect([0, 9999, 10_000, 10_001, 20_000].map(knows)).toEqual([false, false, true, true, true])
  })

  it('holds no key that is longer than names of files are', () => {
    const recent = new Recent<number>(1000)
    recent.set('a'.repeat(512), 1)
    recent.set('b'.repeat(513), 2)
    expect([recent.get('a'.repeat(512)), recent.get('b'.repeat(513))]).toEqual([1, undefined])
  })

  it('knows what it learned last', () => {
    const recent = new Recent<number>(1000)
    for (let i = 0; i < 10_001; i++) recent.set(`${i}`, i)
    recent.set('5', -5)
    expect(recent.get('5')).toBe(-5)
  })
})
