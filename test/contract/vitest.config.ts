import process from 'node:process'
import { defineConfig } from 'vitest/config'

/** Of the vitest that contract.test.ts starts on another runtime. */
export default defineConfig({
  test: {
    include: ['test/contract/{bun,deno}.ts'],
    testTimeout: 60_000,
    retry: process.env.CI ? 1 : 0,
    cache: false,
  },
})
