import { afterEach, beforeEach, expect } from 'vitest'

/** Fails any test of the file that leaves a rejection unhandled. */
export function expectNoUnhandledRejections(): void {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => void unhandled.push(reason)
  beforeEach(() => {
    unhandled.length = 0
    process.on('unhandledRejection', note)
  })
  afterEach(async () => {
    // They are reported once the microtasks have run.
    await new Promise((resolve) => setTimeout(resolve, 0))
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })
}
