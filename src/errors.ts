/**
 * The file is no longer the version whose validators were sent. Thrown by a source's `read`: the
 * response breaks rather than splice two versions into one body.
 */
export class SourceChangedError extends Error {
  override readonly name = 'SourceChangedError'
}

/**
 * A source gave fewer or more bytes than it announced. The response breaks rather than end short
 * as if it were whole.
 */
export class LengthMismatchError extends Error {
  override readonly name = 'LengthMismatchError'
}

/** @throws RangeError unless `value` is a whole number, `least` or more */
export function expectWholeNumber(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return
  throw new RangeError(`Expected ${name} to be a whole number >= ${least}, got ${value}`)
}
