import type { Dirent } from 'node:fs'
import { opendir } from 'node:fs/promises'
import type { Entry } from '../site/tree.ts'
import { atOnce } from '../store/at-once.ts'
import { type Calls, codeOf, isAbsence, unlessAbsent } from './calls.ts'
import type { Devices } from './devices/devices.ts'
import type { HangUp } from './devices/limiter.ts'
import { isReadable } from './permission.ts'
import type { RootDirectory } from './root-directory.ts'
import { openFiles } from './shared.ts'
import { type FileStat, isDirectory, isRegular, lastModified, versionTag } from './version.ts'

/** How many entries are looked at together: enough to be fast, few enough not to hold up others. */
const AT_ONCE = 8

/**
 * The entries of a directory: its files and directories, and what links lead to, as far as that may
 * be served. Of what can't be looked at, there is only the name. Hidden ones are not left out: the
 * site does that. However many there are, only some are held, and no call is made on this thread.
 *
 * @param hangUp ends the wait for a first look
 * @throws Error when the root is gone: that is no empty directory; the operating system's error if
 * this machine fails to look at an entry
 */
export async function* listBelow(
  root: RootDirectory,
  path: string,
  devices: Devices,
  hangUp?: HangUp,
): AsyncGenerator<Entry> {
  const at = root.prefix + path
  const found = await devices.locate(at, hangUp)
  if (found === null) return root.expectThereNow()
  const isAtHand = devices.isResponsiveAt(found)
  const calls = devices.threadPoolCallsAt(at, found)
  const mounted = await devices.mountedIn(at)
  const directory = await unlessAbsent(() => openFiles.makingRoom(() => root.enter(at, calls)))
  if (directory === null) return root.expectThereNow()
  /** Whether it may lead to a mount that stalls, where its directory does not. */
  const mayLeadAway = (dirent: Dirent) => {
    const isMounted = dirent.isDirectory() && (mounted?.has(dirent.name) ?? true)
    return isAtHand && (isMounted || dirent.isSymbolicLink())
  }
  const entryOf = async (dirent: Dirent) => {
    try {
      const safe = mayLeadAway(dirent) ? await devices.callsBehind(`${at}/${dirent.name}`) : calls
      if (safe === null) return null
      const stat = await lookAt(root, `${directory.path}/${dirent.name}`, dirent, safe)
      return stat && toEntry(dirent, stat, devices)
    } catch (error) {
      return unseen(dirent, error)
    }
  }
  const inTurn: InTurn = (call) => devices.run(at, found.stat.dev, call)
  try {
    for await (const entry of atOnce(direntsOf(directory.path, inTurn), entryOf, AT_ONCE)) {
      if (entry !== null) yield entry
    }
  } finally {
    await directory.leave()
  }
}

/** Waits for a call in another thread, and in not too many at once. */
type InTurn = <T>(call: () => Promise<T>) => Promise<T>

/** The names in a directory: each read may wait for the disk. */
async function* direntsOf(path: string, inTurn: InTurn): AsyncGenerator<Dirent> {
  const directory = await openFiles.makingRoom(() => inTurn(() => opendir(path)))
  try {
    for (;;) {
      const dirent = await inTurn(() => directory.read())
      if (dirent === null) return
      yield dirent
    }
  } finally {
    await inTurn(() => directory.close())
  }
}

/** What an entry is, or leads to; null if there is nothing, or it may not be served. */
function lookAt(
  root: RootDirectory,
  path: string,
  dirent: Dirent,
  calls: Calls,
): FileStat | null | Promise<FileStat | null> {
  return dirent.isSymbolicLink()
    ? openFiles.makingRoom(() => root.follow(path, calls))
    : calls.lstat(path)
}

/** Shortages, which pass: the next look may succeed. */
const SHORTAGES = ['EMFILE', 'ENFILE', 'ENOMEM']

/**
 * An entry that could not be looked at. It is there, as its name can be read, and whoever opens it
 * learns why; but of a link, nobody knows whether it leads out of the root.
 *
 * @throws the error if this machine is only short of something
 */
function unseen(dirent: Dirent, error: unknown): Entry | null {
  const code = codeOf(error)
  if (SHORTAGES.includes(code)) throw error
  // What Deno's permissions forbid, which has no code, or Node's, is not listed.
  if (isAbsence(error) || code === '' || code === 'ERR_ACCESS_DENIED') return null
  const { name } = dirent
  if (dirent.isDirectory()) return { name, kind: 'directory' }
  return dirent.isFile() ? { name, kind: 'file' } : null
}

function toEntry(dirent: Dirent, stat: FileStat, devices: Devices): Entry | null {
  if (!(isDirectory(stat) || isRegular(stat))) return null
  const entry = { name: dirent.name, lastModified: lastModified(stat) }
  const link = dirent.isSymbolicLink() ? { isLink: true } : {}
  if (isDirectory(stat)) return { ...entry, ...link, kind: 'directory' }
  // Some file systems of other machines number a file anew at each look. And what may not be opened
  // is no version that anybody gets.
  const isTold = devices.isLocal(stat.dev) && isReadable(stat)
  const tag = isTold ? versionTag(stat, Date.now()) : undefined
  return { ...entry, ...link, kind: 'file', size: stat.size, version: tag }
}
