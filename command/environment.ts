import process from 'node:process'
import { deno, isGranted } from '../adapters/local/permission.ts'

/** Whether the runtime gives a variable of the environment without asking its user first. */
export function isReadable(variable: string): boolean {
  return isGranted({ name: 'env', variable })
}

/** A variable of the environment; undefined if it is not set, or may not be read. */
export function variable(name: string): string | undefined {
  return isReadable(name) ? process.env[name] : undefined
}

/** Whether a terminal may be coloured (https://no-color.org); Deno tells without permission. */
export function mayColour(): boolean {
  const isForbidden = deno === undefined ? Boolean(variable('NO_COLOR')) : deno.noColor
  return !isForbidden && !isDumb()
}

/** Whether a terminal knows nothing but characters: it shows what would clear a line. */
export function isDumb(): boolean {
  return variable('TERM') === 'dumb'
}
