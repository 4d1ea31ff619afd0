import { renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import type { HeldFile } from '../adapters/held-file.ts'
import { closeIdle, findFile } from '../adapters/shared-files.ts'
import { canCountHandles, openHandles, temporaryDirectory } from './temporary.ts'
import { until } from './until.ts'

const directory = temporaryDirectory()
const path = join(directory, 'file')

beforeEach(() => {
  closeIdle()
  rmSync(path, { force: true })
  write(path, 'one')
})

describe('a file that several read', () => {
  it.runIf(canCountHandles)('is open once, until the last of them is done', async () => {
    const [one, two] = [await find(), await find()]
    expect(openHandles(path)).toBe(1)
    await one.close()
    await one.close()
    closeIdle()
    expect([openHandles(path), await textOf(two)]).toEqual([1, 'one'])
    await two.close()
    closeIdle()
    expect(openHandles(path)).toBe(0)
  })

  it.runIf(canCountHandles)('is still open for the next one, but not for long', async () => {
    await (await find()).close()
    const again = await find()
    expect(openHandles(path)).toBe(1)
    await again.close()
    expect(openHandles(path)).toBe(1)
    await until(() => openHandles(path) === 0)
  })

  it.runIf(canCountHandles)('is not kept when it is too young to be told apart', async () => {
    utimesSync(path, Date.now() / 1000 + 60, Date.now() / 1000 + 60)
    const [one, two] = [await find(), await find()]
    expect(openHandles(path)).toBe(2)
    await Promise.all([one.close(), two.close()])
    expect(openHandles(path)).toBe(0)
  })

  it.runIf(canCountHandles)('is one of 128 that wait, at most', async () => {
    const paths = Array.from({ length: 200 }, (_, i) => join(directory, `of-many-${1000 + i}`))
    for (const one of paths) {
      write(one, 'one')
      await (await find(one)).close()
    }
    expect(openHandles(join(directory, 'of-many'))).toBe(128)
    expect(paths.slice(0, 72).map(openHandles)).toEqual(paths.slice(0, 72).map(() => 0))
    expect(await Promise.all(paths.map(textAt))).toEqual(paths.map(() => 'one'))
  })
})

describe('what is found anew at once', () => {
  it.each<[string, () => void, string | null]>([
    ['a file that another one replaced', () => replace(path), 'two'],
    ['a file written anew, as long', () => write(path, 'two', 2000), 'two'],
    ['a file written anew at the same time, but longer', () => write(path, 'longer'), 'longer'],
    ['a file that was moved away', () => renameSync(path, `${path}-away`), null],
    ['a file that was removed', () => rmSync(path), null],
    ['a directory in its place', () => replace(path, directory), null],
    ['a link to another one', () => replace(path, other()), 'other'],
  ])('%s', async (_what, change, expected) => {
    const before = await find()
    change()
    expect(await textAt(path)).toBe(expected)
    await before.close()
    if (canCountHandles) {
      closeIdle()
      expect(openHandles(directory)).toBe(0)
    }
  })

  it('and what was replaced is still read as it was', async () => {
    const before = await find()
    replace(path)
    expect([await textAt(path), await textOf(before)]).toEqual(['two', 'one'])
    await before.close()
  })

  it('and whoever may not have it is asked each time', async () => {
    await (await find()).close()
    expect(await findFile(path, () => false)).toBe(null)
    const broken = new Error('EACCES')
    const failing = async () =>
      findFile(path, () => {
        throw broken
      })
    await expect(failing()).rejects.toBe(broken)
    expect(await textAt(path)).toBe('one')
  })
})

async function find(at: string = path): Promise<HeldFile> {
  const file = await findFile(at)
  if (file === null) throw new Error(`Expected a file at ${at}`)
  return file
}

async function textAt(at: string): Promise<string | null> {
  const file = await findFile(at)
  const text = file && (await textOf(file))
  await file?.close()
  return text
}

async function textOf({ read, size }: HeldFile): Promise<string> {
  return Buffer.from(await read(0, size)).toString()
}

/** All of the same time, by default: what has changed must show by something else. */
function write(at: string, text: string, seconds = 1000): string {
  writeFileSync(at, text)
  utimesSync(at, seconds, seconds)
  return at
}

function replace(at: string, target?: string): void {
  const next = `${at}.next`
  if (target === undefined) write(next, 'two')
  else symlinkSync(target, next)
  renameSync(next, at)
}

function other(): string {
  return write(join(directory, 'other'), 'other')
}
