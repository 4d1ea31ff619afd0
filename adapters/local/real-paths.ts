import type { Buffer } from 'node:buffer'
import { dirname, sep } from 'node:path'
import { type Calls, isNotUtf8 } from './calls.ts'
import type { Devices } from './devices/devices.ts'
import { type FileStat, isDirectory, isSame, isSameFile } from './version.ts'

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
      if (!isNotUtf8(error)) throw error
      // A name above it is not UTF-8: Deno can follow such a path, but not return it.
      const isInside = await this.#isPlain(path, stat, calls)
      return { where: isInside ? 'inside' : 'outside', looks: LOOKS }
    }
  }

  /** Whether no link lies between the root and this file. */
  async #isPlain(path: string, stat: FileStat | null, calls: Calls): Promise<boolean> {
    const found = await calls.lstat(path)
    if (found === null) return false
    if (stat === null ? !isDirectory(found) : !this.#isSame(found, stat)) return false
    for (let at = dirname(path); at.startsWith(this.#prefix); at = dirname(at)) {
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
