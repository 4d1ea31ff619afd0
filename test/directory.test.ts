import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { bunDirectory, bunFile } from '../adapters/bun.ts'
import { denoDirectory, denoFile } from '../adapters/deno.ts'
import { openFiles } from '../adapters/local/shared.ts'
import { type DirectoryOptions, nodeDirectory, nodeFile } from '../adapters/node.ts'
import { SourceChangedError } from '../src/errors.ts'
import type { FileLookup } from '../src/lookup.ts'
import type { FileSource } from '../src/source.ts'
import { checksum } from './support/entity-tag.ts'
import { sourceOf } from './support/found.ts'
import { canCountHandles, openHandles } from './support/handles.ts'
import { temporaryDirectory } from './support/temporary.ts'

const place = temporaryDirectory()
const root = join(place, 'root')
const outside = join(place, 'outside')
const socket = createServer()

const NAMES = [
  'film.mp4',
  'a b.mp4',
  ' leading and trailing ',
  '100%.mp4',
  '%41.mp4',
  '%2e%2e',
  'a#b.mp4',
  'a?b.mp4',
  'a&b=c+d.mp4',
  "it's.mp4",
  '"quoted".mp4',
  'a;b,c.mp4',
  'a:b|c<d>*.mp4',
  '[a]{b}^`.mp4',
  '\u00e9-nfc.mp4',
  'e\u0301-nfd.mp4',
  '\u{1f3ac} film.mp4',
  '\u65e5\u672c\u8a9e.mp4',
  '\u202eright-to-left.mp4',
  'line\nbreak.mp4',
  'tab\there.mp4',
  '-rf',
  'CON',
  'a..b',
  'dots..',
  'x'.repeat(255),
  '.well-known/security.txt',
  'deep/er/film.mp4',
  'deep/sp ace/film.mp4',
  'constructor',
  '__proto__',
]

beforeAll(async () => {
  for (const name of NAMES) put(join(root, name), `at ${name}`)
  for (const name of ['.env', '.git/config', 'deep/.hidden', '.well-known/.x']) {
    put(join(root, name), 'hidden')
  }
  put(join(outside, 'secret.txt'), 'secret')
  put(`${root}-beside/secret.txt`, 'secret')
  put(join(root, 'empty'), '')
  const links: [string, string][] = [
    ['inside', 'film.mp4'],
    ['inside-absolute', join(root, 'film.mp4')],
    ['deep/up', '../film.mp4'],
    ['by-directory', 'deep/er'],
    ['twice', 'inside'],
    ['to-hidden', '.env'],
    ['out', join(outside, 'secret.txt')],
    ['out-relative', relative(root, join(outside, 'secret.txt'))],
    ['out-and-in', '../outside/../root/film.mp4'],
    ['out-by-directory', outside],
    ['out-twice', 'out'],
    ['beside', `../root-beside/secret.txt`],
    ['parent', '..'],
    ['itself', '.'],
    ['loop', 'loop'],
    ['loop-a', 'loop-b'],
    ['loop-b', 'loop-a'],
    ['dangling', 'no-such-file'],
    ['device', '/dev/zero'],
    ['null', '/dev/null'],
    ['standard-input', '/dev/stdin'],
    ['process', '/proc/self/environ'],
  ]
  for (const [name, target] of links) symlinkSync(target, join(root, name))
  execFileSync('mkfifo', [join(root, 'fifo')])
  await new Promise<void>((resolve) => socket.listen(join(root, 'socket'), resolve))
})

afterAll(() => new Promise((resolve) => socket.close(resolve)))

