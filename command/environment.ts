import process from 'node:process'

interface DenoLike {
  readonly noColor: boolean
  readonly permissions: {
    querySync(permission: { name: 'env'; variable: string }): { readonly state: string }
  }
}

declare const Deno: DenoLike | undefined

/** A variable of the environment; undefined if the runtime would have to ask its user first. */
export function variable(name: string): string | undefined {
  const isKept =
    typeof Deno !== 'undefined' &&
    Deno.permissions.querySync({ name: 'env', variable: name }).state !== 'granted'
  return isKept ? undefined : process.env[name]
}

/** Whether a terminal may be coloured: https://no-color.org, which Deno may always be asked about. */
export function mayColour(): boolean {
  const isRefused = typeof Deno === 'undefined' ? variable('NO_COLOR') : Deno.noColor
  return !isRefused && variable('TERM') !== 'dumb'
}
