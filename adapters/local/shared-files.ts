import { closeSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { setTimeout } from 'node:timers'
import { expectWholeNumber, SourceChangedError } from '../../src/errors.ts'
import { isStrong } from '../../src/validators.ts'
import { learnEnds, learnEndsSync } from './ends.ts'
import { type HeldFile, holdFile } from './held-file.ts'
import { codeOf, type Handle, openFile, type Permission } from './open-file.ts'
import { Recent } from './recent.ts'
import { isSameVersion, versionAt } from './version.ts'

/** How long files stay open. */
export interface SharingOptions {
  /**
   * How long a file stays open after the last response that read it, in ms, so that the next one
   * finds it open. It may be up to a second more, and is less when over 128 files wait like this. A
   * whole number, 1000 by default; 0 closes it at once.
   */
  readonly keepOpen?: number | undefined
}

/** How often to look for files that have stayed open long enough, in ms. */
const SWEEP_EVERY = 1000

/** The most files that stay open although nobody reads them. */
const MAX_IDLE = 128

/** How long a path that was found is assumed to stay in the kernel's memory, in ms. */
const WARM_FOR = 10_000

/** Paths that were found within the last `WARM_FOR` ms. */
const warm = new Recent<true>(WARM_FOR)

interface Shared extends Handle {
  /** How many responses are reading it. */
  users: number
}

/** What further responses may read from, by path. */
const shared = new Map<string, Shared>()

/** Those that nobody reads, the longest idle first, and until when each stays open. */
const idle = new Map<Shared, number>()

let sweeper: NodeJS.Timeout | null = null

/** @throws RangeError unless `keepOpen` is a whole number, 0 or more */
export function expectSharing({ keepOpen }: SharingOptions): void {
  if (keepOpen !== undefined) expectWholeNumber('keepOpen', keepOpen, 0)
}

/**
 * The regular file at a path, as it is now. Responses that find the same version share one
 * descriptor: looking at a path takes a sixth of the time of opening, checking and closing it.
 *
 * Never waits for a slow disk on the main thread: a path that was not found lately is first looked
 * at in another one. That brings its names, its inode and the pages at its ends into the kernel's
 * memory, where they are at hand within microseconds.
 *
 * @param isAllowed asked about what was found, each time
 * @returns null when there is no such file, it is not a regular one, or it is not allowed
 * @throws the operating system's error for any other failure, at once or as a rejection
 */
export function findFile(
  path: string,
  { keepOpen = 1000 }: SharingOptions = {},
  isAllowed: Permission = () => true,
): HeldFile | null | Promise<HeldFile | null> {
  if (!warm.get(path)) return findCold(path, keepOpen, isAllowed)
  const handle = acquire(path, isAllowed)
  if (handle !== null) learnEndsSync(handle)
  return handle && hold(handle, keepOpen)
}

async function findCold(
  path: string,
  keepOpen: number,
  isAllowed: Permission,
): Promise<HeldFile | null> {
  // If something is wrong with the path, opening it will say what.
  await stat(path).catch(() => {})
  const handle = acquire(path, isAllowed)
  if (handle === null) return null
  const file = hold(handle, keepOpen)
  await learnEnds(handle)
  return file
}

function acquire(path: string, isAllowed: Permission): Shared | null {
  const handle = reuse(path, isAllowed) ?? open(path, isAllowed)
  if (handle === null) return null
  warm.set(path, true)
  // Under a weak tag, nobody could tell whether a file is still the same.
  if (isStrong(handle.etag)) shared.set(path, handle)
  return handle
}

function hold(handle: Shared, keepOpen: number): HeldFile {
  handle.users++
  idle.delete(handle)
  return holdFile(handle, () => release(handle, keepOpen))
}

function reuse(path: string, isAllowed: Permission): Shared | null {
  const handle = shared.get(path)
  if (handle === undefined) return null
  if (isCurrent(handle, isAllowed)) return handle
  if (handle.users === 0) closeQuietly(handle)
  else shared.delete(path)
  return null
}

function isCurrent({ path, version }: Handle, isAllowed: Permission): boolean {
  try {
    const found = versionAt(path)
    // If its permissions may have changed, it is opened anew, so that the system checks them.
    const isUntouched = found.ctimeMs === version.ctimeMs
    return isUntouched && isSameVersion(version, found) && isAllowed(path, found)
  } catch {
    // Opening will say why.
    return false
  }
}

function open(path: string, isAllowed: Permission): Shared | null {
  const handle = openPatiently(path, isAllowed)
  return handle && { ...handle, users: 0 }
}

/**
 * Opens a file. Tries again if another took its name at that moment, and if too many are open,
 * without those that nobody reads.
 */
function openPatiently(path: string, isAllowed: Permission): Handle | null {
  try {
    return openFile(path, isAllowed)
  } catch (error) {
    const isCrowded = codeOf(error) === 'EMFILE' || codeOf(error) === 'ENFILE'
    if (isCrowded && idle.size > 0) closeIdle()
    else if (!(error instanceof SourceChangedError)) throw error
    return openFile(path, isAllowed)
  }
}

function release(handle: Shared, keepOpen: number): void {
  if (--handle.users > 0) return
  if (keepOpen === 0 || shared.get(handle.path) !== handle) {
    close(handle)
    return
  }
  idle.set(handle, performance.now() + keepOpen)
  const longestIdle = idle.size > MAX_IDLE ? idle.keys().next().value : undefined
  if (longestIdle !== undefined) closeQuietly(longestIdle)
  if (sweeper === null) sweeper = setTimeout(sweep, SWEEP_EVERY).unref()
}

function sweep(): void {
  closeIdle(performance.now())
  sweeper = idle.size > 0 ? setTimeout(sweep, SWEEP_EVERY).unref() : null
}

/**
 * Closes the files that nobody reads.
 *
 * @param now only those whose time is up by then, on the clock of `performance`; all by default
 */
export function closeIdle(now: number = Number.POSITIVE_INFINITY): void {
  for (const [handle, until] of idle) if (until <= now) closeQuietly(handle)
}

/** Closes a file that nobody reads. If that fails, there is nobody to tell. */
function closeQuietly(handle: Shared): void {
  try {
    close(handle)
  } catch {
    // The file was only read: nothing is lost.
  }
}

function close(handle: Shared): void {
  idle.delete(handle)
  if (shared.get(handle.path) === handle) shared.delete(handle.path)
  closeSync(handle.fd)
}
