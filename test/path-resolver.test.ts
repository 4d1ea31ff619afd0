import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import process from 'node:process'
import fc from 'fast-check'
import { afterEach, expect, it, vi } from 'vitest'
import { inThreadPool } from '../adapters/local/calls.ts'
import { PathResolver } from '../adapters/local/devices/path-resolver.ts'
import { temporaryDirectory } from './support/temporary.ts'

const root = realpathSync(temporaryDirectory())
const LOCAL = '1 0 0:1 / / rw - ext4 /dev/sda rw'
const NET = `2 1 0:2 / ${root}/net rw - nfs server:/ rw`

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

function resolverOf(...mounts: string[]): PathResolver {
  return new PathResolver(
    async () => mounts.join('\n'),
    (_path, _dev, call) => call(),
  )
}

/** The inode at a path below the root; null if there is nothing, `away` if that may stall. */
async function resolve(resolver: PathResolver, path: string): Promise<number | null | 'away'> {
  const resolved = await resolver.resolve(path.startsWith('/') ? path : `${root}/${path}`)
  return resolved === null ? 'away' : (resolved.stat?.ino ?? null)
}

function inodeAt(path: string): number | null {
  try {
    return statSync(`${root}/${path}`).ino
  } catch {
    return null
  }
}

it('leads where the system leads', async () => {
  const names = ['a', 'b', 'c']
  const name = fc.constantFrom(...names)
  const path = fc.array(fc.constantFrom(...names, '..', '.', ''), { minLength: 1, maxLength: 5 })
  const made = fc.record({
    at: fc.array(name, { minLength: 1, maxLength: 3 }),
    kind: fc.constantFrom('file', 'directory', 'link', 'absolute'),
    target: path,
  })
  const property = fc.asyncProperty(
    fc.array(made, { maxLength: 12 }),
    fc.array(path, { minLength: 5, maxLength: 10 }),
    async (tree, asked) => {
      const folder = join(root, 'tree')
      mkdirSync(folder)
      for (const { at, kind, target } of tree) {
        const place = join(folder, ...at)
        const text = target.join('/') || '.'
        try {
          if (kind === 'file') writeFileSync(place, '')
          if (kind === 'directory') mkdirSync(place)
          if (kind === 'link') symlinkSync(text, place)
          if (kind === 'absolute') symlinkSync(`${folder}/${text}`, place)
        } catch {
          // There is something else, or nothing to put it in.
        }
      }
      const resolver = resolverOf(LOCAL)
      for (const each of [...asked, ...asked]) {
        const text = `tree/${each.join('/')}`
        expect([text, await resolve(resolver, text)]).toEqual([text, inodeAt(text)])
      }
      rmSync(folder, { recursive: true })
    },
  )
  await fc.assert(
    property.afterEach(() => rmSync(join(root, 'tree'), { recursive: true, force: true })),
    {
      numRuns: 80,
    },
  )
})

it('looks at nothing that may stall, by whichever links it is led there', async () => {
  for (const name of ['net', 'site', 'site/deep']) mkdirSync(join(root, name))
  const target = join(root, 'net', 'folder')
  symlinkSync(target, join(root, 'site', 'absolute'))
  symlinkSync('../net/folder', join(root, 'site', 'relative'))
  symlinkSync('../relative', join(root, 'site', 'deep', 'again'))
  symlinkSync('../../net/file', join(root, 'site', 'deep', 'file'))
  const looks = vi.spyOn(inThreadPool, 'lstat')
  const resolver = resolverOf(LOCAL, NET)
  const paths = ['absolute/a', 'relative', 'relative/a/b', 'deep/again/a', 'deep/file', '../net']
  for (const path of paths)
    expect([path, await resolve(resolver, `site/${path}`)]).toEqual([path, 'away'])
  const seen = looks.mock.calls.map(([at]) => relative(join(root, 'net'), String(at)))
  expect(seen.filter((path) => !path.startsWith('..'))).toEqual([])
  expect(await resolve(resolver, 'site/deep')).toBe(inodeAt('site/deep'))
})

