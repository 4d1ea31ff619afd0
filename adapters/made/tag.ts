import { isStrong } from '../../src/validators.ts'
import { nameFor } from './digest.ts'

/**
 * The entity tag of what is made of several files. It is as strong as the weakest of theirs.
 *
 * @param tags of all files; the result is undefined if one of them has none
 * @param rest what else the bytes depend on
 *
 * @example
 * await joinedTag(['"a"', 'W/"b"'], []) // 'W/"90201ddace5a6540421b5aea8a3c58d4"'
 */
export async function joinedTag(
  tags: readonly (string | undefined)[],
  rest: readonly unknown[],
): Promise<string | undefined> {
  if (tags.includes(undefined)) return undefined
  const name = await nameFor(JSON.stringify([tags, rest]))
  const isWeak = tags.some((tag) => tag !== undefined && !isStrong(tag))
  return `${isWeak ? 'W/' : ''}"${name.slice(0, 32)}"`
}

/**
 * The tag of what is made of one file, as strong as that file's.
 *
 * @example
 * derivedTag('W/"abc"', 'faststart') // 'W/"abc-faststart"'
 */
export function derivedTag(tag: string | undefined, how: string): string | undefined {
  return tag?.replace(/"$/, `-${how}"`)
}
