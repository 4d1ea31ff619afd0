import { expect, it } from 'vitest'
import { BoundedMap } from '../adapters/store/bounded-map.ts'

it('drops what was set first for one more than it has room for', () => {
  const map = new BoundedMap<string, number>(2)
  map.set('a', 1).set('b', 2).set('a', 3)
  expect([...map]).toEqual([
    ['b', 2],
    ['a', 3],
  ])
  map.set('c', 4)
  expect([...map.keys()]).toEqual(['a', 'c'])
})
