import { spawnSync } from 'node:child_process'

/**
 * Whether programs that tests ask are installed. What is missing is said aloud, and is a failure in
 * CI.
 *
 * @throws Error in CI, when one is missing
 */
export function areInstalled(...programs: string[]): boolean {
  const missing = programs.filter((program) => spawnSync('which', [program]).status !== 0)
  if (missing.length === 0) return true
  const message = `${missing.join(', ')}: not installed, their tests can't run`
  if (process.env.CI) throw new Error(message)
  console.warn(`SKIPPED: ${message}`)
  return false
}
