import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Program, run } from '../support/process.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { canMount, compile } from '../support/tools.ts'
import { settle, until } from '../support/wait.ts'
import { type FileTargetName, installed, startTargets, type Target } from '../wire/targets.ts'

const program = canMount() ? compile('mount') : null
const names = installed(['node-fetch', 'node-direct', 'bun', 'deno', 'deno-native'] as const)

/** For the roots of all: each test, and each try, makes its own. */
const place = temporaryDirectory()

const LOCAL = ['local.txt', 'missing.txt']
/** Bun has two threads on a machine of two cores: one for a mount that stalls, one for the rest. */
const OTHERS: Partial<Record<FileTargetName, string[]>> = { bun: LOCAL }
const ALL = [...LOCAL, 'net/fast.bin']

describe.runIf(program).each(names)('%s, beside a mount that stalls', (name) => {
  const others = OTHERS[name] ?? ALL

  it.each([
    ['of files that were read before', [...ALL, 'net/slow.bin']],
    ['of files that nobody has asked for', []],
  ])('answers requests for other files, %s', async (_which, before) => {
    const { target, mount } = await serve(name)
    for (const path of before) await ask(target, path)
    // In a directory that nobody has looked into, Linux lets a second look wait for the first.
    const asked = before.length > 0 ? others : LOCAL
    await command(mount, 'stall')
    let isOver = false
    const stalled = Array.from({ length: 8 }, () => {
      return ask(target, 'net/slow.bin').finally(() => (isOver = true))
    })
    await settle()
    const answers: string[] = []
    for (let i = 0; i < 20; i++) {
      for (const path of asked) answers.push(await ask(target, path))
    }
    // All of that while nothing was heard of the one.
    expect({ isOver, answers: new Set(answers) }).toEqual({
      isOver: false,
      answers: new Set(asked.map((path) => EXPECTED[path])),
    })
    await command(mount, 'go')
    expect(new Set(await Promise.all(stalled))).toEqual(new Set(['206 sssss']))
  })

  it.each([
    ['directories of it', (i: number) => `net/d${i}/file`],
    ['links into it', (i: number) => `links/d${i}/file`],
  ])('answers requests for local files, whoever is the first to look into %s', async (_what, pathOf) => {
    const { target, mount, root } = await serve(name)
    mkdirSync(join(root, 'links'))
    for (let i = 0; i < 10; i++) symlinkSync(`../net/d${i}`, join(root, 'links', `d${i}`))
    await command(mount, 'stall')
    let isOver = false
    const stalled = Array.from({ length: 10 }, (_, i) => {
      return ask(target, pathOf(i)).finally(() => (isOver = true))
    })
    await settle()
    const answers: string[] = []
    for (let i = 0; i < 20; i++) {
      const directory = join(root, `folder-${i}`)
      mkdirSync(directory)
      writeFileSync(join(directory, 'local.txt'), 'local file')
      answers.push(await ask(target, `folder-${i}/local.txt`))
    }
    expect({ isOver, answers: new Set(answers) }).toEqual({
      isOver: false,
      answers: new Set(['206 local']),
    })
    await command(mount, 'go')
    expect(new Set(await Promise.all(stalled))).toEqual(new Set(['404 ']))
  })

  it('answers them where a file that was just served becomes a link into it', async () => {
    const { target, mount, root } = await serve(name)
    for (let i = 0; i < 2; i++) expect(await ask(target, 'local.txt')).toBe(EXPECTED['local.txt'])
    writeFileSync(join(root, 'other.txt'), 'local file')
    await command(mount, 'stall')
    symlinkSync('net/slow.bin', join(root, 'next'))
    renameSync(join(root, 'next'), join(root, 'local.txt'))
    let isOver = false
    const stalled = ask(target, 'local.txt').finally(() => (isOver = true))
    await settle()
    expect({ answer: await ask(target, 'other.txt'), isOver }).toEqual({
      answer: '206 local',
      isOver: false,
    })
    await command(mount, 'go')
    expect(await stalled).toBe('206 sssss')
  })

  it('answers them while another is stalled that lies in a mount below it', async () => {
    const { target, mount, root } = await serve(name)
    const disk = join(root, 'net', 'd0')
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', disk])
    onTestFinished(() => void execFileSync('umount', ['-l', disk]))
    writeFileSync(join(disk, 'file'), 'local file')
    for (let i = 0; i < 3; i++) expect(await ask(target, 'net/d0/file')).toBe('206 local')
    await command(mount, 'stall')
    let isOver = false
    const stalled = ask(target, 'net/d0/file').finally(() => (isOver = true))
    await settle()
    expect({ answer: await ask(target, 'local.txt'), isOver }).toEqual({
      answer: '206 local',
      isOver: false,
    })
    await command(mount, 'go')
    expect(await stalled).toBe('206 local')
  })

  it('answers them while a body stalls', async () => {
    const { target, mount } = await serve(name)
    const response = await fetch(`http://127.0.0.1:${target.port}/net/slow.bin`)
    const reader = response.body?.getReader()
    await reader?.read()
    await command(mount, 'stall')
    const answers: string[] = []
    for (let i = 0; i < 20; i++) {
      for (const path of others) answers.push(await ask(target, path))
    }
    expect(new Set(answers)).toEqual(new Set(others.map((path) => EXPECTED[path])))
    await command(mount, 'go')
    await reader?.cancel()
  })
})

describe.runIf(program).each(names)('%s, on a mount that numbers files anew', (name) => {
  it('serves them', async () => {
    const { target } = await serve(name, 'renumber')
    const answers = new Set<string>()
    for (let i = 0; i < 10; i++) answers.add(await ask(target, 'net/fast.bin'))
    const whole = await fetch(`http://127.0.0.1:${target.port}/net/fast.bin`)
    const { length } = await whole.bytes()
    expect({ answers, status: whole.status, length }).toEqual({
      answers: new Set(['206 fffff']),
      status: 200,
      length: 3 * 1024 * 1024,
    })
  })
})

const EXPECTED: Record<string, string> = {
  'local.txt': '206 local',
  'missing.txt': '404 ',
  'net/fast.bin': '206 fffff',
}

/** A server of a directory that has a mount in it. */
async function serve(
  name: FileTargetName,
  ...options: string[]
): Promise<{ target: Target; mount: Program; root: string }> {
  const root = mkdtempSync(join(place, 'root-'))
  mkdirSync(join(root, 'net'))
  writeFileSync(join(root, 'local.txt'), 'local file')
  const mount = run(program ?? '', [join(root, 'net'), ...options])
  await mount.says(/(mounted)/)
  const [target] = await startTargets([name], root)
  if (target === undefined) throw new Error(`${name} does not run`)
  onTestFinished(async () => {
    // Nothing that waits for a mount can be ended before it is over.
    mount.child.stdin.end()
    await mount.ended
    await target.stop()
  })
  return { target, mount, root }
}

async function command(mount: Program, text: string): Promise<void> {
  const count = () => mount.stdout().split(`${text}\n`).length
  const before = count()
  mount.child.stdin.write(`${text}\n`)
  await until(() => count() > before)
}

/** The status and the first bytes. */
async function ask({ port }: Target, path: string): Promise<string> {
  const headers = { range: 'bytes=0-4' }
  const response = await fetch(`http://127.0.0.1:${port}/${path}`, { headers })
  return `${response.status} ${await response.text()}`
}
