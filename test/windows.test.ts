import { closeSync, constants, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { inThreadPool, onThisThread } from '../adapters/local/calls.ts'
import { nodeDirectory } from '../adapters/node.ts'
import { fileHandler } from '../src/index.ts'
import { temporaryDirectory } from './support/temporary.ts'

/** Windows 11 by libuv 1.49 and 1.50: the device of what is open is told, but not that of a path. */
vi.mock(import('node:process'), async (original) => {
  const { default: process } = await original()
  const versions = { ...process.versions, uv: '1.49.2' }
  const told = { platform: { value: 'win32' }, versions: { value: versions } }
  return { default: Object.create(process, told) }
})

vi.mock(import('node:fs'), async (original) => {
  const fs = await original()
  const untold = <T>(stat: T): T => (stat ? Object.assign(stat, { dev: 0 }) : stat)
  const calls = Object.fromEntries(
    (['stat', 'lstat'] as const).flatMap((name) => [
      [
        name,
        (path: string, done: (error: Error | null, stat: unknown) => void) =>
          fs[name](path, (error, stat) => done(error, untold(stat))),
      ],
      [`${name}Sync`, (path: string, options: object) => untold(fs[`${name}Sync`](path, options))],
    ]),
  )
  return { ...fs, ...calls }
})

const root = temporaryDirectory()
const path = join(root, 'a.txt')
writeFileSync(path, 'text')
utimesSync(path, 1e9, 1e9)

it.each([
  ['this thread', onThisThread],
  ['the thread pool', inThreadPool],
])('a file is on the device that it is on, open or not: asked on %s', async (_where, calls) => {
  const fd = await calls.open(path, constants.O_RDONLY)
  const found = [await calls.stat(path), await calls.lstat(path), await calls.fstat(fd)]
  closeSync(fd)
  expect(new Set(found.map((stat) => stat?.dev)).size).toBe(1)
})

it('a file below a folder is served', async () => {
  const handler = fileHandler(nodeDirectory(root))
  const { status, headers } = await handler(new Request('http://localhost/a.txt'))
  expect([status, headers.get('etag')]).toEqual([200, expect.stringMatching(/^"/)])
})
