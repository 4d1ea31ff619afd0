import { mkdtempSync, readdirSync, readlinkSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { closeIdle } from '../../adapters/shared-files.ts'

/** A new directory, removed after the tests of the file or block. */
export function temporaryDirectory(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'byteserve-')))
  afterAll(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Whether this system shows what a process has open. */
export const canCountHandles: boolean = process.platform === 'linux'

/** How many descriptors are read from: without those that wait for the next response. */
export function handlesInUse(path: string): number {
  closeIdle()
  return openHandles(path)
}

/** How many descriptors this process has open at or below a path, removed files included. */
export function openHandles(path: string): number {
  let count = 0
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`).startsWith(path)) count++
    } catch {
      // The one that listed the directory is closed by now.
    }
  }
  return count
}
