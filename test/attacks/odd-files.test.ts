import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fetchOnce } from '../support/client.ts'
import { run } from '../support/process.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { serving } from '../wire/serving.ts'
import { FILE_TARGETS, installed } from '../wire/targets.ts'

/** Names in bytes are beyond what Node's own functions make. */
const python = (code: string, ...args: string[]) => ['python3', ['-c', code, ...args]] as const

const names = installed(FILE_TARGETS)
const place = temporaryDirectory()
const strange = Buffer.from('strange-\xff', 'latin1')
const root = join(place, 'current')
makeRoot()
const targets = serving(names, root)

describe.each(names)('%s', (name) => {
  it('never opens a FIFO: who waits to write into it goes on waiting', async () => {
    const fifo = join(root, `fifo-${name}`)
    rmSync(fifo, { force: true })
    execFileSync('mkfifo', [fifo])
    const writer = run(
      ...python('import sys; print("opens", flush=True); open(sys.argv[1], "w")', fifo),
    )
    onTestFinished(() => writer.stop())
    await writer.says(/(opens)/)
    for (let i = 0; i < 20; i++) expect(await statusOf(name, `fifo-${name}`)).toBe('404')
    expect(writer.isAlive()).toBe(true)
  })

  it('waits for a file that another process has a lease of', async () => {
    writeFileSync(join(root, `leased-${name}`), 'leased')
    const holder = run(...python(LEASE, join(root, `leased-${name}`)))
    onTestFinished(() => holder.stop())
    await holder.says(/(holds)/)
    expect(await statusOf(name, `leased-${name}`)).toBe('200')
    expect(holder.stdout()).toContain('asked')
  })

  it.each([
    'film',
    'deep/film',
    'link',
  ])('finds %s below a root whose name is not UTF-8', async (path) => {
    expect(await statusOf(name, path)).toBe(
      name.startsWith('deno') && path === 'link' ? '404' : '200',
    )
  })

  it('finds no file whose name is not UTF-8, and all beside it', async () => {
    expect(await statusOf(name, 'strange-%FF')).toBe('404')
    expect(await statusOf(name, 'strange-%EF%BF%BD')).toBe('404')
    expect(await statusOf(name, 'film')).toBe('200')
  })

  it('serves a file that is dated beyond all dates', async () => {
    expect(await statusOf(name, 'far')).toBe('200')
  })
})

/** Holds a write lease until it is asked for, and a little longer. */
const LEASE = `
import fcntl, signal, sys, time
fd = open(sys.argv[1], 'r+')
fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
def asked(*_):
  print('asked', flush=True)
  time.sleep(0.3)
  fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
signal.signal(signal.SIGIO, asked)
print('holds', flush=True)
while True: signal.pause()
`

/** A root that is a link to a directory whose name is not UTF-8. */
function makeRoot(): void {
  const real = Buffer.concat([Buffer.from(`${place}/`), strange])
  mkdirSync(real)
  symlinkSync(strange, root)
  for (const name of ['film', 'far']) writeFileSync(join(root, name), name)
  mkdirSync(join(root, 'deep'))
  writeFileSync(join(root, 'deep', 'film'), 'film')
  symlinkSync('film', join(root, 'link'))
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), strange]), 'strange')
  // Few file systems can keep such a time; the others keep their last.
  execFileSync('touch', ['-d', '@9000000000000', join(root, 'far')])
}

async function statusOf(name: (typeof names)[number], path: string): Promise<string> {
  const { port } = targets.one(name)
  const { status } = await fetchOnce(port, [`GET /${path} HTTP/1.1`])
  return `${status}`
}
