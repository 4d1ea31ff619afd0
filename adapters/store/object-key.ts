import { unexpected } from '../../src/errors.ts'

/** The longest key of an object of S3 or R2, in bytes of UTF-8. */
const MAX_LENGTH = 1024

/** Whether a key is longer than any object's: asked for one, a store fails. */
export function isTooLong(key: string): boolean {
  return new TextEncoder().encode(key).length > MAX_LENGTH
}

/**
 * Whether a URL can have this path: fetch resolves dot segments, however they are encoded, and half
 * of a pair of surrogates can't be encoded.
 */
export function canBeUrlPath(path: string): boolean {
  return !/\p{Surrogate}|(?:^|\/)\.{1,2}(?:\/|$)/u.test(path)
}

/** @throws TypeError unless keys can begin with it as the paths of a folder do */
export function expectPrefix(prefix: string): void {
  if (/^(?:.*\/)?$/s.test(prefix)) return
  throw unexpected("prefix to be empty or end with '/'", `'${prefix}'`)
}
