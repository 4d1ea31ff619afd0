import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { fileSource } from '../adapters/local/file-source.ts'
import { devices } from '../adapters/local/shared.ts'
import { type DirectoryOptions, type LocalOptions, localTree } from '../adapters/local/tree.ts'
import { growingFile, nodeDirectory } from '../adapters/node.ts'
import { type Entry, type FileTree, isFile } from '../adapters/site/tree.ts'
import { zipFolder } from '../adapters/zip.ts'
import { readBytes } from '../src/reader.ts'
import { onAbort } from '../src/runtime.ts'
import { fileHandler } from '../src/serve.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { until } from './support/wait.ts'

const place = temporaryDirectory()
const root = join(place, 'root')
const outside = join(place, 'outside')
const request = { method: 'GET', url: '/', headers: new Headers() }

for (const at of ['root/folder', 'root/.hidden-folder', 'outside/deep']) {
  mkdirSync(join(place, at), { recursive: true })
}
for (const at of ['root/file', 'root/.hidden', 'root/folder/inner', 'outside/secret']) {
  writeFileSync(join(place, at), at)
}
symlinkSync('file', join(root, 'link'))
symlinkSync('folder', join(root, 'folder-link'))
symlinkSync(join(outside, 'secret'), join(root, 'out'))
symlinkSync(outside, join(root, 'out-folder'))
symlinkSync(join(outside, 'secret'), join(root, '.hidden-out'))
symlinkSync('nothing', join(root, 'dangling'))
symlinkSync('round', join(root, 'round'))
execFileSync('mkfifo', [join(root, 'fifo')])
symlinkSync('fifo', join(root, 'fifo-link'))
writeFileSync(Buffer.from(`${root}/not-utf-8-\xff`, 'latin1'), '')

/** What is shown of `root` whatever its links may. */
const INSIDE = [
  '.hidden-folder: directory',
  '.hidden: 12',
  'file: 9',
  'folder-link: directory, link',
  'folder: directory',
  'link: 9, link',
]

describe('a client that hangs up while a mount stalls waits no more', () => {
  const live = { live: true }
  it.each<[what: string, ask: (client: AbortSignal) => unknown]>([
    ['for a file', (signal) => treeOf().open('file', { ...request, signal })],
    ['for a live one', (signal) => treeOf(live).open('file', { ...request, signal })],
    ['for a listing', (signal) => treeOf().list?.('', 0, signal)[Symbol.asyncIterator]().next()],
    ['for one that grows', (signal) => growingFile(join(root, 'file'), { ...request, signal })],
  ])('%s', async (_what, ask) => {
    vi.spyOn(devices, 'statSync').mockReturnValue('unknown')
    const looking = vi.spyOn(devices, 'locate').mockImplementation((_, hangUp) => {
      return new Promise((_, reject) => onAbort(hangUp?.(), () => reject(new Error('gone'))))
    })
    onTestFinished(() => void vi.restoreAllMocks())
    const client = new AbortController()
    const answer = Promise.resolve(ask(client.signal))
    await until(() => looking.mock.calls.length === 1)
    client.abort()
    await expect(answer).rejects.toThrow('gone')
  })
})

describe('the entries of a local directory', () => {
  it('are its files and directories, and what links lead to inside', async () => {
    expect(await listed(treeOf())).toEqual(INSIDE)
  })

  it('are those that links lead to outside, too, where that is asked', async () => {
    const out = ['.hidden-out: 14, link', 'out-folder: directory, link', 'out: 14, link']
    expect(await listed(treeOf({ links: 'follow' }))).toEqual([...INSIDE, ...out].sort())
  })

  it('are those of a directory that a link leads to, as far as it may', async () => {
    expect(await listed(treeOf(), 'folder-link')).toEqual(['inner: 17'])
    expect(await listed(treeOf(), 'out-folder')).toEqual([])
    const out = await listed(treeOf({ links: 'follow' }), 'out-folder')
    expect(out).toEqual(['deep: directory', 'secret: 14'])
  })

  it('have a version, but for those that are being written', async () => {
    const versions = async (options: LocalOptions, path: string) => {
      const found: [string, boolean][] = []
      for await (const { name, version } of treeOf(options).list?.(path) ?? []) {
        found.push([name, version !== undefined])
      }
      return found
    }
    const { ctimeMs } = statSync(join(root, 'folder/inner'))
    await until(() => Date.now() - ctimeMs > 100)
    const asked: string[] = []
    const live = (path: string) => asked.push(path) > 0
    expect(await versions({}, 'folder')).toEqual([['inner', true]])
    expect(await versions({ live }, 'folder')).toEqual([['inner', false]])
    expect(await versions({ live: true }, 'folder')).toEqual([['inner', false]])
    expect(asked).toEqual(['folder/inner'])
  })

  it('are none of a file, and of what is not there', async () => {
    for (const path of ['file', 'nothing', 'dangling', 'round']) {
      expect(await listed(treeOf(), path), path).toEqual([])
    }
  })

  it('are 5000, and others are answered meanwhile', async () => {
    mkdirSync(join(root, '.many'))
    onTestFinished(() => rmSync(join(root, '.many'), { recursive: true }))
    for (let i = 0; i < 5000; i++) writeFileSync(join(root, '.many', `${i}`), '')
    const tree = treeOf()
    expect(await textAt(tree, 'file')).toBe('root/file')
    let isOver = false
    const listing = listed(tree, '.many').finally(() => (isOver = true))
    let answered = 0
    for (; !isOver; answered++) {
      expect(await textAt(tree, 'file')).toBe('root/file')
      await new Promise(setImmediate)
    }
    expect((await listing).length).toBe(5000)
    expect(answered).toBeGreaterThan(100)
  })
})