describe('nodeDirectory', () => {
  it.each(NAMES)('finds %j', async (name) => {
    expect(await contentOf(nodeDirectory(root), urlOf(name))).toBe(`at ${name}`)
  })

  it('finds an empty file', async () => {
    expect(await contentOf(nodeDirectory(root), '/empty')).toBe('')
  })

  it.each([
    ['/inside', 'at film.mp4'],
    ['/inside-absolute', 'at film.mp4'],
    ['/deep/up', 'at film.mp4'],
    ['/by-directory/film.mp4', 'at deep/er/film.mp4'],
    ['/twice', 'at film.mp4'],
    ['/out-and-in', 'at film.mp4'],
    ['/parent/root/film.mp4', 'at film.mp4'],
    ['/itself/itself/film.mp4', 'at film.mp4'],
    // Whoever puts a link in plain sight means it to be seen.
    ['/to-hidden', 'hidden'],
  ])('follows a link that ends inside: %s', async (url, content) => {
    expect(await contentOf(nodeDirectory(root), url)).toBe(content)
  })

  it.each([
    ['a link out', '/out'],
    ['a relative link out', '/out-relative'],
    ['a link to a link out', '/out-twice'],
    ['a link to a directory beside, of a longer name', '/beside'],
    ['a directory out there', '/out-by-directory'],
    ['what is below a link out', '/out-by-directory/secret.txt'],
    ['what is below a link to the parent', '/parent/outside/secret.txt'],
    ['the root by way of its parent', '/parent/root'],
    ['a loop', '/loop'],
    ['a loop of two', '/loop-a'],
    ['what is below a loop', '/loop/film.mp4'],
    ['a dangling link', '/dangling'],
    ['the root', '/'],
    ['a directory', '/deep'],
    ['a directory, with its slash', '/deep/'],
    ['a directory by a link', '/by-directory'],
    ['a link to the root', '/itself'],
    ['a file with a slash', '/film.mp4/'],
    ['what is below a file', '/film.mp4/x'],
    ['a name that is not there', '/no-such-file'],
    ['a name of another case', '/FILM.MP4'],
    ['another form of Unicode', '/e%CC%81-nfc.mp4'],
    ['a name too long', `/${'x'.repeat(256)}`],
    ['a path too long', `/${'x/'.repeat(4000)}x`],
    ['a FIFO', '/fifo'],
    ['a socket', '/socket'],
    ['a device', '/device'],
    ['/dev/null', '/null'],
    ['standard input', '/standard-input'],
    ["this process's environment", '/process'],
    ['a hidden file', '/.env'],
    ['what is in a hidden directory', '/.git/config'],
    ['a hidden file further down', '/deep/.hidden'],
    ['a hidden file in .well-known', '/.well-known/.x'],
    ['.well-known itself', '/.well-known'],
    ['a file outside', '/../outside/secret.txt'],
    ['a file outside, encoded', '/..%2foutside%2fsecret.txt'],
    ['a file outside, by bytes of overlong UTF-8', '/%C0%AE%C0%AE/outside/secret.txt'],
    ['a file beside', '/../root-beside/secret.txt'],
    ['an absolute path', join(outside, 'secret.txt')],
    ['an absolute path, encoded', `/${encodeURIComponent(join(outside, 'secret.txt'))}`],
    ['an absolute path behind a slash', `/${join(outside, 'secret.txt')}`],
    ['a name with NUL', '/film.mp4%00'],
    ['a bad escape', '/film%'],
  ])('does not find %s, and leaves nothing open', async (_what, url) => {
    expect(await look(nodeDirectory(root), url)).toBe(null)
    openFiles.closeIdle()
    if (canCountHandles) expect(openHandles(place)).toBe(0)
  })

  it.each<[string, DirectoryOptions, string, string | null]>([
    ['below it', { base: '/media/' }, '/media/deep/er/film.mp4', 'at deep/er/film.mp4'],
    ['outside of it', { base: '/media/' }, '/film.mp4', null],
    ['itself', { base: '/media/' }, '/media/', null],
    ['above it', { base: '/media/' }, '/media/../film.mp4', null],
  ])('mounted at a base, finds what is %s', async (_where, options, url, content) => {
    expect(await contentOf(nodeDirectory(root, options), url)).toBe(content)
  })

  it('gives its headers to every file', async () => {
    const headers = { 'Cache-Control': 'max-age=60' }
    const file = await look(nodeDirectory(root, { headers }), '/film.mp4')
    await file?.close?.()
    const fields = { 'cache-control': 'max-age=60' }
    expect({ headers: file?.headers, type: file?.type }).toEqual({
      headers: fields,
      type: 'video/mp4',
    })
  })

  it('takes its root, and a file its path, as a URL too', async () => {
    const url = pathToFileURL(root)
    expect(await contentOf(nodeDirectory(url), '/film.mp4')).toBe(
      await contentOf(nodeDirectory(root), '/film.mp4'),
    )
    const file = await nodeFile(new URL(`${url}/film.mp4`))
    expect(file?.type).toBe('video/mp4')
    await file?.close?.()
  })

  it('finds files by a relative root', async () => {
    const home = process.cwd()
    const lookup = nodeDirectory(relative(home, root))
    onTestFinished(() => process.chdir(home))
    process.chdir('/')
    expect(await contentOf(lookup, '/film.mp4')).toBe('at film.mp4')
  })

  it('takes no URL that names no file for a file that is called null', async () => {
    put(join(place, 'nulls', 'null'), 'x')
    expect(await contentOf(nodeDirectory(join(place, 'nulls')), '/.env')).toBe(null)
  })

  it('asks again after a second whether a file is inside', async () => {
    const home = join(place, 'moving')
    put(join(home, 'folder', 'name'), 'x')
    const lookup = nodeDirectory(home)
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    expect(await contentOf(lookup, '/folder/name')).toBe('x')
    // The same file, by a link that leads out.
    renameSync(join(home, 'folder'), join(outside, 'moved'))
    symlinkSync(join(outside, 'moved'), join(home, 'folder'))
    vi.advanceTimersByTime(1001)
    expect(await contentOf(lookup, '/folder/name')).toBe(null)
  })

  it('takes no file outside for the one inside whose inode it got', async () => {
    const home = join(place, 'inodes')
    put(join(home, 'name'), 'inside')
    const lookup = nodeDirectory(home, { keepOpen: 0 })
    const secret = join(outside, 'reused')
    const link = join(home, 'name')
    for (let i = 0; i < 20; i++) {
      rmSync(link)
      rmSync(secret, { force: true })
      put(link, 'inside')
      expect(await contentOf(lookup, '/name')).toBe('inside')
      rmSync(link)
      put(secret, 'secret')
      symlinkSync(secret, link)
      expect(await contentOf(lookup, '/name')).toBe(null)
    }
  })

  it('finds files of the root of all', async () => {
    const lookup = nodeDirectory('/')
    expect(await contentOf(lookup, join(root, 'film.mp4'))).toBe('at film.mp4')
    expect(await contentOf(lookup, join(root, 'out'))).toBe('secret')
  })

  it('follows a root that is a link, and that is turned to the next release', async () => {
    for (const release of ['one', 'two']) put(join(place, release, 'name'), release)
    const current = join(place, 'current')
    symlinkSync('one', current)
    const lookup = nodeDirectory(current)
    expect(await contentOf(lookup, '/name')).toBe('one')
    turn(current, 'two')
    expect(await contentOf(lookup, '/name')).toBe('two')
    turn(current, 'one')
    expect(await contentOf(lookup, '/name')).toBe('one')
    // What is outside stays outside, wherever the root is turned, even what was inside before.
    symlinkSync(join(outside, 'secret.txt'), join(place, 'two', 'out'))
    symlinkSync(join(place, 'one', 'name'), join(place, 'two', 'back'))
    turn(current, 'two')
    expect(await contentOf(lookup, '/back')).toBe(null)
    expect(await contentOf(lookup, '/out')).toBe(null)
  })

  it('fails while the root is gone, and finds again when it is back', async () => {
    const home = join(place, 'home')
    put(join(home, 'name'), 'here')
    const lookup = nodeDirectory(home)
    renameSync(home, `${home}-away`)
    await expect(contentOf(lookup, '/name')).rejects.toThrow(`found nothing at ${home}`)
    renameSync(`${home}-away`, home)
    expect(await contentOf(lookup, '/name')).toBe('here')
  })

  it('notices a file that is replaced by a link out', async () => {
    const path = join(root, 'changing')
    put(path, 'fine')
    const lookup = nodeDirectory(root)
    expect(await contentOf(lookup, '/changing')).toBe('fine')
    rmSync(path)
    symlinkSync(join(outside, 'secret.txt'), path)
    expect(await contentOf(lookup, '/changing')).toBe(null)
  })

  it('takes no file outside for the one inside that changed at the same time', async () => {
    const home = join(place, 'alike')
    const [inside, secret, link] = [join(home, 'name'), join(outside, 'alike'), join(home, 'link')]
    put(inside, 'inside')
    put(secret, 'secret')
    const isAlike = () => statSync(inside).ctimeMs === statSync(secret).ctimeMs
    for (let i = 0; i < 1000 && !isAlike(); i++) {
      for (const path of [inside, secret]) chmodSync(path, 0o644)
    }
    symlinkSync(inside, link)
    const lookup = nodeDirectory(home, { keepOpen: 0 })
    expect(await contentOf(lookup, '/link')).toBe('inside')
    turn(link, secret)
    expect(await contentOf(lookup, '/link')).toBe(null)
  })

  it('never gives what is outside while a link is turned in and out', async () => {
    const path = join(root, 'turning')
    symlinkSync(join(root, 'film.mp4'), path)
    const turning = new Worker(TURN, {
      eval: true,
      workerData: { path, targets: [join(outside, 'secret.txt'), join(root, 'film.mp4')] },
    })
    await new Promise((resolve) => turning.once('message', resolve))
    const lookup = nodeDirectory(root)
    const seen = new Set<string | null>()
    // It says so, when the link was turned each time that it opened the file.
    const busy = (error: unknown) => (error instanceof SourceChangedError ? null : String(error))
    for (let i = 0; i < 2000; i++) seen.add(await contentOf(lookup, '/turning').catch(busy))
    await turning.terminate()
    seen.delete(null)
    expect([...seen]).toEqual(['at film.mp4'])
  })

  it.runIf(canCountHandles)('gives no file but the one at the path that it checked', async () => {
    const home = join(place, 'removed')
    put(join(home, 'name'), 'old')
    const fd = openSync(join(home, 'name'), 'r')
    rmSync(join(home, 'name'))
    // What Linux says of the path of the removed one, which this link still opens.
    put(join(home, 'name (deleted)'), 'new')
    symlinkSync(`/proc/self/fd/${fd}`, join(home, 'link'))
    expect(await contentOf(nodeDirectory(home), '/link')).toBe(null)
    closeSync(fd)
  })

  it.each([
    ['nothing', 'no-such-directory'],
    ['a file', 'root/film.mp4'],
    ['a FIFO', 'root/fifo'],
    ['a dangling link', 'root/dangling'],
  ])('refuses a root that is %s', (_what, path) => {
    expect(() => nodeDirectory(join(place, path))).toThrow(TypeError)
  })

  it.each(['media', '/media', 'media/', ''])('refuses a base without slashes: %j', (base) => {
    expect(() => nodeDirectory(root, { base })).toThrow(TypeError)
  })

  it.each([
    { 'a b': 'c' },
    { a: 'b\nc' },
    { a: 'b\u0001' },
  ])('refuses the fields %j', async (headers) => {
    expect(() => nodeDirectory(root, { headers })).toThrow(TypeError)
    await expect(nodeFile(join(root, 'film.mp4'), { headers })).rejects.toThrow(TypeError)
  })

  it.each([
    '""',
    'null',
  ])('refuses %s for a root, such as of a variable that is not set', (given) => {
    const path = JSON.parse(given)
    const message = `Expected the path of a directory, got '${path}'`
    expect(() => nodeDirectory(path)).toThrow(new TypeError(message))
  })

  it('says why a root can not be had', () => {
    const path = join(place, 'loop')
    symlinkSync('loop', path)
    const message = `Expected a directory, found ELOOP at ${path}`
    const cause = expect.objectContaining({ code: 'ELOOP' })
    expect(() => nodeDirectory(path)).toThrow(expect.objectContaining({ message, cause }))
  })

  it('says that there is nothing where it was to be', () => {
    const path = join(place, 'no-such-directory')
    expect(() => nodeDirectory(path)).toThrow(`Expected a directory, found nothing at ${path}`)
  })

  it('says that there is something else', () => {
    for (const path of ['/dev/null', join(import.meta.dirname, 'directory.test.ts')]) {
      const message = `Expected a directory, found something else at ${path}`
      expect(() => nodeDirectory(path)).toThrow(new TypeError(message))
    }
  })

  it.each([
    ['live', nodeDirectory, nodeFile],
    ['native', nodeDirectory, nodeFile],
    ['live', bunDirectory, bunFile],
    ['stable', bunDirectory, bunFile],
    ['live', denoDirectory, denoFile],
    ['native', denoDirectory, denoFile],
  ])('%s is on or off, and nothing else', async (name, toDirectory, toFile) => {
    const message = `Expected ${name} to be a boolean, got no`
    const options: object = { [name]: 'no' }
    const file = join(root, 'none')
    expect(() => toDirectory(root, options)).toThrow(new TypeError(message))
    await expect(toFile(file, options)).rejects.toThrow(new TypeError(message))
    expect(() => toDirectory(root, { [name]: false })).not.toThrow()
    expect(await toFile(file, { [name]: true })).toBe(null)
    if (name === 'live') toDirectory(root, { live: () => true })
  })

  it('finds a file beyond 2^32 bytes', async () => {
    const path = join(root, 'sparse')
    put(path, '')
    truncateSync(path, 5 * 2 ** 30)
    const modified = new Date('2026-01-01T00:00:00Z')
    utimesSync(path, modified, modified)
    const file = await look(nodeDirectory(root), '/sparse')
    await file?.close?.()
    expect({ size: file?.size, etag: file?.etag, lastModified: file?.lastModified }).toEqual({
      size: 5 * 2 ** 30,
      etag: `"140000000-${modified.getTime().toString(16)}-${checksum([new Uint8Array(156 * 1024)])}"`,
      lastModified: modified,
    })
  })
})

/** A thread that turns a link from one target to the other, and back, until it is ended. */
const TURN = `
  const { renameSync, symlinkSync } = require('node:fs')
  const { parentPort, workerData } = require('node:worker_threads')
  const { path, targets } = workerData
  for (let i = 0; ; i++) {
    symlinkSync(targets[i % 2], path + '.next')
    renameSync(path + '.next', path)
    if (i === 10) parentPort.postMessage('turning')
  }
`

function put(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}

function turn(link: string, target: string): void {
  symlinkSync(target, `${link}-next`)
  renameSync(`${link}-next`, link)
}

function urlOf(name: string): string {
  return `/${name.split('/').map(encodeURIComponent).join('/')}`
}

async function look(lookup: FileLookup, url: string): Promise<FileSource | null> {
  const request = { method: 'GET', url: `http://localhost${url}`, headers: new Headers() }
  return sourceOf(await lookup(request))
}

async function contentOf(lookup: FileLookup, url: string): Promise<string | null> {
  const file = await look(lookup, url)
  if (file === null) return null
  const chunk = file.size === 0 ? new Uint8Array(0) : await file.read(0, file.size)
  await file.close?.()
  return chunk instanceof Uint8Array ? Buffer.from(chunk).toString() : null
}
