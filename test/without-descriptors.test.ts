import * as fs from 'node:fs'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { nodeDirectory } from '../adapters/node.ts'
import { fileHandler } from '../src/index.ts'
import { temporaryDirectory } from './support/temporary.ts'

vi.mock(import('../adapters/local/permission.ts'), async (original) => ({
  ...(await original()),
  canAskDescriptors: false,
}))

const directory = temporaryDirectory()
const [root, outside] = [join(directory, 'root'), join(directory, 'outside')]
for (const path of [root, outside]) mkdirSync(path)
writeFileSync(join(root, 'file'), 'inside')
writeFileSync(join(outside, 'secret'), 'outside')
symlinkSync(join(outside, 'secret'), join(root, 'link'))
symlinkSync(outside, join(root, 'folder'))

it.each([
  ['inside', 404, ['file']],
  ['follow', 200, ['file', 'folder', 'link']],
] as const)("where a descriptor can't be asked, links: '%s' lists what it serves", async (links, status, names) => {
  const handler = fileHandler(nodeDirectory(root, { links, listing: 'json' }))
  const found = await handler(new Request('http://localhost/link'))
  const listed: { name: string }[] = await (await handler(new Request('http://localhost/'))).json()
  expect([found.status, listed.map(({ name }) => name).sort()]).toEqual([status, names])
})

const NOT_HERE = Object.assign(new Error('EACCES'), { code: 'EACCES' })

it.each<[what: string, changed: Partial<typeof fs>, is: boolean]>([
  [
    'not asked where open files are not numbered by them, as in Deno before 2.7.14',
    { readlinkSync: (() => 'anon_inode:[eventpoll]') as never },
    false,
  ],
  [
    'asked where the root may not be listed',
    {
      openSync(path, ...rest) {
        if (path === '/') throw NOT_HERE
        return fs.openSync(path, ...rest)
      },
    },
    true,
  ],
])('descriptors are %s', async (_what, changed, is) => {
  vi.resetModules()
  vi.doMock(import('node:fs'), async (original) => ({ ...(await original()), ...changed }))
  const permission = await vi.importActual<typeof import('../adapters/local/permission.ts')>(
    '../adapters/local/permission.ts',
  )
  expect(permission.canAskDescriptors).toBe(is)
})
