import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import process from 'node:process'
import { codeOf } from '../../local/calls.ts'

const MODE = 0o700

/** Whether mkdir's `recursive` ends: where nothing can be made, as below /proc, Node tries for ever. */
const endsAlways = Boolean(process.versions.bun ?? process.versions.deno)

/** Makes a directory, and those above it, for this user only, unless it is there. */
export async function makeDirectory(path: string): Promise<void> {
  if (endsAlways) return makeAtOnce(path)
  try {
    await makeOneByOne(path)
  } catch (error) {
    // Node's permissions may be for this path only, which suffices then.
    if (codeOf(error) !== 'ERR_ACCESS_DENIED') throw error
    await makeAtOnce(path)
  }
}

async function makeAtOnce(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: MODE })
}

async function makeOneByOne(path: string): Promise<void> {
  const make = () => mkdir(path, { mode: MODE })
  try {
    await make().catch(async (error: unknown) => {
      if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error
      await makeOneByOne(dirname(path))
      await make()
    })
  } catch (error) {
    const there = await stat(path).catch(() => null)
    if (!there?.isDirectory()) throw error
  }
}
