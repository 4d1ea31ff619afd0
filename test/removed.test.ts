import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { isInstalled, runtimes } from './support/runtimes.ts'
import { temporaryDirectory } from './support/temporary.ts'

const directory = temporaryDirectory()
const script = fileURLToPath(new URL('programs/removed.mjs', import.meta.url))
const SIZE = 2 * 1024 * 1024

describe.each([
  ['bun', []],
  ['deno', ['run', '-A', '--no-lock', '--cached-only']],
] as const)('on %s', (name, flags) => {
  it.runIf(isInstalled(name))('a file removed before its native body is opened is sent', () => {
    const path = join(directory, `${name}.mp4`)
    writeFileSync(path, Buffer.alloc(SIZE, 'a'))
    const said = execFileSync(runtimes[name] ?? '', [...flags, script, path], { encoding: 'utf8' })
    expect(said.trim()).toBe(`200 ${SIZE} 1`)
  })
})
