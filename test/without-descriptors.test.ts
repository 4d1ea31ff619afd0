import fs, { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
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

it('where open files are not numbered by their descriptors, as in Deno before 2.7.14, none is asked', async () => {
  const readlinkSync = (() => 'anon_inode:[eventpoll]') as never
  expect(await canAskDescriptors({ readlinkSync })).toBe(false)
})

it.runIf(process.platform === 'linux')(
  'one is asked where the root of all may not be listed',
  async () => {
    const openSync: typeof fs.openSync = (path, ...others) => {
      if (path === '/') throw new Error('EACCES')
      return fs.openSync(path, ...others)
    }
    expect(await canAskDescriptors({ openSync })).toBe(true)
  },
)

/** What is found out where some calls give something else. */
async function canAskDescriptors(calls: Partial<typeof fs>): Promise<boolean> {
  vi.resetModules()
  vi.doMock(import('node:fs'), async (original) => ({ ...(await original()), ...calls }))
  const permission = await vi.importActual<typeof import('../adapters/local/permission.ts')>(
    '../adapters/local/permission.ts',
  )
  return permission.canAskDescriptors
}
