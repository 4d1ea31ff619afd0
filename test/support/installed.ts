import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where a program of the machine's is; null when there is none. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin']
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null
}

/**
 * Where a program is that tests need. A missing one is said aloud, and is a failure in CI.
 *
 * @throws Error in CI, when it is missing
 */
export function expectProgram(name: string): string | null {
  const path = findProgram(name)
  if (path !== null) return path
  const message = `${name} is not installed: its tests can't run`
  if (process.env.CI) throw new Error(message)
  console.warn(`SKIPPED: ${message}`)
  return null
}

/** Whether all these programs are there, as `expectProgram` says it. */
export function areInstalled(...names: string[]): boolean {
  return names.map(expectProgram).every((path) => path !== null)
}
