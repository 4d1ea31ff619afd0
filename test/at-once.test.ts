import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { isInstalled, runtimes } from './support/runtimes.ts'

const script = fileURLToPath(new URL('programs/crowd-hono.mjs', import.meta.url))

describe.each([
  ['bun', []],
  ['deno', ['run', '-A', '--no-lock', '--cached-only']],
] as const)('on %s', (name, flags) => {
  it.runIf(isInstalled(name))('a Response that keeps its bytes gets memory of its own', () => {
    const said = execFileSync(runtimes[name] ?? '', [...flags, script], { encoding: 'utf8' })
    expect(said.trim()).toBe('same')
  })
})
