import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf } from '../../local/calls.ts'

/**
 * Makes a directory, and those above it, for this user only, unless it is there. Not by mkdir's
 * `recursive`: where nothing can be made, as below /proc, Node tries for ever.
 */
export async function makeDirectory(path: string): Promise<void> {
  const make = () => mkdir(path, { mode: 0o700 })
  try {
    await make().catch(async (error: unknown) => {
      if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error
      await makeDirectory(dirname(path))
      await make()
    })
  } catch (error) {
    const there = await stat(path).catch(() => null)
    if (!there?.isDirectory()) throw error
  }
}