describe("links: 'follow'", () => {
  it('finds what links lead to outside; by default, that is not found', async () => {
    for (const [links, expected] of [
      ['inside', [null, null, 'root/file']],
      ['follow', ['outside/secret', 'outside/secret', 'root/file']],
    ] as const) {
      const tree = treeOf({ links })
      const paths = ['out', 'out-folder/secret', 'link']
      expect(await Promise.all(paths.map((path) => textAt(tree, path)))).toEqual(expected)
    }
  })

  it('finds neither hidden names nor what is no file', async () => {
    const handler = fileHandler(nodeDirectory(root, { links: 'follow' }))
    const statuses = ['.hidden', '.hidden-out', '.hidden-folder/', 'fifo-link', 'round', 'out'].map(
      async (path) => (await handler(new Request(`http://localhost/${path}`))).status,
    )
    expect(await Promise.all(statuses)).toEqual([404, 404, 404, 404, 404, 200])
  })

  it('lists what it finds', async () => {
    const found = ['file', 'folder', 'folder-link', 'link', 'out', 'out-folder']
    expect(await names({ links: 'follow' })).toEqual(found)
  })
})

describe('what is stored encoded beside a file', () => {
  const logs = join(place, 'logs')
  mkdirSync(logs)

  it.each<[what: string, options: LocalOptions, file: number, stored: number, expected: string]>([
    ['brotli copied the second of its time', {}, 1e9 + 0.232, 1e9, 'encoded'],
    ['gzip and zstd copied all of it', {}, 1e9 + 0.232, 1e9 + 0.232, 'encoded'],
    ['it was changed since', {}, 1e9 + 1.232, 1e9, 'as it is'],
    ['it is being written', { live: (path) => !path.endsWith('.br') }, 1e9, 1e9, 'as it is'],
    ['both are being written', { live: true }, 1e9, 1e9, 'as it is'],
  ])('%s', async (_what, options, file, stored, expected) => {
    for (const [name, text, time] of [
      ['app.log', 'as it is', file],
      ['app.log.br', 'encoded', stored],
    ] as const) {
      writeFileSync(join(logs, name), text)
      utimesSync(join(logs, name), time, time)
    }
    const handler = fileHandler(nodeDirectory(logs, { ...options, precompressed: true }))
    const headers = { 'accept-encoding': 'br' }
    const response = await handler(new Request('http://localhost/app.log', { headers }))
    expect(await response.text()).toBe(expected)
  })
})

