import { withoutUser } from '../adapters/check/target.ts'

/** Why the command can't do what it was asked for, as a person is told. */
export class Failure extends Error {}

/** A message that shows no user and no password of a URL without spaces in it. */
export function withoutUsers(message: string): string {
  return message.replace(/[a-z][a-z\d+.-]{0,30}:\/\/\S*[^\s'";:,.]/gi, withoutUser)
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
