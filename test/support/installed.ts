import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where a program of the machine's is; null when there is none. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin']
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null
}

/**
 * Where a program is that tests need, by whichever of its names. A missing one is said aloud, and is
 * a failure in CI.
 *
 * @throws Error in CI, when it is missing
 */
export function expectProgram(...names: string[]): string | null {
  const path = names.map(findProgram).find((found) => found !== null)
  if (path !== undefined && path !== null) return path
  const message = `${names[0]} is not installed: its tests can't run`
  if (process.env.CI) throw new Error(message)
  console.warn(`SKIPPED: ${message}`)
  return null
}

/** Whether all these programs are there, as `expectProgram` says it. */
export function areInstalled(...names: string[]): boolean {
  return names.map((name) => expectProgram(name)).every((path) => path !== null)
}
