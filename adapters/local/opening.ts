import { constants } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { type Calls, codeOf, type Path } from './calls.ts'
import { type FileStat, isDirectory, isRegular, isSameFile } from './version.ts'

/**
 * Without O_NONBLOCK, opening a FIFO waits for a writer; without O_NOCTTY, a terminal could become
 * the one that controls this process. Windows has neither flag.
 */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0)

/** Linux: for a descriptor that only refers to a file. Node has no constant for it. */
export const O_PATH = 0o10000000

/**
 * How long to wait for a file that another process has a lease of, in ms. Samba gives it up within
 * a few ms, and the kernel breaks it after 45 s.
 */
const PATIENCE = [5, 10, 20, 40, ...Array<number>(50).fill(100)]

/** A descriptor, and what was seen of the file when it was opened. */
export interface Descriptor {
  /** The path that was asked for. */
  readonly path: string
  readonly fd: number
  readonly stat: FileStat
}

/** What a descriptor leads to, as Linux says it. */
export function linkOf(fd: number): string {
  return `/proc/self/fd/${fd}`
}

/**
 * Opens what a path leads to, if it is a regular file, and looks at it first: nothing else is ever
 * opened, neither a device nor a FIFO, whose writer would take that for a reader. All that is asked
 * is asked of the same descriptor, so it does not matter where the path leads meanwhile.
 *
 * @param mayServe whether the file that has this name by now may be served
 * @returns null when it is neither a file nor a directory, or may not be served
 * @throws the operating system's error, that of absence included
 */
export async function openByDescriptor(
  at: Path,
  calls: Calls,
  mayServe: (real: Buffer) => boolean,
): Promise<Omit<Descriptor, 'path'> | 'directory' | null> {
  const name = await calls.open(at, O_PATH)
  try {
    const stat = await calls.fstat(name)
    const real = await calls.readlink(linkOf(name))
    if (!mayServe(real)) return null
    if (isDirectory(stat)) return 'directory'
    if (!isRegular(stat)) return null
    // It was replaced just now; or it was removed, and some link leads to a descriptor of it.
    if (stat.nlink === 0 && real.toString('latin1').endsWith(' (deleted)')) {
      const found = await calls.stat(at)
      if (found !== null && isSameFile(found, stat)) return null
    }
    return await openRegular(linkOf(name), calls)
  } finally {
    await calls.close(name)
  }
}

/**
 * Opens a file by its name: for systems that do not say what a descriptor leads to. It may have
 * become a FIFO since it was looked at, which is then closed at once.
 *
 * @returns null when it is no regular file by now
 * @throws the operating system's error, that of absence included
 */
export async function openRegular(
  at: Path,
  calls: Calls,
): Promise<Omit<Descriptor, 'path'> | null> {
  const fd = await openAfterLease(at, calls)
  let isKept = false
  try {
    const stat = await calls.fstat(fd)
    isKept = isRegular(stat)
    return isKept ? { fd, stat } : null
  } finally {
    if (!isKept) await calls.close(fd)
  }
}

/** Opens a file that no other process has a lease of: each try asks for that. No thread waits. */
async function openAfterLease(at: Path, calls: Calls): Promise<number> {
  for (const wait of PATIENCE) {
    try {
      return await calls.open(at, FLAGS)
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error
      await delay(wait)
    }
  }
  return calls.open(at, FLAGS)
}
