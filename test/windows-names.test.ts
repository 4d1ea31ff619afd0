import { Buffer } from 'node:buffer'
import { describe, expect, it, vi } from 'vitest'
import type { Calls, Path } from '../adapters/local/calls.ts'
import { Devices } from '../adapters/local/devices/devices.ts'
import { RootDirectory } from '../adapters/local/root-directory.ts'
import type { FileStat } from '../adapters/local/version.ts'

vi.mock(import('node:path'), async (original) => (await original()).win32)

vi.mock(import('node:process'), async (original) => {
  const { default: process } = await original()
  return { default: Object.create(process, { platform: { value: 'win32' } }) }
})

const [FILE, FOLDER] = [0o100666, 0o40666]

/** What is there, by its own name, and where links lead. */
const DISK: Readonly<Record<string, number | string>> = {
  'C:': FOLDER,
  'C:\\films': FOLDER,
  'C:\\films\\a.txt': FILE,
  'C:\\films\\a.txt:stream': FILE,
  'C:\\films\\back~1.txt': FILE,
  'C:\\films\\.git': FOLDER,
  'C:\\films\\.git\\config': FILE,
  'C:\\films\\private': FOLDER,
  'C:\\films\\private\\x.html': FILE,
  'C:\\films\\link.txt': 'C:\\films\\a.txt',
  'C:\\films\\junction': 'C:\\films\\private',
  'C:\\films\\.hidden.txt': 'C:\\films\\a.txt',
  'C:\\films\\elsewhere': 'C:\\other',
  'C:\\other': FOLDER,
  'C:\\other\\.secret.txt': FILE,
  'C:\\other\\film.mp4': FILE,
}

/** Short names, as FAT, NTFS and SMB give them to long ones. */
const SHORT: Readonly<Record<string, string>> = {
  'git~1': '.git',
  'hidden~1.txt': '.hidden.txt',
  'secret~1.txt': '.secret.txt',
}

function absent(code = 'ENOENT'): Error {
  return Object.assign(new Error(code), { code })
}

/** What a path leads to, by its own name: Windows asks for no case, and knows short names, too. */
function resolve(path: Path, links: 'followed' | 'as they are'): string {
  const names = String(path)
    .split(/[\\/]/)
    .filter((name) => name !== '')
  return names.reduce((above, name, i) => {
    const below = (own: string) => (above === '' ? own : `${above}\\${own}`)
    const asked = [name, SHORT[name.toLowerCase()] ?? name].map((own) => below(own).toLowerCase())
    const found = Object.keys(DISK).find((own) => asked.includes(own.toLowerCase()))
    if (found === undefined) throw absent()
    const target = DISK[found]
    const isFollowed = typeof target === 'string' && (links === 'followed' || i + 1 < names.length)
    return isFollowed ? target : found
  }, '')
}

function statOf(path: string): FileStat {
  const mode = typeof DISK[path] === 'number' ? DISK[path] : 0o120666
  const ino = Object.keys(DISK).indexOf(path)
  return { dev: 1, ino, nlink: 1, mode, uid: 0, gid: 0, size: 4, mtimeMs: 1e12, ctimeMs: 1e12 }
}

/** What is open, by its descriptor. */
const opened: string[] = []

function lookAt(path: Path, links: 'followed' | 'as they are'): FileStat | null {
  try {
    return statOf(resolve(path, links))
  } catch {
    return null
  }
}

const calls: Calls = {
  open: (path) => opened.push(resolve(path, 'followed')) - 1,
  close: () => {},
  read: () => 0,
  stat: (path) => lookAt(path, 'followed'),
  lstat: (path) => lookAt(path, 'as they are'),
  fstat: (fd) => statOf(opened[fd] ?? ''),
  modified: () => 1e12,
  readlink: (path) => Buffer.from(resolve(path, 'as they are')),
  realpath: (path) => Buffer.from(resolve(path, 'followed')),
}

/** A drive that the system has no name for, as one in memory. */
const untold: Calls = {
  ...calls,
  realpath: () => {
    throw absent('EISDIR')
  },
}

const rootOf = (links: 'inside' | 'follow', path = 'C:\\films') => {
  return new RootDirectory(path, links, new Devices(async () => null))
}

/** What is found at a path: its own name, a folder, or nothing. */
async function find(root: RootDirectory, path: string, through = calls): Promise<string | null> {
  const found = await root.open(root.prefix + path, through)
  if (found === null) return null
  return found === 'directory' ? found : (opened[found.fd] ?? null)
}

describe('on Windows', () => {
  it.each<[path: string, inside: string | null, follow?: string | null]>([
    ['', 'directory'],
    ['a.txt', 'C:\\films\\a.txt'],
    ['A.TXT', null],
    ['private', 'directory'],
    ['PRIVATE', null],
    ['private/x.html', 'C:\\films\\private\\x.html'],
    ['Private/x.html', null],
    ['private/X.html', null],
    ['back~1.txt', 'C:\\films\\back~1.txt'],
    ['GIT~1', null],
    ['GIT~1/config', null],
    ['a.txt:stream', null],
    ['link.txt', 'C:\\films\\a.txt'],
    // The system does not say how the name of a link is written.
    ['LINK.TXT', 'C:\\films\\a.txt'],
    ['HIDDEN~1.TXT', null],
    ['junction/x.html', 'C:\\films\\private\\x.html'],
    ['junction/X.HTML', null],
    ['elsewhere', null, 'directory'],
    ['elsewhere/film.mp4', null, 'C:\\other\\film.mp4'],
    ['elsewhere/FILM.mp4', null],
    ['elsewhere/SECRET~1.TXT', null],
    ['none', null],
  ])('a file has the one path that the system writes: %s', async (path, inside, follow = inside) => {
    const found = [await find(rootOf('inside'), path), await find(rootOf('follow'), path)]
    expect(found).toEqual([inside, follow])
  })

  it('so has a folder that is one of a site', async () => {
    const [own, other] = ['private', 'PRIVATE'].map((name) => rootOf('inside').folder(name))
    const found = [own, other].map((folder) => folder && find(folder, 'x.html'))
    expect(await Promise.all(found)).toEqual(['C:\\films\\private\\x.html', null])
  })

  it.each(['private', 'PRIVATE', 'GIT~1'])('so has one that is listed: %s', async (name) => {
    const root = rootOf('inside')
    const [entered, seen] = [root.prefix + name, `${root.prefix}${name}/x.html`]
    const found = [
      await root.enter(entered, calls),
      await root.follow(seen, calls).catch(() => null),
    ]
    expect(found.map((each) => each !== null)).toEqual(Array(2).fill(name === 'private'))
  })

  it.each([
    ['private', 'directory'],
    ['private/x.html', 'C:\\films\\private\\x.html'],
    ['junction/x.html', null],
    ['GIT~1/config', null],
  ])('what is on a drive without a name is found without links: %s', async (path, expected) => {
    expect(await find(rootOf('inside'), path, untold)).toBe(expected)
  })

  it.each([
    ['elsewhere/film.mp4', 'C:\\other\\film.mp4'],
    ['GIT~1/config', null],
  ])('what is on a drive without a name is found by links that are followed: %s', async (path, expected) => {
    expect(await find(rootOf('follow'), path, untold)).toBe(expected)
  })

  it('what is on a drive without a name is found below the whole drive', async () => {
    const drive = rootOf('inside', 'C:\\')
    const found = [await find(drive, 'films/a.txt', untold), await find(drive, 'none/none', untold)]
    expect(found).toEqual(['C:\\films\\a.txt', null])
  })
})
