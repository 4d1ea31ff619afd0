import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

const sources = fileURLToPath(new URL('../attacks/tools/', import.meta.url))

/**
 * Compiles one of the programs in C that do to files what no runtime can.
 *
 * @returns its path; null, which is said aloud, where that is not possible
 * @throws Error in CI, when it is not
 */
export function compile(name: string): string | null {
  const directory = mkdtempSync(join(tmpdir(), 'byteserve-'))
  afterAll(() => rmSync(directory, { recursive: true, force: true }))
  const program = join(directory, name)
  try {
    if (process.platform !== 'linux') throw new Error('this is not Linux')
    execFileSync('cc', ['-O2', '-o', program, join(sources, `${name}.c`), ...librariesOf(name)])
    return program
  } catch (error) {
    return missing(`${name}.c can't be compiled`, error)
  }
}

/** Whether this process may mount file systems of its own. */
export function canMount(): boolean {
  const isPossible = existsSync('/dev/fuse') && process.getuid?.() === 0
  return isPossible || missing('nothing can be mounted: that needs /dev/fuse, and root') !== null
}

function missing(message: string, cause?: unknown): null {
  if (process.env.CI) throw new Error(message, { cause })
  console.warn(`SKIPPED: ${message}`)
  return null
}

function librariesOf(name: string): string[] {
  if (name !== 'mount') return []
  const flags = execFileSync('pkg-config', ['--cflags', '--libs', 'fuse3'], { encoding: 'utf8' })
  return flags.trim().split(/\s+/)
}
