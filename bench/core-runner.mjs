import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { node } from './proc.mjs'
import { bun, deno } from './servers.mjs'

/** The same code takes twice as long in some processes, for as long as it is timed: the least is kept. */
const PROCESSES = 3

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
    const results = Array.from({ length: PROCESSES }, () => run(runtime, command, args))
    for (const name of Object.keys(results[0])) {
      const ns = Math.min(...results.map((result) => result[name]))
      byName.set(name, { ...byName.get(name), name, [runtime]: ns })
    }
  }
  return [...byName.values()]
}

function run(runtime, command, args) {
  const { stdout, stderr, status } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${runtime}: ${stderr}`)
  return JSON.parse(stdout)
}
