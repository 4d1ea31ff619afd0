import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import type { TestProject } from 'vitest/node'

/**
 * A directory for all that a run of the tests puts aside, removed at its end: browsers, workerd and
 * whatever is killed leave something behind.
 */
export default function useRunDirectory(project: TestProject): (() => void) | undefined {
  // Each project is given what the root has.
  if (!project.isRootProject()) return undefined
  // Short: the path of a socket may have 107 bytes.
  const directory = mkdtempSync(join(tmpdir(), 'byteserve-'))
  // As the system's own: some programs run as nobody.
  chmodSync(directory, 0o1777)
  process.env.TMPDIR = directory
  return () => rmSync(directory, { recursive: true, force: true, maxRetries: 10 })
}
