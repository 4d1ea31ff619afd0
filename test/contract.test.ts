import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { isInstalled, runtimes } from './support/runtimes.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const vitest = 'node_modules/vitest/vitest.mjs'

/** vitest itself runs on the runtime whose adapter is under test, and says what failed there. */
describe.each([
  ['bun', ['--bun']],
  ['deno', ['run', '--allow-all', '--cached-only', '--no-lock']],
] as const)('on %s', (name, flags) => {
  const limit = { timeout: 90_000 }
  it.runIf(isInstalled(name))('its adapter keeps the contract of a source', limit, async () => {
    // A handle left open takes 15 s to be told: after three failures there is no use in more.
    const options = ['--config', 'test/contract/vitest.config.ts', '--bail', '3']
    const args = [...flags, vitest, 'run', ...options, `test/contract/${name}.ts`]
    expect(await complaints(runtimes[name] ?? name, args)).toBe('')
  })
})

/** What a program says when it fails. */
async function complaints(program: string, args: string[]): Promise<string> {
  const env = { ...process.env, NO_COLOR: '1' }
  try {
    await promisify(execFile)(program, args, { cwd: root, env })
    return ''
  } catch (error) {
    const { stdout, stderr } = Object(error)
    return `${stdout}${stderr}` || String(error)
  }
}
