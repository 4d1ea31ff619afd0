import { afterEach, describe, expect, it } from 'vitest'
import { forgetBuffer, releaseBuffer, takeBuffer } from '../adapters/buffers.ts'

const KIB = 1024
const MIB = 1024 * KIB

describe('takeBuffer', () => {
  const taken: Uint8Array[] = []
  const take = (length: number) => {
    const buffer = takeBuffer(length)
    taken.push(buffer)
    return buffer
  }
  afterEach(() => {
    for (const buffer of taken.splice(0)) forgetBuffer(buffer)
  })

  it.each([
    [1, 64],
    [64 * KIB, 64],
    [64 * KIB + 1, 128],
    [200 * KIB, 256],
    [512 * KIB, 512],
    [1000 * MIB, 512],
  ])('for %d bytes gives what it takes, and at most 512 KiB', (length, size) => {
    expect(take(length).length / KIB).toBe(size)
  })

  it('gives less to each of many, down to 64 KiB', () => {
    const sizes = Array.from({ length: 600 }, () => take(MIB).length / KIB)
    expect([1, 13, 14, 16, 17, 19, 20, 600].map((count) => sizes[count - 1])).toEqual([
      512, 512, 256, 256, 128, 128, 64, 64,
    ])
  })

  it('gives no more than 8 MiB beyond 64 KiB to each', () => {
    const sizes = Array.from({ length: 600 }, () => take(MIB).length)
    expect(sizes.reduce((sum, size) => sum + size - 64 * KIB, 0)).toBeLessThanOrEqual(8 * MIB)
  })

  it('gives again what was released, and never to two at once', () => {
    const one = takeBuffer(MIB)
    const two = takeBuffer(MIB)
    releaseBuffer(one)
    releaseBuffer(two)
    const again = [take(MIB), take(MIB), take(MIB)]
    expect(new Set(again).size).toBe(3)
    expect(again.filter((buffer) => buffer === one || buffer === two).length).toBe(2)
  })

  it('counts those under way, not those that were', () => {
    for (let i = 0; i < 200; i++) releaseBuffer(takeBuffer(MIB))
    for (let i = 0; i < 200; i++) {
      forgetBuffer(takeBuffer(1))
    }
    expect(take(MIB).length / KIB).toBe(512)
  })

  it('does not give again what was given up', () => {
    const one = takeBuffer(100 * KIB)
    forgetBuffer(one)
    expect(take(100 * KIB)).not.toBe(one)
  })

  it('keeps for the next what a crowd gives back', () => {
    const crowd = Array.from({ length: 600 }, () => take(MIB)).filter(
      (buffer) => buffer.length === 64 * KIB,
    )
    const back = new Set(crowd.slice(0, 250))
    for (const buffer of back) {
      releaseBuffer(buffer)
      taken.splice(taken.indexOf(buffer), 1)
    }
    const again = Array.from({ length: 250 }, () => take(MIB))
    expect(again.filter((buffer) => back.has(buffer)).length).toBe(250)
  })

  it('gives up larger ones while there is a crowd', () => {
    const large = take(MIB)
    Array.from({ length: 600 }, () => take(MIB))
    releaseBuffer(large)
    taken.splice(taken.indexOf(large), 1)
    for (const buffer of taken.splice(0)) forgetBuffer(buffer)
    expect(take(MIB) === large).toBe(false)
  })

  it('keeps at most 8 MiB when the crowd has gone', () => {
    const many = new Set(Array.from({ length: 600 }, () => takeBuffer(1)))
    for (const buffer of many) releaseBuffer(buffer)
    const kept = Array.from({ length: 600 }, () => take(1)).filter((buffer) => many.has(buffer))
    // Some of the 8 MiB may be of other sizes, from the tests before.
    expect(kept.length * 64 * KIB).toBeLessThanOrEqual(8 * MIB)
    expect(kept.length).toBeGreaterThan(50)
  })
})
