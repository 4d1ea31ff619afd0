import type { Buffer } from 'node:buffer'
import { basename, dirname, sep } from 'node:path'
import { type Calls, codeOf, isNotUtf8 } from './calls.ts'
import type { Devices } from './devices/devices.ts'
import { type FileStat, isDirectory, isLink, isSame, isSameFile } from './version.ts'

/**
 * Whether names are asked that lead to a file and are not its own: on Windows, `A.TXT` leads to
 * `a.txt`, and `GIT~1` to `.git`. (Of these, macOS knows the first.)
 */
const HAS_ALIASES = sep === '\\'

/** What may be a short name, as Windows gives one to each long name. */
const MAY_BE_SHORT = /~\d/

/** Where a file lies according to its names; `unclear` if these changed meanwhile. */
type Whereabouts = 'inside' | 'outside' | 'unclear'

/**
 * How often names are looked up before they are believed. An attacker who swaps a directory for a
 * link, and back, has to hit two moments in each look, and these moments are as good as random.
 */
const LOOKS = 16

/** In the root itself, one look is enough for a yes: nothing above it can be swapped. */
const LOOKS_IN_ROOT = 1

/**
 * Whether files lie below a root, by where realpath(3) says that their names lead: for systems that
 * do not say what a descriptor leads to. Names may be swapped between two looks, so the answer may
 * be wrong, but too rarely for anybody to see it (docs/security.md).
 */
export class RealPaths {
  readonly #root: string
  readonly #prefix: string
  readonly #devices: Devices

  constructor(root: string, devices: Devices) {
    this.#root = root
    this.#prefix = root.endsWith(sep) ? root : root + sep
    this.#devices = devices
  }

  /**
   * Whether a path is the one that the system itself writes: on Windows, no other is found, so that
   * whoever decides by its path sees the one path that a file has. Of a link, it does not say how
   * its name is written.
   */
  async isOwn(path: string, calls: Calls): Promise<boolean> {
    if (!HAS_ALIASES) return true
    const below = path.slice(this.#prefix.length)
    // Another stream of a file, or the same by another name.
    if (below.includes(':')) return false
    try {
      const real = (await calls.realpath(path)).toString()
      return (
        real.endsWith(sep + below.replaceAll('/', sep)) ||
        (await this.#hasOwnNames(path, real, calls))
      )
    } catch (error) {
      if (!isUntold(error)) throw error
      return !MAY_BE_SHORT.test(below)
    }
  }

  /** Whether each name in a path is that of what is there. */
  async #hasOwnNames(path: string, real: string, calls: Calls): Promise<boolean> {
    for (let [at, is] = [path, real]; at.length > this.#prefix.length; ) {
      const above = (await calls.realpath(dirname(at))).toString()
      const found = await calls.lstat(at)
      const isLed = (found !== null && isLink(found)) || dirname(is) !== above
      if (isLed ? MAY_BE_SHORT.test(basename(at)) : basename(at) !== basename(is)) return false
      at = dirname(at)
      is = above
    }
    return true
  }

  /**
   * Looks whether a path leads to this file below the root, until that can be believed:
   * all looks have to say the same.
   *
   * @param stat null for a directory
   */
  async prove(path: string, stat: FileStat | null, calls: Calls): Promise<Whereabouts> {
    const { where, looks } = await this.#look(path, stat, calls)
    for (let i = 1; i < looks; i++) {
      await pause(path, calls)
      if ((await this.#look(path, stat, calls)).where !== where) return 'unclear'
    }
    return where
  }

  /** Looks once. */
  async look(path: string, stat: FileStat | null, calls: Calls): Promise<Whereabouts> {
    return (await this.#look(path, stat, calls)).where
  }

  async #look(path: string, stat: FileStat | null, calls: Calls): Promise<Look> {
    try {
      const root = await calls.realpath(this.#root)
      const real = await calls.realpath(path)
      // The root may have been turned in between: not each time.
      if (!isBelow(real, root)) return { where: 'outside', looks: LOOKS }
      const isInRoot = real.indexOf(sep, root.length + 1) < 0
      if (!isInRoot) await pause(path, calls)
      const found = stat && (await calls.lstat(real))
      const isThere = stat === null || (found !== null && this.#isSame(found, stat))
      return { where: isThere ? 'inside' : 'unclear', looks: isInRoot ? LOOKS_IN_ROOT : LOOKS }
    } catch (error) {
      if (!isUntold(error)) throw error
      const isInside = await this.#isPlain(path, stat, calls)
      return { where: isInside ? 'inside' : 'outside', looks: LOOKS }
    }
  }

  /** Whether no link lies between the root and this file. */
  async #isPlain(path: string, stat: FileStat | null, calls: Calls): Promise<boolean> {
    const found = await calls.lstat(path)
    if (found === null) return false
    if (stat === null ? !isDirectory(found) : !this.#isSame(found, stat)) return false
    for (let at = dirname(path); at.length > this.#prefix.length; at = dirname(at)) {
      const above = await calls.lstat(at)
      if (above === null || !isDirectory(above)) return false
    }
    return true
  }

  /** Some network and FUSE mounts number a file anew at each look; then all else must agree. */
  #isSame(found: FileStat, stat: FileStat): boolean {
    if (isSameFile(found, stat)) return true
    return !this.#devices.isLocal(stat.dev) && isSame({ ...found, ino: stat.ino }, stat)
  }
}

/**
 * Whether a path may lead to something, but not be returned: a name above it is not UTF-8, on Deno;
 * or it is on a drive of Windows that the system has no name for, as those in memory (ImDisk) or of
 * a cloud (rclone).
 */
function isUntold(error: unknown): boolean {
  return isNotUtf8(error) || codeOf(error) === 'EISDIR'
}

interface Look {
  readonly where: Whereabouts
  /** How many looks have to say so. */
  readonly looks: number
}

/** Takes as long as up to three calls, at random: an attacker can't keep in step with that. */
async function pause(path: string, calls: Calls): Promise<void> {
  for (let i = Math.floor(4 * Math.random()); i > 0; i--) await calls.stat(path)
}

/** Whether a path is a directory's, or lies below it: both are absolute, with links resolved. */
export function isBelow(path: Buffer, root: Buffer): boolean {
  const [at, start] = [path.toString('latin1'), root.toString('latin1')]
  return at === start || at.startsWith(start.endsWith(sep) ? start : start + sep)
}
