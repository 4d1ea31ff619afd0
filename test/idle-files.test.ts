import { afterEach, expect, it, vi } from 'vitest'
import type { PooledFile } from '../adapters/local/pool/handle.ts'
import { IdleFiles } from '../adapters/local/pool/idle-files.ts'

/** What the sweeper waits for: the timers that vitest makes its own are not those of `node:timers`. */
const timers: (() => void)[] = vi.hoisted(() => [])

vi.mock(import('node:timers'), async (original) => ({
  ...(await original()),
  setTimeout: Object((call: () => void) => {
    timers.push(call)
    return { unref: () => timers }
  }),
}))

afterEach(() => void vi.useRealTimers())

it('sweeps by itself for as long as files wait, detached or not', () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const closed: PooledFile[] = []
  const close = (pooled: PooledFile) => {
    closed.push(pooled)
    idle.remove(pooled)
  }
  const idle: IdleFiles = new IdleFiles(close, close)
  const [waiting, detached] = [pooledFor(1000), pooledFor(0)]
  idle.add(waiting)
  idle.detach(detached)
  const seen: (readonly PooledFile[])[] = []
  for (const passed of [999, 1, 28_999, 1]) {
    vi.advanceTimersByTime(passed)
    expect(timers.length).toBe(1)
    timers.pop()?.()
    seen.push([...closed])
  }
  expect(seen).toEqual([[], [waiting], [waiting], [waiting, detached]])
  expect(timers.length).toBe(0)
})

function pooledFor(keepOpen: number): PooledFile {
  return { file: Object(null), key: '', refCount: 0, keepOpen, checkedUntil: 0 }
}
