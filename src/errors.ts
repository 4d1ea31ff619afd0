/**
 * The file is no longer the version whose validators were sent. Thrown by a source's `read`; the
 * response is then cut off, rather than mix two versions, or is a 503 if nothing was sent yet.
 */
export class SourceChangedError extends Error {
  /** Survives minification. */
  override readonly name = 'SourceChangedError'
}

/**
 * A source gave fewer or more bytes than it announced. The response is cut off, so that a short
 * body never looks whole, or is a 503 if nothing was sent yet.
 */
export class LengthMismatchError extends Error {
  /** Survives minification. */
  override readonly name = 'LengthMismatchError'
}

/** What was thrown, or an Error if that was null or undefined, which would pass for success. */
export function reasonOf(thrown: unknown): unknown {
  return thrown ?? new Error(`Failed with ${thrown}`)
}

/** The error for a caller's mistake. It names only the kind of an object or a function. */
export function unexpected(expected: string, given: unknown): TypeError {
  return new TypeError(
    `Expected ${expected}, got ${Object(given) === given ? kindOf(given) : String(given)}`,
  )
}

/** @throws RangeError unless `value` is a whole number, `least` or more */
export function expectWholeNumber(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return
  const isPlain = value == null || typeof value === 'number'
  const given = isPlain ? value : `the ${typeof value} ${value}`
  throw new RangeError(`Expected ${name} to be a whole number >= ${least}, got ${given}`)
}

/** The longest delay of a timer, in ms: a longer one fires at once. */
const LONGEST_WAIT = 0x7fffffff

/** @throws RangeError unless `value` is a whole number of ms, 1 or more, for which a timer waits */
export function expectWait(name: string, value: number): void {
  expectWholeNumber(name, value, 1)
  if (value <= LONGEST_WAIT) return
  throw new RangeError(`Expected ${name} to be ${LONGEST_WAIT} ms at most, got ${value}`)
}

/** @throws TypeError unless `value` is a boolean or undefined */
export function expectSwitch(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return
  throw unexpected(`${name} to be a boolean`, value)
}

/** @throws TypeError unless `value` is a function or undefined */
export function expectFunction(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'function') return
  throw unexpected(`${name} to be a function`, value)
}

/**
 * @param expected what was expected, for the message
 * @throws TypeError unless options stand in an object
 */
export function expectOptions(options: unknown, expected = 'options in an object'): void {
  if (typeof options === 'object' && options && !Array.isArray(options)) return
  throw unexpected(expected, options)
}

/** What kind of value it is, such as `Uint8Array`, `Null` or `Object`, in any realm. */
export function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1)
}
