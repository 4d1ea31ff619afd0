import {
  copyFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { openFiles } from '../adapters/local/shared.ts'
import { crc32 } from '../adapters/made/zip/crc32.ts'
import { nodeDirectory } from '../adapters/node.ts'
import { ofStore } from '../adapters/site/views.ts'
import type { FileTree } from '../adapters/site.ts'
import { type ZipFolderOptions, zipEntry, zipFolder } from '../adapters/zip.ts'
import { SourceChangedError } from '../src/errors.ts'
import { isSource } from '../src/lookup.ts'
import { readBytes } from '../src/reader.ts'
import { onAbort } from '../src/runtime.ts'
import { fileHandler, serveFile } from '../src/serve.ts'
import type { FileSource, RequestLike } from '../src/source.ts'
import { type CountingSource, countingSource, someBytes } from './support/counting-source.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { settle, until } from './support/wait.ts'

/** A tree in memory, of the files at these paths and the folders that they are in. */
interface MemoryTree extends FileTree {
  readonly files: Map<string, Uint8Array>
  readonly opened: CountingSource[]
  readonly requests: RequestLike[]
}

function memoryTree(...paths: string[]): MemoryTree {
  const files = new Map(paths.map((path, i) => [path, someBytes(100 + i, i)] as const))
  const opened: CountingSource[] = []
  const requests: RequestLike[] = []
  return {
    files,
    opened,
    requests,
    open(path, request) {
      requests.push(request)
      const bytes = files.get(path)
      if (bytes === undefined) return path.includes('link') ? null : 'directory'
      const source = countingSource(bytes, {
        etag: `"${bytes.length}"`,
        lastModified: new Date(1e9),
      })
      opened.push(source)
      return source
    },
    async *list(path) {
      const prefix = path === '' ? '' : `${path}/`
      const names = [...files.keys(), 'films/link'].filter((each) => each.startsWith(prefix))
      const entries = new Map(
        names.map((each) => {
          const [name = '', ...below] = each.slice(prefix.length).split('/')
          return [name, below.length > 0 ? 'directory' : 'file'] as const
        }),
      )
      // In any order.
      for (const [name, kind] of [...entries].reverse()) {
        const size = files.get(prefix + name)?.length
        yield kind === 'file' ? { name, kind, size, lastModified: DATE } : { name, kind }
      }
    },
  }
}

const DATE = new Date(1e9)
const PATHS = [
  'a.txt',
  'films/b.mp4',
  'films/a.mp4',
  'films/deep/er/c.mp4',
  'films2/d.mp4',
] as const

const request = new Request('http://localhost/films/?zip')

async function namesIn(archive: FileSource): Promise<string[]> {
  const bytes = Buffer.from(await readBytes(archive, 0, archive.size))
  const names: string[] = []
  for (let at = bytes.indexOf('PK\x01\x02', 0, 'latin1'); at >= 0; ) {
    names.push(bytes.toString('utf8', at + 46, at + 46 + bytes.readUInt16LE(at + 28)))
    at = bytes.indexOf('PK\x01\x02', at + 46, 'latin1')
  }
  return names
}

describe('a folder as an archive', () => {
  it.each([
    ['films', ['a.mp4', 'b.mp4', 'deep/', 'deep/er/', 'deep/er/c.mp4']],
    ['films/', ['a.mp4', 'b.mp4', 'deep/', 'deep/er/', 'deep/er/c.mp4']],
    ['films/deep/er', ['c.mp4']],
    [
      '',
      [
        'a.txt',
        'films/',
        'films/a.mp4',
        'films/b.mp4',
        'films/deep/',
        'films/deep/er/',
        'films/deep/er/c.mp4',
        'films2/',
        'films2/d.mp4',
      ],
    ],
    ['films2/none', []],
  ])('%s has what is below it, by name, and what can be opened', async (path, names) => {
    const tree = memoryTree(...PATHS)
    const archive = await zipFolder(tree, path, request)
    expect(await namesIn(archive)).toEqual(names)
    await archive.close?.()
    expect(tree.opened.map(({ closes }) => closes)).toEqual(tree.opened.map(() => 1))
  })

  it('has the bytes of its files', async () => {
    const tree = memoryTree(...PATHS)
    const archive = await zipFolder(tree, 'films', request)
    const found = await zipEntry(archive, 'deep/er/c.mp4', request)
    if (found === null || !isSource(found)) throw new Error('Expected a source')
    const expected = tree.files.get('films/deep/er/c.mp4') ?? new Uint8Array(0)
    expect(Buffer.compare(await readBytes(found, 0, found.size), expected)).toBe(0)
  })

  it.each<[path: string, options: ZipFolderOptions, disposition: string]>([
    ['films', {}, 'attachment; filename="films.zip"'],
    ['', {}, 'attachment; filename="files.zip"'],
    ['films/deep/er/', {}, 'attachment; filename="er.zip"'],
    [
      'films',
      { filename: `Ä "1"'.zip` },
      `attachment; filename="A _1_'.zip"; filename*=UTF-8''%C3%84%20%221%22%27.zip`,
    ],
    ['films', { headers: { 'Content-Disposition': 'inline' } }, 'inline'],
  ])('%s is saved under a name: %j', async (path, options, disposition) => {
    const archive = await zipFolder(memoryTree(...PATHS), path, request, options)
    const { headers } = await serveFile(request, archive)
    expect([headers.get('content-type'), headers.get('content-disposition')]).toEqual([
      'application/zip',
      disposition,
    ])
  })

  it('reads what a checksum is made of once for all archives of a tree', async () => {
    const tree = memoryTree(...PATHS)
    const first = await zipFolder(tree, 'films', request)
    await readBytes(first, 0, first.size)
    tree.opened.length = 0
    const all = await zipFolder(tree, '', request)
    // Its central directory, and the end of the last file.
    await readBytes(all, all.size - 580, all.size)
    const read = tree.opened.filter(({ reads }) => reads.length > 0).map(({ size }) => size)
    expect(new Set(read)).toEqual(new Set([100, 104]))
  })

  it('opens no file to learn its version that is listed as it was', async () => {
    const tree = memoryTree(...PATHS)
    const sizes = async () => {
      tree.opened.length = 0
      const archive = await zipFolder(tree, 'films', request)
      return [archive.etag, ...tree.opened.map(({ size }) => size)]
    }
    const [tag, ...learned] = await sizes()
    expect(learned.sort()).toEqual([101, 102, 103])
    expect(await sizes()).toEqual([tag])
    tree.files.set('films/a.mp4', someBytes(1000))
    expect(await sizes()).toEqual([expect.not.stringMatching(String(tag)), 1000])
  })

  it('breaks off where a file changed that is listed as it was, and knows better then', async () => {
    const tree = memoryTree('films/a.mp4')
    const first = await zipFolder(tree, 'films', request)
    await readBytes(first, 0, first.size)
    const { open } = tree
    const changed = countingSource(someBytes(100, 9), { etag: '"changed"' })
    const openChanged: FileTree['open'] = (path, request) =>
      path === 'films/a.mp4' ? changed : open(path, request)
    Object.assign(tree, { open: openChanged })
    const second = await zipFolder(tree, 'films', request)
    expect(second.etag).toBe(first.etag)
    await expect(readBytes(second, 0, second.size)).rejects.toThrow(SourceChangedError)
    const third = await zipFolder(tree, 'films', request)
    expect(third.etag).not.toBe(first.etag)
    expect((await readBytes(third, 0, third.size)).length).toBe(third.size)
  })

  it('takes no file for another one, of the same name below another folder', async () => {
    const tree = memoryTree('one/a', 'two/a')
    tree.files.set('two/a', someBytes(100, 9))
    for (const folder of ['one', 'two']) {
      const archive = await zipFolder(tree, folder, request)
      const bytes = Buffer.from(await readBytes(archive, 0, archive.size))
      expect(bytes.readUInt32LE(14)).toBe(crc32(tree.files.get(`${folder}/a`) ?? bytes))
    }
  })

  it('asks for files, without what the client wants of the archive', async () => {
    const tree = memoryTree(...PATHS)
    const headers = { range: 'bytes=0-9', 'if-range': '"a"', authorization: 'Basic YQ==' }
    await zipFolder(tree, 'films', new Request(request, { headers }))
    const asked = tree.requests.map(({ method, headers }) => [
      method,
      headers.get('Range'),
      headers.get('If-Range'),
      headers.get('Authorization'),
    ])
    expect(asked).toEqual(asked.map(() => ['HEAD', null, null, 'Basic YQ==']))
    expect(asked.length).toBeGreaterThan(0)
  })

  it('has another tag when a file of it changes, comes or goes', async () => {
    const tags: unknown[] = []
    const tree = memoryTree(...PATHS)
    const note = async () => tags.push((await zipFolder(tree, 'films', request)).etag)
    await note()
    await note()
    tree.files.set('films/a.mp4', someBytes(1000))
    await note()
    tree.files.set('films/z.mp4', someBytes(10))
    await note()
    tree.files.delete('films/b.mp4')
    await note()
    expect(new Set(tags).size).toBe(4)
    expect(tags[0]).toBe(tags[1])
    expect(tags[0]).toMatch(/^"[\da-f]{32}"$/)
  })

  describe('that several ask for at the same time', () => {
    /** A tree whose root is listed when it is told to. */
    function gatedTree() {
      const tree = memoryTree('a.txt', 'films/b.mp4')
      const { list } = tree
      let listings = 0
      let listOn: () => void = () => {}
      const gate = new Promise<void>((resolve) => (listOn = resolve))
      const gated: MemoryTree = {
        ...tree,
        async *list(path) {
          listings++
          yield* list?.(path) ?? []
          await gate
        },
      }
      return { tree: gated, listOn, listings: () => listings }
    }

    const hangingUp = () => {
      const client = new AbortController()
      return { client, request: new Request(request, { signal: client.signal }) }
    }

    it('is looked through once, and opened by each for itself', async () => {
      const { tree, listOn, listings } = gatedTree()
      const users = ['Basic YQ==', 'Basic Yg==']
      const asking = users.map((authorization) =>
        zipFolder(tree, '', new Request(request, { headers: { authorization } })),
      )
      listOn()
      const archives = await Promise.all(asking)
      expect([listings(), new Set(archives.map(({ etag }) => etag)).size]).toEqual([2, 1])
      for (const [i, archive] of archives.entries()) {
        tree.requests.length = 0
        await readBytes(archive, 0, archive.size)
        const asked = tree.requests.map(({ headers }) => headers.get('authorization'))
        expect(new Set(asked)).toEqual(new Set([users[i]]))
      }
    })

    it('is looked through to its end while one of them waits', async () => {
      const { tree, listOn, listings } = gatedTree()
      const [first, second] = [hangingUp(), hangingUp()]
      const refused = zipFolder(tree, '', first.request)
      const given = zipFolder(tree, '', second.request)
      first.client.abort()
      await expect(refused).rejects.toThrow(/abort/)
      listOn()
      expect([(await given).size > 0, listings()]).toEqual([true, 2])
    })

    it('is looked through no longer once the last of them is gone', async () => {
      const { tree, listOn, listings } = gatedTree()
      const clients = [hangingUp(), hangingUp()]
      const refused = clients.map(({ request }) => zipFolder(tree, '', request))
      for (const { client } of clients) client.abort()
      for (const each of refused) await expect(each).rejects.toThrow(/abort/)
      listOn()
      await settle()
      expect(listings()).toBe(1)
      // Who comes later begins anew.
      expect((await zipFolder(tree, '', request)).size).toBeGreaterThan(0)
    })
  })

  it('opens each file with a signal of its own: Node 20 warns of more than ten for one', async () => {
    const tree = memoryTree(...Array.from({ length: 20 }, (_, i) => `${i}.txt`))
    const client = new AbortController()
    const warnings: unknown[] = []
    const warn = (warning: unknown) => void warnings.push(`${warning}`)
    process.on('warning', warn)
    onTestFinished(() => void process.off('warning', warn))
    let [opening, aborted] = [0, 0]
    const open: FileTree['open'] = (_path, { signal }) => {
      opening++
      return new Promise((_, reject) => {
        onAbort(signal, () => {
          aborted++
          reject(signal?.reason)
        })
      })
    }
    const hungUp = new Request(request, { signal: client.signal })
    const refused = expect(zipFolder({ ...tree, open }, '', hungUp)).rejects.toThrow(/abort/)
    await until(() => opening > 10)
    client.abort()
    await refused
    await settle()
    expect([warnings, aborted]).toEqual([[], opening])
  })

  it('opens no file that is listed with its version, before its bytes are needed', async () => {
    const tree = memoryTree('films/a.mp4', 'films/b.mp4')
    const { open, list } = tree
    const versions = new Map([['films/a.mp4', '"one"']])
    const versioned: FileTree = {
      open: async (path, request) => {
        const opened = await open(path, request)
        return opened instanceof Object ? { ...opened, version: versions.get(path) } : opened
      },
      async *list(path) {
        for await (const entry of list?.(path) ?? []) {
          yield { ...entry, version: versions.get(`${path}/${entry.name}`) }
        }
      },
    }
    const tagAndSizes = async () => {
      tree.opened.length = 0
      const archive = await zipFolder(versioned, 'films', request)
      const sizes = tree.opened.map(({ size }) => size)
      await readBytes(archive, 0, archive.size)
      return [archive.etag, ...sizes]
    }
    const [tag, ...sizes] = await tagAndSizes()
    expect(sizes).toEqual([101])
    versions.set('films/a.mp4', '"two"')
    expect(await tagAndSizes()).toEqual([expect.not.stringMatching(String(tag))])
  })

  it('breaks off where a listing names another version than is opened, and asks then', async () => {
    const tree = memoryTree('films/a.mp4')
    const { list } = tree
    const lying: FileTree = {
      ...tree,
      async *list(path) {
        for await (const entry of list?.(path) ?? []) yield { ...entry, version: '"another"' }
      },
    }
    const first = await zipFolder(lying, 'films', request)
    await expect(readBytes(first, 0, first.size)).rejects.toThrow(SourceChangedError)
    const second = await zipFolder(lying, 'films', request)
    expect((await readBytes(second, 0, second.size)).length).toBe(second.size)
  })

  it('opens what failed once before the next archive, and no more where it is as listed', async () => {
    const tree = memoryTree('films/a.mp4')
    async function* list() {
      yield { name: 'a.mp4', kind: 'file', size: 100, version: '"100"' } as const
    }
    let isDown = false
    const open: FileTree['open'] = (path, request) => {
      if (isDown) throw new Error('It is down')
      return tree.open(path, request)
    }
    const listed = { open, list }
    const opensToPlan = async () => {
      const before = tree.opened.length
      await zipFolder(listed, 'films', request)
      return tree.opened.length - before
    }
    const archive = await zipFolder(listed, 'films', request)
    isDown = true
    await expect(readBytes(archive, 0, archive.size)).rejects.toThrow('It is down')
    isDown = false
    expect([await opensToPlan(), await opensToPlan(), await opensToPlan()]).toEqual([1, 0, 0])
  })

  it('opens a file for each archive whose version is listed wrongly, without a date', async () => {
    const tree = memoryTree('films/a.mp4')
    async function* list() {
      yield { name: 'a.mp4', kind: 'file', size: 100, version: '"another"' } as const
    }
    const lying = { ...tree, list }
    const first = await zipFolder(lying, 'films', request)
    await expect(readBytes(first, 0, first.size)).rejects.toThrow(SourceChangedError)
    for (let i = 0; i < 3; i++) {
      const archive = await zipFolder(lying, 'films', request)
      expect((await readBytes(archive, 0, archive.size)).length).toBe(archive.size)
    }
  })

  it.each([
    'W/"weak"',
    'unquoted',
    '',
  ])('learns what is listed with %j for its version', async (version) => {
    const tree = memoryTree('films/a.mp4')
    const { list } = tree
    const told: FileTree = {
      ...tree,
      async *list(path) {
        for await (const entry of list?.(path) ?? []) yield { ...entry, version }
      },
    }
    const archive = await zipFolder(told, 'films', request)
    expect((await readBytes(archive, 0, archive.size)).length).toBe(archive.size)
    expect(archive.etag).toMatch(/^"/)
  })

  it('knows what it read of a store, whatever tree of it is made for one request', async () => {
    const tree = memoryTree('films/a.mp4', 'other/a.mp4')
    const archiveOf = async (path: string) => {
      const made = ofStore({ open: tree.open, list: tree.list }, tree, 'here/')
      const archive = await zipFolder(made, path, request)
      await readBytes(archive, 0, archive.size)
      const reads = tree.opened.map(({ reads }) => reads.length)
      tree.opened.length = 0
      return reads
    }
    // For its version, for its checksum, and for its bytes.
    expect(await archiveOf('films')).toEqual([0, 1, 1])
    expect(await archiveOf('films')).toEqual([0, 1])
    expect(await archiveOf('other')).toEqual([0, 1, 1])
  })

  it('is refused, if it can not be listed or holds too much', async () => {
    const { open } = memoryTree(...PATHS)
    await expect(zipFolder({ open }, 'films', request)).rejects.toThrow(TypeError)
    const tree = memoryTree(...PATHS)
    await expect(zipFolder(tree, '', request, { maxMembers: 8 })).rejects.toThrow(RangeError)
    expect((await zipFolder(tree, '', request, { maxMembers: 9 })).size).toBeGreaterThan(0)
  })
})

describe('what may not be read', () => {
  /** A tree with a folder and a file of which the system says only that they are there. */
  function guarded(code: string): FileTree {
    const tree = memoryTree('a.txt', 'lost+found/b', 'secret', 'z.txt')
    const fail = () => {
      throw Object.assign(new Error(`${code}: denied`), { code })
    }
    return {
      open: (path, request) => (path === 'secret' ? fail() : tree.open(path, request)),
      list: (path) => (path === 'lost+found' ? fail() : (tree.list?.(path) ?? fail())),
    }
  }

  it('fails the archive, which would lack it', async () => {
    await expect(zipFolder(guarded('EACCES'), '', request)).rejects.toThrow('EACCES')
  })

  it.each([
    'EACCES',
    'EPERM',
    'EBUSY',
  ])('is left out where somebody is told of it: %s', async (code) => {
    const [left, alike]: unknown[][] = [[], []]
    const tellingIn = (told: unknown[] | undefined) => ({
      onLeftOut: (path: string, error: unknown) => told?.push(path, String(error)),
    })
    const tree = guarded(code)
    // Whoever is not told gets none of it, though all ask at the same time.
    const [archive, untold] = await Promise.allSettled([
      zipFolder(tree, '', request, tellingIn(left)),
      zipFolder(tree, '', request),
      zipFolder(tree, '', request, tellingIn(alike)),
    ])
    if (archive.status === 'rejected') throw archive.reason
    const { size } = archive.value
    expect((await readBytes(archive.value, 0, size)).length).toBe(size)
    expect(await namesIn(archive.value)).toEqual(['a.txt', 'films/', 'z.txt'])
    expect([left?.toSorted(), alike, untold.status]).toEqual([
      [`Error: ${code}: denied`, `Error: ${code}: denied`, 'lost+found', 'secret'],
      left,
      'rejected',
    ])
  })

  it('is seen at the next archive, where it was read for the one before', async () => {
    const tree = memoryTree('a.txt', 'b.txt')
    let isForbidden = false
    const open: FileTree['open'] = (path, request) => {
      if (isForbidden && path === 'b.txt') throw Object.assign(new Error(), { code: 'EACCES' })
      return tree.open(path, request)
    }
    const options = { onLeftOut: () => {} }
    const whole = { ...tree, open }
    const archive = await zipFolder(whole, '', request, options)
    isForbidden = true
    await expect(readBytes(archive, 0, archive.size)).rejects.toThrow()
    expect(await namesIn(await zipFolder(whole, '', request, options))).toEqual(['a.txt', 'films/'])
  })

  it('is seen at the next archive, where its version was listed all the same', async () => {
    const tree = guarded('EACCES')
    async function* list() {
      yield { name: 'a.txt', kind: 'file', size: 100, version: '"100"' } as const
      yield { name: 'secret', kind: 'file', size: 101, version: '"101"' } as const
    }
    const listed = { ...tree, list }
    const left: string[] = []
    const options = { onLeftOut: (path: string) => left.push(path) }
    const archive = await zipFolder(listed, '', request, options)
    await expect(readBytes(archive, 0, archive.size)).rejects.toThrow('EACCES')
    const next = await zipFolder(listed, '', request, options)
    expect([await namesIn(next), left]).toEqual([['a.txt'], ['secret']])
  })

  it('is not what only failed', async () => {
    const onLeftOut = () => {}
    await expect(zipFolder(guarded('EIO'), '', request, { onLeftOut })).rejects.toThrow('EIO')
  })

  it('is not the folder itself', async () => {
    const onLeftOut = () => {}
    const asked = zipFolder(guarded('EACCES'), 'lost+found', request, { onLeftOut })
    await expect(asked).rejects.toThrow('EACCES')
  })
})

describe('?zip of a directory', () => {
  const directory = temporaryDirectory()
  const handler = fileHandler(nodeDirectory(directory, { download: zipFolder, keepOpen: 0 }))

  it('has what is served of it: no hidden file, and no link that leads out, or up', async () => {
    rmSync(join(directory, 'films'), { recursive: true, force: true })
    mkdirSync(join(directory, 'films/.git/objects'), { recursive: true })
    mkdirSync(join(directory, 'films/extras'))
    for (const path of [
      'films/a.mp4',
      'films/.hidden',
      'films/.git/config',
      'films/extras/b.mp4',
    ]) {
      writeFileSync(join(directory, path), path)
      utimesSync(join(directory, path), 1e9, 1e9)
    }
    symlinkSync('/etc/passwd', join(directory, 'films/out.txt'))
    symlinkSync('a.mp4', join(directory, 'films/c.mp4'))
    symlinkSync('..', join(directory, 'films/extras/loop'))
    const response = await handler(new Request('http://localhost/films/extras/../?zip'))
    const { status, headers } = response
    const bytes = await response.bytes()
    const archive = {
      size: bytes.length,
      read: (start: number, end: number) => bytes.subarray(start, end),
    }
    const names = await namesIn(archive)
    expect([status, headers.get('content-disposition')]).toEqual([
      200,
      'attachment; filename="films.zip"',
    ])
    expect(names).toEqual(['a.mp4', 'c.mp4', 'extras/', 'extras/b.mp4'])
  })

  it('has what is being written, too, as it is then', async () => {
    const lookup = nodeDirectory(directory, {
      download: zipFolder,
      live: (path) => path === 'films/a.mp4',
    })
    // Until then, no look tells a version of it.
    const { ctimeMs } = statSync(join(directory, 'films/a.mp4'))
    await until(() => Date.now() - ctimeMs > 100)
    const response = await fileHandler(lookup)(new Request('http://localhost/films/?zip'))
    const bytes = Buffer.from(await response.bytes())
    expect([response.status, response.headers.get('etag')]).toEqual([200, null])
    expect(bytes.includes('films/a.mp4')).toBe(true)
  })

  it('opens what is needed, and no more, and has another tag after each change', async () => {
    const handler = fileHandler(nodeDirectory(directory, { download: zipFolder, keepOpen: 0 }))
    const path = join(directory, 'films/a.mp4')
    // Another version: of that before, the checksum may be known.
    utimesSync(path, 1e9, 1e9)
    // Until then, it may change without its time changing.
    await until(() => Date.now() - statSync(path).ctimeMs > 100)
    const ask = async (range: string) => {
      const response = await handler(
        new Request('http://localhost/films/?zip', { headers: { range } }),
      )
      return { tag: response.headers.get('etag'), bytes: await response.bytes() }
    }
    const opens = vi.spyOn(openFiles, 'find')
    const { tag } = await ask('bytes=0-9')
    expect([tag?.startsWith('"'), opens.mock.calls.map(([, path]) => path)]).toEqual([
      true,
      ['films', 'films/a.mp4'],
    ])
    opens.mockRestore()
    // The same size and time.
    copyFileSync(path, `${path}.next`)
    writeFileSync(`${path}.next`, 'FILMS/A.MP4')
    utimesSync(`${path}.next`, 1e9, 1e9)
    renameSync(`${path}.next`, path)
    const changed = await ask('bytes=0-99')
    expect(changed.tag).not.toBe(tag)
    expect(Buffer.from(changed.bytes).includes('FILMS/A.MP4')).toBe(true)
  })
})
