import { isStrong } from '../../src/validators.ts'
import { RUN_LENGTH } from '../store/at-once.ts'
import { nameFor } from './digest.ts'

/**
 * The entity tag of what is made of several files. It is as strong as the weakest of theirs.
 *
 * @param tags of all files; the result is undefined if one of them has none
 * @param rest what else the bytes depend on
 *
 * @example
 * await joinedTag(['"a"', 'W/"b"'], []) // 'W/"b78deb9fcb6251131af310e19a5e0e56"'
 */
export async function joinedTag(
  tags: readonly (string | undefined)[],
  rest: readonly unknown[],
): Promise<string | undefined> {
  if (tags.includes(undefined)) return undefined
  // In runs that take little time, so that no other request waits.
  const names: string[] = []
  for (let at = 0; at < Math.max(tags.length, rest.length); at += RUN_LENGTH) {
    const run = [tags, rest].map((all) => all.slice(at, at + RUN_LENGTH))
    names.push(await nameFor(JSON.stringify(run)))
  }
  const name = await nameFor(names.join())
  const isWeak = !tags.every(isStrong)
  return `${isWeak ? 'W/' : ''}"${name.slice(0, 32)}"`
}
