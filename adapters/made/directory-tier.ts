import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expectWholeNumber } from '../../src/errors.ts'
import { digest, nameFor } from './digest.ts'
import type { BlockTier } from './tier.ts'

/** Options of `directoryTier`. */
export interface DirectoryTierOptions {
  /** The most bytes that its files take; 1 GiB by default. A whole number. */
  readonly size?: number | undefined
}

/** How many bytes may wait to be written: what a slow disk can't take is not stored. */
const MAX_WAITING = 64 * 1024 * 1024

/** How old a file that was left half written is when it is removed, in ms: nobody writes for so long. */
const ABANDONED = 3_600_000

/** A block's file: its name is made of its key. */
const BLOCK_NAME = /^[0-9a-f]{64}$/
const PARTIAL_NAME = /^[0-9a-f]{64}\.[0-9a-f-]{36}$/

/** The SHA-256 that a file ends with. */
const DIGEST_LENGTH = 32

/**
 * Blocks in a directory, on Node, Bun and Deno: they survive a restart. It is made if need be, for
 * this user only, and should hold nothing else. When its files take more than `size`, those that were
 * not read for longest are removed. Of several processes that share one, each keeps to `size`
 * for what it saw.
 *
 * A file appears whole or not at all, and ends with a checksum: one that was cut or changed counts
 * as not there.
 *
 * @throws RangeError at once if `size` is not a whole number
 *
 * @example
 * cached(lookup, { tier: directoryTier('/var/cache/films', { size: 50e9 }) })
 */
export function directoryTier(
  directory: string,
  { size = 1024 ** 3 }: DirectoryTierOptions = {},
): BlockTier {
  expectWholeNumber('size', size, 0)
  /** What the files take, by name, the one that was not read for longest first. */
  let files: Promise<Map<string, number>> | null = null
  let taken = 0
  let waiting = 0
  return { get, put }

  async function get(key: string): Promise<Uint8Array | null> {
    const name = await nameFor(key)
    const known = await scanned()
    const stored = await readFile(join(directory, name)).catch(nullIfMissing)
    if (stored === null) {
      forget(known, name)
      return null
    }
    const bytes = stored.subarray(0, -DIGEST_LENGTH)
    if (Buffer.compare(stored.subarray(bytes.length), await digest(bytes)) !== 0) {
      await remove(known, name)
      return null
    }
    note(known, name, stored.length)
    return bytes
  }
}