describe('the folder of a user', () => {
  const users = join(place, 'users')
  mkdirSync(join(users, 'ann'), { recursive: true })
  mkdirSync(join(users, 'bob/films'), { recursive: true })
  writeFileSync(join(users, 'ann/own'), 'of Ann')
  writeFileSync(join(users, 'bob/films/secret'), 'of Bob')
  symlinkSync('own', join(users, 'ann/link'))
  symlinkSync('../bob/films/secret', join(users, 'ann/file-of-bob'))
  symlinkSync('../bob/films', join(users, 'ann/films'))
  symlinkSync('bob/films', join(users, 'carol'))
  symlinkSync(outside, join(users, 'dan'))

  const visit = (options: LocalOptions) => {
    const lookup = nodeDirectory(users, {
      ...options,
      index: false,
      listing: 'json',
      within: (_, user: string) => user,
    })
    return async (user: string, path: string) => {
      const response = await fileHandler(lookup)(new Request(`http://host${path}`), user)
      if (path !== '/') return [response.status, await response.text()]
      const entries: { name: string }[] = response.ok ? await response.json() : []
      return [response.status, entries.map(({ name }) => name)]
    }
  }

  it.each<[user: string, path: string, inside: unknown[], follow: unknown[]]>([
    ['ann', '/own', [200, 'of Ann'], [200, 'of Ann']],
    ['ann', '/link', [200, 'of Ann'], [200, 'of Ann']],
    ['ann', '/file-of-bob', [404, ''], [200, 'of Bob']],
    ['ann', '/films/secret', [404, ''], [200, 'of Bob']],
    ['ann', '/', [200, ['link', 'own']], [200, ['films', 'file-of-bob', 'link', 'own']]],
    ['carol', '/secret', [200, 'of Bob'], [200, 'of Bob']],
    ['dan', '/secret', [404, ''], [200, 'outside/secret']],
    ['dan', '/', [404, []], [200, ['deep', 'secret']]],
    ['eve', '/secret', [404, ''], [404, '']],
    ['eve', '/', [404, []], [404, []]],
  ])('%s asks for %s: no link leads out of it', async (user, path, inside, follow) => {
    // Whoever may follow a link at the same path first changes nothing.
    const [followed, confined] = [visit({ links: 'follow' }), visit({})]
    const whole = fileHandler(nodeDirectory(users, { index: false }))
    await (await whole(new Request(`http://host/${user}${path}`))).text()
    const found = [await followed(user, path), await confined(user, path)]
    expect([...found, await confined(user, path)]).toEqual([follow, inside, inside])
  })

  it.each<[links: LocalOptions['links'], texts: string[]]>([
    ['inside', ['of Ann']],
    ['follow', ['of Ann', 'of Bob']],
  ])('is an archive without what links lead to elsewhere; %s', async (links, texts) => {
    const within = () => 'ann'
    const handler = fileHandler(nodeDirectory(users, { links, within, download: zipFolder }))
    const response = await handler(new Request('http://host/?zip'))
    const archive = Buffer.from(await response.arrayBuffer())
    expect(['of Ann', 'of Bob'].filter((text) => archive.includes(text))).toEqual(texts)
  })
})

describe('a listing of a site', () => {
  it('has hidden files where they are found, and .well-known always', async () => {
    mkdirSync(join(root, '.well-known'))
    onTestFinished(() => rmSync(join(root, '.well-known'), { recursive: true }))
    const found = ['file', 'folder', 'folder-link', 'link']
    const hidden = ['.hidden', '.hidden-folder', '.well-known']
    expect(await names({})).toEqual(['.well-known', ...found])
    expect(await names({ dotfiles: true })).toEqual([...hidden, ...found])
  })
})

it.each([
  false,
  true,
])('a root that is gone is a failure, and no empty one; live: %j', async (live) => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const errors: string[] = []
  const home = join(place, 'home')
  mkdirSync(join(home, 'folder'), { recursive: true })
  writeFileSync(join(home, 'file'), '')
  const handler = fileHandler(nodeDirectory(home, { listing: true, live }), {
    onError: (error) => errors.push(String(error)),
  })
  const statuses = async () => {
    const answers = ['', 'file', 'other', 'folder/', '?format=json'].map((path) => {
      return handler(new Request(`http://localhost/${path}`))
    })
    return (await Promise.all(answers)).map(({ status }) => status)
  }
  expect(await statuses()).toEqual([200, 200, 404, 200, 200])
  renameSync(home, `${home}-away`)
  vi.advanceTimersByTime(1001)
  expect(await statuses()).toEqual([503, 503, 503, 503, 503])
  expect(new Set(errors)).toEqual(
    new Set([`Error: Expected a directory, found nothing at ${home}`]),
  )
  renameSync(`${home}-away`, home)
  expect(await statuses()).toEqual([200, 200, 404, 200, 200])
  rmSync(home, { recursive: true })
})

function treeOf(options: LocalOptions = {}): FileTree {
  return localTree(root, options, (handle) => fileSource(handle, {}))
}

/** The entries in the order of their names, as text. */
async function listed(tree: FileTree, path = ''): Promise<string[]> {
  const entries: string[] = []
  for await (const { name, kind, size, isLink } of tree.list?.(path) ?? []) {
    entries.push(`${name}: ${size ?? kind}${isLink ? ', link' : ''}`)
  }
  return entries.sort()
}

/** What a site of the root lists. */
async function names(options: DirectoryOptions): Promise<string[]> {
  const handler = fileHandler(nodeDirectory(root, { ...options, listing: 'json' }))
  const entries: Entry[] = await (await handler(new Request('http://localhost/'))).json()
  return entries.map(({ name }) => name).sort()
}

async function textAt(tree: FileTree, path: string): Promise<string | null> {
  const opened = await tree.open(path, request)
  if (!isFile(opened)) return null
  try {
    return Buffer.from(await readBytes(opened, 0, opened.size)).toString()
  } finally {
    await opened.close?.()
  }
}
