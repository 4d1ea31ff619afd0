import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const packages = fileURLToPath(new URL('../../node_modules/', import.meta.url))
const target = `${process.platform}-${process.arch}`
const suffix = process.platform === 'win32' ? '.exe' : ''

/** Below this, bun's binary is the placeholder that its install script should have replaced. */
const PLACEHOLDER_SIZE = 1024 * 1024

/**
 * The real binaries of the runtimes that the tests start, as npm installed them, be it with install
 * scripts or without; null: it is not there.
 */
export const runtimes: { node: string; bun: string | null; deno: string | null } = {
  node: process.execPath,
  bun: firstBinary('bun/bin/bun.exe', `@oven/bun-${target}/bin/bun${suffix}`),
  deno: firstBinary(`@deno/${target}-glibc/deno`, `@deno/${target}/deno${suffix}`),
}

/**
 * Whether the tests of a runtime can run. A missing binary is said aloud, and is a failure in CI.
 *
 * @throws Error in CI, when the binary is missing
 */
export function isInstalled(name: keyof typeof runtimes): boolean {
  if (runtimes[name] !== null) return true
  const message = `${name} is not installed in node_modules: its tests can't run`
  if (process.env.CI) throw new Error(message)
  console.warn(`SKIPPED: ${message}`)
  return false
}

function firstBinary(...candidates: string[]): string | null {
  const isBinary = (path: string) => existsSync(path) && statSync(path).size > PLACEHOLDER_SIZE
  return candidates.map((path) => join(packages, path)).find(isBinary) ?? null
}
