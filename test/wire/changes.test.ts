import { renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { appendFile, open as openFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BrokenReplyError, fetchOnce } from '../support/client.ts'
import { tagOf } from '../support/entity-tag.ts'
import { openHandles } from '../support/handles.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { eventually, until } from '../support/wait.ts'
import { MIB } from './fixtures.ts'
import { serving } from './serving.ts'
import { FILE_TARGETS, type FileTargetName, installed } from './targets.ts'

/** More than the sockets on both sides hold, so that the server has to wait for its client. */
const SIZE = 24 * MIB
const OLD = Buffer.alloc(SIZE, 'a')
const NEW = Buffer.alloc(SIZE, 'b')

/** What came of a body whose file changed while it was sent. */
type Outcome = 'whole' | 'broken' | 'mixed' | 'stalled'

/** How long a client waits that is known to wait in vain, in ms. */
const KNOWN_STALL = 2000

interface Change {
  readonly name: string
  readonly make: (path: string) => unknown
  readonly outcome: Outcome
  /** Where the runtime reads the file by itself, and what may then come of it. */
  readonly exceptions?: Partial<Record<FileTargetName, readonly Outcome[]>>
}

const CHANGES: readonly Change[] = [
  {
    name: 'cut short',
    make: (path) => truncateSync(path, 100),
    outcome: 'broken',
    // Bun's sendfile waits for bytes that never come.
    exceptions: { bun: ['stalled'] },
  },
  {
    name: 'emptied and written anew',
    make: (path) => writeFileSync(path, NEW),
    outcome: 'broken',
    exceptions: { bun: ['mixed', 'stalled'], 'deno-native': ['mixed', 'broken'] },
  },
  {
    name: 'overwritten in place',
    make: overwrite,
    outcome: 'broken',
    exceptions: { bun: ['mixed'], 'deno-native': ['mixed'] },
  },
  {
    name: 'appended to',
    make: (path) => appendFile(path, NEW.subarray(0, MIB)),
    outcome: 'whole',
  },
  {
    name: 'replaced by rename',
    make: (path) => {
      writeFileSync(`${path}.new`, NEW)
      renameSync(`${path}.new`, path)
    },
    outcome: 'whole',
  },
  {
    name: 'deleted',
    make: (path) => rmSync(path),
    outcome: 'whole',
  },
]

const names = installed(FILE_TARGETS)
const root = temporaryDirectory()
const targets = serving(names, root)

// At once: each has a file of its own, and some wait in vain.
describe.concurrent.each(names)('%s: a file under way that is', (name) => {
  it.for(CHANGES)('$name', async ({ name: change, make, outcome, exceptions = {} }, { expect }) => {
    const target = targets.one(name)
    if (target.pid === null) throw new Error(`${name} does not run`)
    const { port, pid } = target
    const file = `${name}-${change.replaceAll(' ', '-')}.mp4`
    const path = join(root, file)
    writeFileSync(path, OLD)
    const allowed = exceptions[name] ?? [outcome]
    const patience = allowed.includes('stalled') ? KNOWN_STALL : undefined
    expect(allowed).toContain(await download(port, `/${file}`, () => make(path), patience))
    // Bun opens the file once more by the number of a descriptor, which stays open for half a minute.
    const left = name === 'bun' ? 1 : 0
    await until(() => openHandles(path, pid) <= left)
    expect(target.isAlive()).toBe(true)
    rmSync(path, { force: true })
  })
})

describe('a file just written', () => {
  it('has one tag from the first answer on, and a date once it is a second old', async () => {
    writeFileSync(join(root, 'new.mp4'), 'new')
    const { mtimeMs } = statSync(join(root, 'new.mp4'))
    const seen = await Promise.all(targets.all().map(({ port }) => watchValidators(port, mtimeMs)))
    const etag = tagOf(Buffer.from('new'), mtimeMs)
    const date = new Date(mtimeMs).toUTCString()
    expect(seen).toEqual(
      targets.all().map(() => [
        { etag, date: undefined },
        { etag, date },
      ]),
    )
  })
})

/** The validators from at once until there is a date. */
async function watchValidators(port: number, modified: number) {
  const { etag, date } = await validators(port)
  // A machine that is busy may answer so late that there is one.
  const isYoung = Date.now() < modified + 1000
  const first = { etag, date: isYoung ? date : undefined }
  const last = await eventually('a date', async () => {
    const isOld = Date.now() >= modified + 1000
    const now = await validators(port)
    return isOld || now.date !== undefined ? now : null
  })
  return [first, last]
}

async function validators(port: number) {
  const { fields } = await fetchOnce(port, ['HEAD /new.mp4 HTTP/1.1'])
  const value = (name: string) => fields.find(([key]) => key.toLowerCase() === name)?.[1]
  return { etag: value('etag'), date: value('last-modified') }
}

/** Makes the change once the first bytes are there and the server waits for its client. */
async function download(
  port: number,
  target: string,
  change: () => unknown,
  patience?: number,
): Promise<Outcome> {
  let received = 0
  let isOld = true
  try {
    const take = async (chunk: Buffer) => {
      if (received === 0) await change()
      received += chunk.length
      isOld &&= chunk.equals(OLD.subarray(0, chunk.length))
    }
    await fetchOnce(port, [`GET ${target} HTTP/1.1`], take, patience)
  } catch (error) {
    if (!(error instanceof BrokenReplyError)) throw error
    if (error.failure === 'nothing more') return 'stalled'
    return isOld ? 'broken' : 'mixed'
  }
  if (!isOld) return 'mixed'
  if (received !== SIZE) throw new Error(`Expected ${SIZE} bytes, got ${received}`)
  return 'whole'
}

async function overwrite(path: string): Promise<void> {
  const file = await openFile(path, 'r+')
  await file.write(NEW, 0, SIZE, 0)
  await file.close()
}
