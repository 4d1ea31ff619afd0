import { afterAll } from 'vitest'
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
  const stored = new Set<Promise<unknown>>()
  const waitUntil = (work: Promise<unknown>) => stored.add(work)
  const options = { blockSize: 100_000, memory: MEMORY, waitUntil }
  const behind = tier && { tier: directoryTier(tier.directory, tier) }
  // Before the directory is removed.
  afterAll(() => Promise.all(stored))
  return {
    ...namedFiles(directory, pathLookup(directory, cached(lookup, { ...options, ...behind }))),
    changes: changesThat(() => 'either'),
  }
}
