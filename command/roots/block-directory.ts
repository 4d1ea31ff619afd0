import { mkdtemp, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlockTier } from '../../adapters/cache.ts'
import { directoryTier } from '../../adapters/cache-directory.ts'
import { makeDirectory } from '../../adapters/made/cache/make-directory.ts'
import { Failure, messageOf } from '../failure.ts'

/**
 * A directory for blocks, made if need be. If it fails later, that is said once, and blocks are
 * read from their origin.
 *
 * @throws Failure, as a rejection, if nothing can be written there
 */
export async function openBlockDirectory(
  directory: string,
  say: (notice: string) => void,
): Promise<BlockTier> {
  await tryToWrite(directory)
  const tier = directoryTier(directory)
  let isSaid = false
  const watch = async <Value>(
    work: Value | Promise<Value>,
    signal?: AbortSignal,
  ): Promise<Value> => {
    try {
      return await work
    } catch (error) {
      // That nobody waits for a block is no failure of the directory.
      if (signal?.aborted) throw error
      if (!isSaid) say(`no blocks are kept for now: ${messageOf(error)}`)
      isSaid = true
      throw error
    }
  }
  return {
    get: (key, signal) => watch(tier.get(key, signal), signal),
    put: (key, bytes) => watch(tier.put(key, bytes)),
  }
}

async function tryToWrite(directory: string): Promise<void> {
  try {
    await makeDirectory(directory)
    // Its permissions don't tell: the file system may be read-only.
    await rmdir(await mkdtemp(join(directory, 'byteserve-')))
  } catch (error) {
    throw new Failure(`can't keep blocks in ${directory}: ${messageOf(error)}`)
  }
}
