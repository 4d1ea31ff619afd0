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

  it('does not grow beyond 10 000 keys', () => {
    const recent = new Recent<number>(1000)
    for (let i = 0; i < 10_000; i++) recent.set(`${i}`, i)
    recent.set('0', 1)
    expect([recent.get('0'), recent.get('9999')]).toEqual([1, 9999])
    recent.set('10000', 10_000)
    expect([recent.get('0'), recent.get('9999'), recent.get('10000')]).toEqual([
      undefined,
      undefined,
      10_000,
    ])
  })
})
