import { beforeEach, describe, expect, it } from 'vitest'
import { Memory } from '../adapters/local/memory.ts'

const KIB = 1024
const MIB = 1024 * KIB

describe('takeBuffer', () => {
  let pool: Memory

  beforeEach(() => {
    pool = new Memory()
  })

  it.each([
    [1, 64],
    [64 * KIB, 64],
    [64 * KIB + 1, 128],
    [200 * KIB, 256],
    [512 * KIB, 512],
    [1000 * MIB, 512],
  ])('for %d bytes gives what it takes, and at most 512 KiB', (length, size) => {
    expect(pool.takeBuffer(length).length / KIB).toBe(size)
  })

  it('gives less to each of many, down to 64 KiB', () => {
    const sizes = takeMany(600, MIB).map((buffer) => buffer.length / KIB)
    expect([1, 13, 14, 16, 17, 19, 20, 600].map((count) => sizes[count - 1])).toEqual([
      512, 512, 256, 256, 128, 128, 64, 64,
    ])
  })

  it('gives no more than 8 MiB beyond 64 KiB to each', () => {
    const beyond = takeMany(600, MIB).map((buffer) => buffer.length - 64 * KIB)
    expect(beyond.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(8 * MIB)
  })

  it('gives again what was released, and never to two at once', () => {
    const released = takeMany(2, MIB)
    for (const buffer of released) pool.releaseBuffer(buffer)
    const again = takeMany(3, MIB)
    expect(new Set(again).size).toBe(3)
    expect(again.filter((buffer) => released.includes(buffer)).length).toBe(2)
  })

  it('gives the same again, however often it came back', () => {
    const given = Array.from({ length: 100 }, () => {
      const buffer = pool.takeBuffer(MIB)
      pool.releaseBuffer(buffer)
      return buffer
    })
    expect(new Set(given).size).toBe(1)
  })

  it('has room for small ones when large ones fill it', () => {
    for (const buffer of takeMany(20, MIB)) pool.releaseBuffer(buffer)
    const small = takeMany(32, 4 * KIB)
    for (const buffer of small) pool.releaseBuffer(buffer)
    const again = takeMany(32, 4 * KIB)
    expect(again.filter((buffer) => small.includes(buffer)).length).toBe(32)
  })

  it('counts those under way, not those that were', () => {
    for (let i = 0; i < 200; i++) pool.releaseBuffer(pool.takeBuffer(MIB))
    for (let i = 0; i < 200; i++) pool.forgetBuffer(pool.takeBuffer(1))
    expect(pool.takeBuffer(MIB).length / KIB).toBe(512)
  })

  it('does not give again what was given up', () => {
    const one = pool.takeBuffer(100 * KIB)
    pool.forgetBuffer(one)
    expect(pool.takeBuffer(100 * KIB)).not.toBe(one)
  })

  it('keeps for the next what a crowd gives back', () => {
    const crowd = takeMany(600, MIB).filter((buffer) => buffer.length === 64 * KIB)
    const back = new Set(crowd.slice(0, 250))
    for (const buffer of back) pool.releaseBuffer(buffer)
    expect(takeMany(250, MIB).filter((buffer) => back.has(buffer)).length).toBe(250)
  })

  it('gives up larger ones while there is a crowd', () => {
    const large = pool.takeBuffer(MIB)
    const crowd = takeMany(600, MIB)
    pool.releaseBuffer(large)
    for (const buffer of crowd) pool.forgetBuffer(buffer)
    expect(pool.takeBuffer(MIB) === large).toBe(false)
  })

  it('keeps 8 MiB when the crowd has gone', () => {
    const crowd = new Set(takeMany(600, 1))
    for (const buffer of crowd) pool.releaseBuffer(buffer)
    const kept = takeMany(600, 1).filter((buffer) => crowd.has(buffer))
    expect((kept.length * 64 * KIB) / MIB).toBe(8)
  })

  function takeMany(count: number, length: number): Uint8Array[] {
    return Array.from({ length: count }, () => pool.takeBuffer(length))
  }
})

describe('the chunks of bodies', () => {
  it('are smaller the more there are, down to 32 KiB', () => {
    const memory = new Memory()
    const sizes: number[] = []
    let joined = 0
    for (const count of [1, 64, 128, 256, 600]) {
      for (; joined < count; joined++) memory.addReader()
      sizes.push(memory.chunkSize() / KIB)
    }
    for (; joined > 1; joined--) memory.removeReader()
    sizes.push(memory.chunkSize() / KIB)
    expect(sizes).toEqual([512, 256, 128, 64, 32, 512])
  })

  it('have what buffers leave of the budget', () => {
    const memory = new Memory()
    for (let i = 0; i < 32; i++) memory.addReader()
    expect(memory.chunkSize() / KIB).toBe(512)
    for (let i = 0; i < 16; i++) memory.takeBuffer(MIB)
    expect(memory.chunkSize() / KIB).toBeLessThan(400)
  })
})

describe('reserve', () => {
  it('has room for 16 MiB of files up to 64 KiB, and again once one is given back', () => {
    const memory = new Memory()
    expect(memory.reserve(64 * 1024 + 1)).toBe(false)
    for (let i = 0; i < 256; i++) expect(memory.reserve(64 * 1024)).toBe(true)
    expect(memory.reserve(1)).toBe(false)
    memory.unreserve(64 * 1024)
    expect(memory.reserve(64 * 1024)).toBe(true)
  })
})
