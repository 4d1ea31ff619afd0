import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

/** A new directory, removed after the tests of the file or block. */
export function temporaryDirectory(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'byteserve-')))
  // What still writes into it was told to end.
  afterAll(() => rmSync(directory, { recursive: true, force: true, maxRetries: 10 }))
  return directory
}
