import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { isInstalled, runtimes } from './support/runtimes.ts'
import { temporaryDirectory } from './support/temporary.ts'

const directory = temporaryDirectory()
const SIZE = 2 * 1024 * 1024

describe.runIf(isInstalled('bun'))('on bun', () => behave('bun', []))
describe.runIf(isInstalled('deno'))('on deno', () => {
  behave('deno', ['run', '-A', '--no-lock', '--cached-only'])
})

function behave(runtime: 'bun' | 'deno', flags: readonly string[]): void {
  function run(program: string, ...rest: string[]): string {
    const script = fileURLToPath(new URL(`programs/${program}`, import.meta.url))
    const args = [...flags, script, ...rest]
    return execFileSync(runtimes[runtime] ?? '', args, { encoding: 'utf8' }).trim()
  }

  it('a file that is removed before its native body is opened is sent', () => {
    const path = join(directory, `${runtime}.mp4`)
    writeFileSync(path, Buffer.alloc(SIZE, 'a'))
    expect(run('removed.mjs', path)).toBe(`200 ${SIZE} 1`)
  })

  it('a Response that keeps its bytes gets memory of its own', () => {
    expect(run('at-once.mjs', 'hono')).toBe('same')
  })

  it('a source whose body was wrapped gives the bytes of its own request', () => {
    expect(run('at-once.mjs', 'wrapped')).toBe('same')
  })

  it('a source with a read of its own is read through that, whatever its size', () => {
    expect(run('wrapped.mjs').split('\n')).toEqual([
      '999 same',
      '1999999 same',
      '1000 same',
      '2000000 same',
    ])
  })
}
