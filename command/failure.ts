/** Why the command can't do what it was asked for, as a person is told. */
export class Failure extends Error {}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