it('a directory that is known is not looked at again, and each file is', async () => {
  mkdirSync(join(root, 'known'))
  const file = join(root, 'known', 'file')
  const resolver = resolverOf(LOCAL)
  expect(await resolve(resolver, 'known/file')).toBe(null)
  writeFileSync(file, '')
  const looks = vi.spyOn(inThreadPool, 'lstat')
  expect(await resolve(resolver, 'known/file')).toBe(inodeAt('known/file'))
  expect(looks.mock.calls).toEqual([[file]])
})

it('a link that is turned, or a directory that becomes one, leads elsewhere at once', async () => {
  for (const name of ['one', 'two', 'three']) {
    mkdirSync(join(root, name, 'folder'), { recursive: true })
    writeFileSync(join(root, name, 'folder', 'file'), '')
  }
  const turn = (path: string, target: string) => {
    rmSync(join(root, path), { recursive: true, force: true })
    symlinkSync(target, join(root, path))
  }
  const resolver = resolverOf(LOCAL)
  for (const [path, target] of [
    ['current', 'one'],
    ['current', 'two'],
    ['one', 'two'],
    ['two/folder', '../three/folder'],
  ] as const) {
    turn(path, target)
    for (const file of ['current/folder/file', 'one/folder/file', 'two/folder/file']) {
      expect([file, await resolve(resolver, file)]).toEqual([file, inodeAt(file)])
    }
  }
})

it.each([
  [1, 'there'],
  [2, 'there'],
  // That often, only the system can say.
  [100, 'away'],
])('a link that is turned %d times, and what it led to removed at once, leads to what is %s', async (turns, expected) => {
  const place = realpathSync(temporaryDirectory())
  const link = join(place, 'turned')
  let release = 0
  const turn = () => {
    const next = `release-${++release}`
    mkdirSync(join(place, next))
    writeFileSync(join(place, next, 'file'), '')
    rmSync(link, { force: true })
    symlinkSync(next, link)
    rmSync(join(place, `release-${release - 1}`), { recursive: true, force: true })
  }
  turn()
  const readlink = inThreadPool.readlink
  vi.spyOn(inThreadPool, 'readlink').mockImplementation(async (at) => {
    const text = await readlink(at)
    if (release <= turns) turn()
    return text
  })
  const found = await resolve(resolverOf(LOCAL), `${link}/file`)
  expect(found).toBe(expected === 'away' ? 'away' : statSync(`${link}/file`).ino)
})

it('what is not there is looked for once, and twice behind a link', async () => {
  mkdirSync(join(root, 'plain'))
  symlinkSync('plain', join(root, 'to-plain'))
  const looks = vi.spyOn(inThreadPool, 'lstat')
  for (const [path, expected] of [
    ['plain/missing', 1],
    ['to-plain/missing', 2],
  ] as const) {
    looks.mockClear()
    expect(await resolve(resolverOf(LOCAL), path)).toBe(null)
    const isMissing = ([at]: unknown[]) => String(at).endsWith('/missing')
    expect([path, looks.mock.calls.filter(isMissing).length]).toEqual([path, expected])
  }
})

it('a file that becomes a directory is one at once', async () => {
  writeFileSync(join(root, 'becomes'), '')
  const resolver = resolverOf(LOCAL)
  expect(await resolve(resolver, 'becomes/file')).toBe(null)
  rmSync(join(root, 'becomes'))
  mkdirSync(join(root, 'becomes'))
  writeFileSync(join(root, 'becomes', 'file'), '')
  expect(await resolve(resolver, 'becomes/file')).toBe(inodeAt('becomes/file'))
})

