import { describe, expect, it } from 'vitest'
import { SessionMemory } from '../adapters/node-http/session.ts'

const KIB = 1024

function someSession() {
  const session = {
    closes: 0,
    close() {
      session.closes++
    },
  }
  return session
}

describe('the memory of an HTTP/2 session', () => {
  it('is one for all of its streams', () => {
    const session = someSession()
    expect(SessionMemory.of(session)).toBe(SessionMemory.of(session))
    expect(SessionMemory.of(session)).not.toBe(SessionMemory.of(someSession()))
  })

  it.each([
    [0, 64 * KIB],
    [1_000_000, 60 * KIB],
    [2_000_000, 40 * KIB],
    [3_900_000, 4 * KIB],
    [9_000_000, 4 * KIB],
  ])('gives, while %d bytes are held, slices of %d', (held, expected) => {
    const memory = SessionMemory.of(someSession())
    memory.hold(held)
    expect(memory.sliceLength()).toBe(expected)
    memory.release(held)
    expect(memory.sliceLength()).toBe(64 * KIB)
  })

  it.each([
    [7_999_999, 0],
    [8_000_000, 1],
  ])('of which %d bytes are lost: the session is closed %d times', (lost, closes) => {
    const session = someSession()
    const memory = SessionMemory.of(session)
    memory.hold(lost)
    memory.replaceIfWorn()
    expect(session.closes).toBe(closes)
  })
})
