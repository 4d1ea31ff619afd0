import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Ten times what the slowest test takes alone: some thirty processes share two cores.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two cores would give one, and then what waits (a reader that pauses for 30 s) overlaps nothing.
    maxWorkers: 3,
  },
})
