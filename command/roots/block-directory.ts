import { mkdir, mkdtemp, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlockTier } from '../../adapters/cache.ts'
import { directoryTier } from '../../adapters/cache-directory.ts'
import { onOneLine } from '../../adapters/check/escape.ts'
import { Failure, messageOf } from '../failure.ts'

/**
 * A directory for blocks, made if need be. That it fails later is said once, and costs nobody his
 * bytes: blocks then come from afar.
 *
 * @throws Failure, as a rejection, if nothing can be written there
 */
export async function openBlockDirectory(
  directory: string,
  say: (line: string) => void,
): Promise<BlockTier> {
  await tryToWrite(directory)
  const tier = directoryTier(directory)
  let isSaid = false
  const watch = async <Value>(work: Value | Promise<Value>): Promise<Value> => {
    try {
      return await work
    } catch (error) {
      if (!isSaid) say(`no blocks are kept for now: ${onOneLine(messageOf(error))}`)
      isSaid = true
      throw error
    }
  }
  return {
    get: (key) => watch(tier.get(key)),
    put: (key, bytes) => watch(tier.put(key, bytes)),
  }
}

async function tryToWrite(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    // Its permissions don't tell: the file system may be read-only.
    await rmdir(await mkdtemp(join(directory, 'byteserve-')))
  } catch (error) {
    throw new Failure(`can't keep blocks in ${directory}: ${messageOf(error)}`)
  }
}
