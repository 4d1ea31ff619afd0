import { cached } from '../../adapters/cache.ts'
import { type DirectoryTierOptions, directoryTier } from '../../adapters/cache-directory.ts'
import type { FileLookup } from '../../src/lookup.ts'
import type { Platform } from '../contract.ts'
import { changesThat, type LocalFile, namedFiles, pathLookup } from './local-files.ts'

/** Much less than the large file of the contract: it can't all be in memory. */
const MEMORY = 1024 * 1024

/**
 * Files of a directory through a cache, with or without a tier. It holds none open while it is not
 * read: so what is removed or replaced under way can't be read to its end, if it was not read before.
 */
export function cachedFiles(
  directory: string,
  lookup: FileLookup,
  tier?: { readonly directory: string } & DirectoryTierOptions,
): Platform<LocalFile> {
  const options = { blockSize: 100_000, memory: MEMORY }
  const behind = tier && { tier: directoryTier(tier.directory, tier) }
  return {
    ...namedFiles(directory, pathLookup(directory, cached(lookup, { ...options, ...behind }))),
    changes: changesThat(() => 'either'),
  }
}
