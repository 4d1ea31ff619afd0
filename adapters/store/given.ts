import { unexpected } from '../../src/errors.ts'

/**
 * The error for what a function of the options gave.
 *
 * @param expected what it should have been; no promise, which nobody waits for
 */
export function unexpectedOf(option: string, expected: string, given: unknown): TypeError {
  void Promise.resolve(given).catch(() => {})
  return unexpected(`${option}() to give ${expected}`, given)
}

/** @throws TypeError unless a function of the options gave a string, or none */
export function expectText(option: string, given: unknown): string | null | undefined {
  if (given == null || typeof given === 'string') return given
  throw unexpectedOf(option, 'a string', given)
}