it('what is mounted a second later is known then', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  mkdirSync(join(root, 'later'))
  let mounts = LOCAL
  const resolver = new PathResolver(
    async () => mounts,
    (_path, _dev, call) => call(),
  )
  const seen = [await resolve(resolver, 'later/file')]
  mounts += `\n2 1 0:2 / ${root}/later rw - nfs server:/ rw`
  vi.advanceTimersByTime(1000)
  seen.push(await resolve(resolver, 'later/file'))
  mounts = LOCAL
  vi.advanceTimersByTime(1000)
  expect([...seen, await resolve(resolver, 'later/file')]).toEqual([null, 'away', null])
})

it('the mount table stays as it was read when it can not be read again', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const changed = vi.fn()
  const read = vi.fn(async () => [LOCAL, NET].join('\n'))
  const resolver = new PathResolver(read, (_path, _dev, call) => call(), changed)
  const seen = [await resolve(resolver, 'net/file')]
  read.mockRejectedValueOnce(new Error('EMFILE'))
  vi.advanceTimersByTime(1000)
  seen.push(await resolve(resolver, 'net/file'), await resolve(resolver, ''))
  expect([...seen, resolver.knowsMounts, changed.mock.calls.length]).toEqual([
    'away',
    'away',
    statSync(root).ino,
    true,
    0,
  ])
})

it('without a mount table, nobody knows', async () => {
  const resolver = new PathResolver(
    async () => null,
    (_path, _dev, call) => call(),
  )
  expect([await resolve(resolver, 'known'), resolver.knowsMounts]).toEqual(['away', false])
})

it('a table without a root, as a chroot has, says nothing', async () => {
  const resolver = resolverOf('99 40 0:5 / /proc rw - proc proc rw')
  expect([await resolve(resolver, 'known'), resolver.knowsMounts]).toEqual(['away', false])
})

it('a relative path starts at the current directory', async () => {
  const { ino } = statSync('package.json')
  expect((await resolverOf(LOCAL).resolve('package.json'))?.stat?.ino).toBe(ino)
})

it('what stands above a link, in a relative path, is above where it leads', async () => {
  mkdirSync(join(root, 'releases', 'one'), { recursive: true })
  mkdirSync(join(root, 'app'))
  writeFileSync(join(root, 'releases', 'film.mp4'), '')
  symlinkSync('../releases/one', join(root, 'app', 'current'))
  vi.spyOn(process, 'cwd').mockReturnValue(join(root, 'app'))
  const { ino } = statSync(join(root, 'releases', 'film.mp4'))
  expect((await resolverOf(LOCAL).resolve('current/../film.mp4'))?.stat?.ino).toBe(ino)
})

it.runIf(process.platform === 'linux')(
  'a link whose text is no UTF-8 is for the system to follow',
  async () => {
    execFileSync('sh', [
      '-c',
      `mkdir "$1/$(printf 'n\\377')" && ln -s "$(printf 'n\\377')" "$1/odd"`,
      'sh',
      root,
    ])
    expect(await resolve(resolverOf(LOCAL), 'odd')).toBe('away')
  },
)

it.runIf(process.getuid?.() !== 0)(
  'what may not be looked at is for the system to say',
  async () => {
    mkdirSync(join(root, 'closed'))
    chmodSync(join(root, 'closed'), 0)
    expect(await resolve(resolverOf(LOCAL), 'closed/file')).toBe('away')
  },
)

it('tells only the links that the last name led to', async () => {
  symlinkSync('nowhere', join(root, 'gone'))
  const resolver = resolverOf(LOCAL)
  const linksOf = async (path: string) => (await resolver.resolve(`${root}/${path}`))?.links
  expect([await linksOf('gone'), await linksOf('gone/x'), await linksOf('gone/x/y')]).toEqual([
    ['nowhere'],
    [],
    [],
  ])
})

it('a path of thousands of names below one that is missing takes one look', async () => {
  const resolver = resolverOf(LOCAL)
  await resolve(resolver, 'x')
  const looks = vi.spyOn(inThreadPool, 'lstat')
  expect(await resolve(resolver, `missing/${'a/'.repeat(9000)}`)).toBe(null)
  expect(looks.mock.calls.length).toBe(1)
})
