import { closeSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { setTimeout } from 'node:timers'
import { type HeldFile, holdFile } from './held-file.ts'
import { type Handle, openFile, type Permission } from './open-file.ts'
import { isSameVersion, versionAt } from './version.ts'

/** For how long a file stays open that nobody reads, in ms; up to twice as long. */
const IDLE_FOR = 1000

/** How many of those there are at most. */
const MOST_IDLE = 128

/** For how long after it was found a path is taken to be in the kernel's memory, in ms. */
const WARM_FOR = 10_000

/** How many such paths are remembered. */
const MOST_WARM = 10_000

/** When each path was found last. */
const warm = new Map<string, number>()

/** What may be read by further responses, by path. */
const shared = new Map<string, Handle>()

/** Since when those of them are idle that are, the longest idle first. */
const idle = new Map<Handle, number>()

let sweeper: NodeJS.Timeout | null = null

/**
 * The regular file at a path, as it is now. Responses that find the same version there read it from
 * one descriptor, which stays open for a second after the last of them: looking at a path takes a
 * sixth of what it takes to open, check and close it.
 *
 * Never waits for a slow disk on the main thread: a path that was not found lately is first looked
 * at in another one, which brings its names and its inode into the kernel's memory, where they are
 * at hand within microseconds.
 *
 * @param isAllowed asked about what was found, each time
 * @returns null when there is no such file, it is not a regular one, or it is not allowed
 * @throws what the operating system says of any other failure, at once or as a rejection
 */
export function findFile(
  path: string,
  isAllowed: Permission = () => true,
): HeldFile | null | Promise<HeldFile | null> {
  const last = warm.get(path) ?? Number.NEGATIVE_INFINITY
  return Date.now() - last < WARM_FOR ? findWarm(path, isAllowed) : findCold(path, isAllowed)
}

async function findCold(path: string, isAllowed: Permission): Promise<HeldFile | null> {
  // What is wrong with the path, opening will say.
  await stat(path).catch(() => {})
  return findWarm(path, isAllowed)
}

function findWarm(path: string, isAllowed: Permission): HeldFile | null {
  const handle = findShared(path, isAllowed) ?? openFile(path, isAllowed)
  if (handle === null) return null
  if (warm.size >= MOST_WARM) warm.clear()
  warm.set(path, Date.now())
  // Nobody could tell whether a file of a weak tag is still the same.
  if (handle.etag.startsWith('"')) shared.set(path, handle)
  handle.users++
  idle.delete(handle)
  return holdFile(handle, release)
}

function findShared(path: string, isAllowed: Permission): Handle | null {
  const handle = shared.get(path)
  if (handle === undefined) return null
  if (isCurrent(handle, isAllowed)) return handle
  if (handle.users === 0) retire(handle)
  else shared.delete(path)
  return null
}

function isCurrent({ path, opened }: Handle, isAllowed: Permission): boolean {
  try {
    const found = versionAt(path)
    return isSameVersion(opened, found) && isAllowed(path, found)
  } catch {
    // Opening will say why.
    return false
  }
}

function release(handle: Handle): void {
  if (--handle.users > 0) return
  if (shared.get(handle.path) !== handle) {
    closeSync(handle.fd)
    return
  }
  idle.set(handle, Date.now())
  const [longest] = idle.keys()
  if (longest !== undefined && idle.size > MOST_IDLE) retire(longest)
  if (sweeper === null) sweeper = setTimeout(sweep, IDLE_FOR).unref()
}

function sweep(): void {
  closeIdle(Date.now() - IDLE_FOR)
  sweeper = idle.size > 0 ? setTimeout(sweep, IDLE_FOR).unref() : null
}

/**
 * Closes the files that nobody reads.
 *
 * @param since only those that nobody has read since then, in ms; all by default
 */
export function closeIdle(since: number = Number.POSITIVE_INFINITY): void {
  for (const [handle, idleSince] of idle) if (idleSince <= since) retire(handle)
}

/** Closes a file that nobody reads, and is not to be found open again. */
function retire(handle: Handle): void {
  idle.delete(handle)
  shared.delete(handle.path)
  try {
    closeSync(handle.fd)
  } catch {
    // Of a file that was only read nothing is lost, and nobody waits for an answer.
  }
}
