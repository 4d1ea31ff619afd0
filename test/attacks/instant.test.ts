import { chmodSync, chownSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { run } from '../support/process.ts'
import { isInstalled, runtimes } from '../support/runtimes.ts'
import { temporaryDirectory } from '../support/temporary.ts'

/** How often each is tried. */
const ROUNDS = { inode: 50, permission: 20 }

/** The user that Unix calls nobody. */
const NOBODY = 65_534

const script = fileURLToPath(new URL('instant.mjs', import.meta.url))
const project = fileURLToPath(new URL('../../', import.meta.url))
const place = temporaryDirectory()
const deno = ['run', '--cached-only', '--no-lock']
const runs = [
  { name: 'node', runtime: 'node', flags: [] },
  { name: 'bun', runtime: 'bun', flags: [] },
  { name: 'deno', runtime: 'deno', flags: [...deno, '-A'] },
  // Who may not do everything can't ask what a descriptor leads to.
  {
    name: 'deno, confined',
    runtime: 'deno',
    flags: [...deno, '--allow-read', '--allow-write'],
  },
] as const
const installed = runs.filter(({ runtime }) => isInstalled(runtime))
const isRoot = process.getuid?.() === 0

describe.each(installed)('$name, in the instant after a file was served', (one) => {
  it('does not take a file outside for the one inside whose inode it got', async () => {
    expect(await answersTo('inode', one, {})).toEqual({ 404: ROUNDS.inode })
  })

  it('does not serve on what it may not read any more', async ({ skip }) => {
    // Whoever is root may read all.
    const user = isRoot ? { uid: NOBODY, gid: NOBODY } : {}
    const program = runtimes[one.runtime] ?? ''
    const isFine = async (command: string, args: string[]) => {
      const { code } = await run(command, args, user).ended.catch(() => ({ code: null }))
      return code === 0
    }
    // The project may lie in a folder that only its owner may enter.
    const reading = ['-e', `require('fs').accessSync(${JSON.stringify(script)})`]
    if (!(await isFine(program, ['--version'])) || !(await isFine(runtimes.node, reading))) {
      console.warn(`SKIPPED: another user can't run ${one.name}, or read ${project}`)
      skip()
    }
    expect(await answersTo('permission', one, user)).toEqual({ 503: ROUNDS.permission })
  })
})

async function answersTo(
  change: keyof typeof ROUNDS,
  { name, runtime, flags }: (typeof runs)[number],
  user: { uid?: number; gid?: number },
): Promise<unknown> {
  const directory = mkdtempSync(join(place, `${name}-${change}-`))
  chmodSync(place, 0o755)
  if (user.uid !== undefined) chownSync(directory, user.uid, user.gid ?? user.uid)
  const args = [...flags, script, directory, change, `${ROUNDS[change]}`]
  const env = { ...process.env, HOME: directory, DENO_DIR: join(directory, '.deno') }
  const { code, stdout, stderr } = await run(runtimes[runtime] ?? runtime, args, {
    ...user,
    cwd: project,
    env,
  }).ended
  if (code !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}
