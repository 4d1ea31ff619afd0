import { expectWholeNumber } from '../../src/errors.ts'

/** How long files stay open. */
export interface SharingOptions {
  /**
   * How long a file stays open after the last response that read it, in ms, so that the next one
   * finds it open. It may be up to a second more, and is less when over 128 files wait like this. A
   * whole number, 1000 by default; 0 closes it at once. Where one file is asked for with several,
   * the longest counts.
   */
  readonly keepOpen?: number | undefined
}

/** @throws RangeError unless `keepOpen` is a whole number, 0 or more */
export function expectSharing({ keepOpen }: SharingOptions): void {
  if (keepOpen !== undefined) expectWholeNumber('keepOpen', keepOpen, 0)
}
