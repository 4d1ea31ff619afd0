import { getHeapSpaceStatistics } from 'node:v8'
import { expect, test } from 'vitest'
import { Running } from '../command/hosts/running.ts'
import { collectGarbage, collectYoung } from './support/garbage.ts'

test('an item is there until it is taken out, which counts once', () => {
  const running = new Running<string>()
  const [endFirst, endSecond] = [running.add('first'), running.add('second')]
  expect([running.size, running.items()]).toEqual([2, ['first', 'second']])
  endFirst()
  running.add('third')
  endFirst()
  expect([running.size, running.items()]).toEqual([2, ['third', 'second']])
  endSecond()
  expect([running.size, running.items()]).toEqual([1, ['third']])
})

test('what was taken out is collected with the young generation', async () => {
  const running = new Running<object>()
  const underWay: (() => void)[] = []
  passThrough(1000)
  await collectGarbage()
  const before = oldSpace()
  passThrough(10_000)
  // Each item is 3 kB.
  expect(oldSpace() - before).toBeLessThan(500_000)

  function passThrough(count: number): void {
    for (let i = 0; i < count; i++) {
      underWay.push(running.add(Array.from({ length: 100 }, () => ({ i }))))
      if (underWay.length > 32) underWay.shift()?.()
      if (i % 250 === 0) collectYoung()
    }
  }
})

function oldSpace(): number {
  const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')
  return space?.space_used_size ?? Number.NaN
}
