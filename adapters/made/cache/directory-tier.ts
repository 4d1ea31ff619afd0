import { expectWholeNumber, unexpected } from '../../../src/errors.ts'
import { isEqual } from '../bytes.ts'
import { digest, nameFor } from '../digest.ts'
import { BlockFiles, isAbsence } from './block-files.ts'
import type { BlockTier } from './tier.ts'

/** Options of `directoryTier`. */
export interface DirectoryTierOptions {
  /**
   * The most bytes that its files take on the disk, in pages of 4 KiB each. A whole number; 1 GiB by
   * default. Below 1 MiB, the bytes in the files are what counts, and files take 1 MiB at most.
   * Room is made once a block is written: up to 64 MiB more may be there meanwhile.
   */
  readonly size?: number | undefined
}

/** How many bytes may wait to be written: what a slow disk can't take is not stored. */
const MAX_WAITING = 64 * 1024 * 1024

/** What a disk gives to a file is a multiple of this, in bytes. */
const PAGE = 4096

/** What files may take on the disk in any case, in bytes. */
const MIN_ON_DISK = 1024 * 1024

/** How long no room is made on a full disk whose room others take, in ms. */
const TAKEN_FOR = 10_000

/** The bytes of a SHA-256, which a file ends with. */
const DIGEST_LENGTH = 32

/**
 * Blocks in a directory, on Node, Bun and Deno: they survive a restart. The directory is made if
 * need be, for this user only, and should hold nothing else. Past `size`, the files go that were
 * read or written longest ago; after a restart, those written longest ago. Of several processes
 * that share a directory, each counts what it saw.
 *
 * A file appears whole or not at all, and ends with a checksum: one that was cut or changed is
 * removed, and counts as not there.
 *
 * @throws RangeError or TypeError at once if `size` is not a whole number, or no directory is named
 *
 * @example
 * ```ts
 * cached(lookup, { tier: directoryTier('/var/cache/films', { size: 50e9 }) })
 * ```
 */
export function directoryTier(
  directory: string,
  { size = 1024 ** 3 }: DirectoryTierOptions = {},
): BlockTier {
  if (typeof directory !== 'string') throw unexpected('the path of a directory', directory)
  if (directory === '') throw new TypeError("Expected the path of a directory, got ''")
  expectWholeNumber('size', size, 0)
  const maxPages = Math.ceil(Math.max(size, MIN_ON_DISK) / PAGE)
  const disk = new BlockFiles(directory)
  /** How long each file is, by name; first what was read or written longest ago. */
  let files = new Map<string, number>()
  let taken = 0
  let pages = 0
  let waiting = 0
  let scan: Promise<void> | null = null
  /** Until when no room is made on a full disk, since others took it the last time. */
  let takenUntil = 0
  return { get, put }

  async function get(key: string, signal?: AbortSignal): Promise<Uint8Array | null> {
    const name = await nameFor(key)
    const stored = await disk.read(name, signal)
    if (stored === null) {
      forget(name)
      return null
    }
    const length = Math.max(0, stored.length - DIGEST_LENGTH)
    const bytes = stored.subarray(0, length)
    if (!isEqual(await digest(bytes), stored.subarray(length))) {
      await remove(name)
      return null
    }
    note(name, stored.length)
    return bytes
  }

  async function put(key: string, bytes: Uint8Array): Promise<void> {
    const length = bytes.length + DIGEST_LENGTH
    if (length > size || waiting + length > MAX_WAITING) return
    waiting += length
    try {
      scan ??= findFiles().catch((error: unknown) => {
        scan = null
        throw error
      })
      await scan
      const name = await nameFor(key)
      const end = await digest(bytes)
      const write = () => disk.write(name, [bytes, end])
      await write().catch(async (error: unknown) => {
        if (files.size === 0 || !isFull(error) || performance.now() < takenUntil) throw error
        // If others take the room at once, there is no use in making more.
        takenUntil = performance.now() + TAKEN_FOR
        await makeRoom(length)
        await write()
        takenUntil = 0
      })
      note(name, length)
      while (taken > size || pages > maxPages) await removeOldest()
    } catch (error) {
      if (isAbsence(error)) startAnew()
      throw error
    } finally {
      waiting -= length
    }
  }

  /** What is there from earlier, or from another process. */
  async function findFiles(): Promise<void> {
    const found = await disk.find()
    const noted = files
    files = new Map()
    taken = 0
    pages = 0
    for (const { name, size } of found) note(name, size)
    for (const [name, length] of noted) note(name, length)
  }

  /** Another program has removed the directory: the next block makes it again. */
  function startAnew(): void {
    scan = null
    files = new Map()
    taken = 0
    pages = 0
  }

  /** Counts a file as the latest that was read or written. */
  function note(name: string, length: number): void {
    forget(name)
    files.set(name, length)
    taken += length
    pages += pagesOf(length)
  }

  function forget(name: string): void {
    const length = files.get(name) ?? 0
    taken -= length
    pages -= pagesOf(length)
    files.delete(name)
  }

  async function remove(name: string): Promise<void> {
    forget(name)
    await disk.remove(name)
  }

  async function removeOldest(): Promise<void> {
    const [oldest] = files.keys()
    if (oldest !== undefined) await remove(oldest)
  }

  /** For a block, where the disk has less room than `size`, or others take it. */
  async function makeRoom(length: number): Promise<void> {
    const most = Math.max(0, taken - length)
    while (taken > most) await removeOldest()
  }
}

function pagesOf(length: number): number {
  return Math.ceil(length / PAGE)
}

/** Whether a disk, or what a user may have of it, is full. Node has no name for EDQUOT. */
function isFull(error: unknown): boolean {
  return /^(?:ENOSPC|EDQUOT|Unknown system error -(?:69|122))$/.test(Object(error).code)
}
