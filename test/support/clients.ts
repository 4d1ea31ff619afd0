import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * The path of a client of the machine's; null if it is not installed, which is said aloud.
 *
 * @throws Error in CI, when it is not installed
 */
export function findClient(name: string): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const path = folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
  if (path !== undefined) return path
  const message = `${name} is not installed: whether it can read a listing is not tested`
  if (process.env.CI) throw new Error(message)
  console.warn(`SKIPPED: ${message}`)
  return null
}
