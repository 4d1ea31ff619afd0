import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { RootDirectory } from '../adapters/local/root-directory.ts'
import { devices } from '../adapters/local/shared.ts'
import type { FileTree } from '../adapters/site/tree.ts'
import { describeFile, listFolder } from '../command/listing.ts'
import type { Shelf } from '../command/page/library.ts'
import { distantRoot } from '../command/roots/distant.ts'
import { memoryTree } from './support/memory-tree.ts'
import { temporaryDirectory } from './support/temporary.ts'

/** What a URL leads to, what is hidden, and what no URL can name, or only as another file. */
const REACHED = ['a b%.mp4', 'film.mp4', 'sub/film.mp4', 'sub/七.mp4']
const HIDDEN = ['.git/a.mp4', '._film.mp4', '.DS_Store', 'sub/.film.mp4']
const NAMELESS = ['a\\b.mp4', 'sub\\/film.mp4', 'caf\ufffd.mp4']

function localShelf(): Shelf {
  const root = temporaryDirectory()
  for (const path of [...REACHED, ...HIDDEN, ...NAMELESS]) {
    // A name that is not UTF-8 is listed with U+FFFD in it.
    const bytes = Buffer.from(path.replace('\ufffd', '\x00'))
    for (const [at, byte] of bytes.entries()) if (byte === 0) bytes[at] = 0xe9
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), bytes]), 'film')
  }
  const below = new RootDirectory(root, 'inside', devices)
  return {
    list: (path) => listFolder(below, path),
    describe: (path) => describeFile(below, path),
  }
}

function distantShelf(isFlat: boolean): Shelf {
  const names = [...REACHED, ...HIDDEN, ...NAMELESS, '\ud800.mp4']
  const tree = memoryTree(Object.fromEntries(names.map((path) => [path, { text: 'film' }])), {
    isFlat,
  })
  const about = { id: 'memory', name: 'films', place: 'memory', file: null }
  const { shelf } = distantRoot(tree, about, { memory: 0, tier: undefined })
  if (shelf === null) throw new Error('Expected a shelf')
  return shelf
}

async function pathsBelow(shelf: Shelf, folder = ''): Promise<string[]> {
  const paths: string[] = []
  for await (const entries of shelf.list(folder)) {
    for (const { name, kind } of entries) {
      if (kind === 'file') paths.push(join(folder, name))
      else paths.push(...(await pathsBelow(shelf, `${join(folder, name)}`)))
    }
  }
  return paths.sort()
}

test.each<[what: string, open: () => Shelf]>([
  ['local folder', localShelf],
  ['distant folder', () => distantShelf(false)],
  ['bucket', () => distantShelf(true)],
])('the page of a %s shows what a URL can lead to, and nothing else', async (_what, open) => {
  expect(await pathsBelow(open())).toEqual(REACHED)
})

test('a link to what can not be looked at hides nothing beside it', async () => {
  const root = temporaryDirectory()
  writeFileSync(join(root, 'film.mp4'), 'film')
  symlinkSync('film.mp4', join(root, 'link.mp4'))
  const { locate } = devices
  vi.spyOn(devices, 'locate').mockImplementation(async (path, hangUp) => {
    if (path.endsWith('link.mp4')) throw Object.assign(new Error('ENOTCONN'), { code: 'ENOTCONN' })
    return locate.call(devices, path, hangUp)
  })
  onTestFinished(() => void vi.restoreAllMocks())
  const below = new RootDirectory(root, 'inside', devices)
  const list = (path: string) => listFolder(below, path)
  const describe = (path: string) => describeFile(below, path)
  expect(await pathsBelow({ list, describe })).toEqual(['film.mp4'])
})

test('a file that its server does not give is one of which nothing is known', async () => {
  const tree = memoryTree({ 'film.mp4': { text: 'film' } })
  const failing: FileTree = {
    list: tree.list,
    open(path, request) {
      if (path === 'sync.mp4') throw new Error('Expected the file, got status 403')
      if (path === 'async.mp4')
        return Promise.reject(new Error('Expected the file, got status 500'))
      return tree.open(path, request)
    },
  }
  const about = { id: 'memory', name: 'films', place: 'memory', file: null }
  const { shelf } = distantRoot(failing, about, { memory: 0, tier: undefined })
  const sizeOf = async (path: string) => (await shelf?.describe(path))?.size ?? null
  const paths = ['film.mp4', 'sync.mp4', 'async.mp4']
  expect(await Promise.all(paths.map(sizeOf))).toEqual([4, null, null])
})
