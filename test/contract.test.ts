import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { run } from './support/process.ts'
import { isInstalled, runtimes } from './support/runtimes.ts'
import { type S3Server, startS3rver } from './support/s3-server.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const vitest = 'node_modules/vitest/vitest.mjs'

let store: S3Server
beforeAll(async () => {
  store = await startS3rver()
})
afterAll(() => store?.stop())

/** vitest itself runs on the runtime whose adapter is under test, and says what failed there. */
describe.concurrent.each([
  ['bun', ['--bun']],
  ['deno', ['run', '--allow-all', '--cached-only', '--no-lock']],
] as const)('on %s', (name, flags) => {
  const limit = { timeout: 300_000 }
  it.runIf(isInstalled(name))(
    'its adapter keeps the contract of a source',
    limit,
    async ({ expect, onTestFinished }) => {
      // A handle left open takes 15 s to be told: after three failures there is no use in more.
      const options = ['--config', 'test/contract/vitest.config.ts', '--bail', '3']
      const args = [...flags, vitest, 'run', ...options, `test/contract/${name}.ts`]
      const { location, credentials } = store
      const STORE = JSON.stringify({ endpoint: location.endpoint, credentials })
      const env = { ...process.env, NO_COLOR: '1', STORE }
      const program = run(runtimes[name] ?? name, args, { cwd: root, env })
      onTestFinished(() => program.stop())
      const { code, stdout, stderr } = await program.ended
      expect(code === 0 ? '' : stdout + stderr).toBe('')
    },
  )
})
