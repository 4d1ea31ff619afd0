import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { node } from './proc.mjs'
import { bun, deno } from './servers.mjs'

/** Runs core.mjs on each runtime. */
export function measureCore() {
  const script = fileURLToPath(new URL('./core.mjs', import.meta.url))
  const runs = {
    node: [node, script],
    bun: [bun, script],
    deno: [deno, 'run', '-A', '--no-lock', '--cached-only', script],
  }
  const byName = new Map()
  for (const [runtime, [command, ...args]] of Object.entries(runs)) {
    if (command === undefined) continue
    const { stdout, stderr, status } = spawnSync(command, args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`${runtime}: ${stderr}`)
    for (const [name, ns] of Object.entries(JSON.parse(stdout))) {
      byName.set(name, { ...byName.get(name), name, [runtime]: ns })
    }
  }
  return [...byName.values()]
}
