import process from 'node:process'
import { codeOf } from '../adapters/local/calls.ts'
import { Failure, messageOf } from './failure.ts'

/**
 * Writes to standard output; fulfilled once that is done, or whoever reads has seen enough.
 *
 * @throws Failure, as a rejection, when it can't be written, as on a full disk
 */
export function writeOut(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown) => {
      if (!error || codeOf(error) === 'EPIPE') resolve()
      else reject(new Failure(`can't write to standard output: ${messageOf(error)}`))
    }
    try {
      process.stdout.write(text, settle)
    } catch (error) {
      // Deno throws what others tell.
      settle(error)
    }
  })
}
