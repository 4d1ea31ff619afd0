import { closeSync, constants, fstatSync, openSync, read, type Stats } from 'node:fs'
import { isStrongDate } from '../../src/validators.ts'
import { mediaType } from '../site/media-type.ts'
import type { Version } from './version.ts'

/** A descriptor of one version of a regular file, and what every answer says about that version. */
export interface Handle {
  readonly path: string
  readonly fd: number
  readonly version: Version
  /** The media type that the file's name implies. */
  readonly type: string | undefined
  /**
   * `"<size>-<mtime in ms>"` in hex; weak while the modification time can't be trusted. If that is
   * one that reproducible builds give to every file, the tag is weak too, and made of the ctime
   * instead.
   */
  readonly etag: string
  readonly lastModified: Date | undefined
  /**
   * The first and the last bytes of this version: a file that was only appended to still has them
   * in the same places. Null until they were read.
   */
  ends: Uint8Array | null
}

/** Whether a file that was found by its path may be served. */
export type Permission = (path: string, version: Version) => boolean

/**
 * Without O_NONBLOCK, opening a FIFO waits for a writer; without O_NOCTTY, a terminal could become
 * the one that controls this process. Windows has neither flag.
 */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0)

/**
 * Opens a regular file.
 *
 * It blocks: with names and inodes in the kernel's cache, that takes some 5 µs, while the way
 * through the thread pool takes over 100 (bench/README.md).
 *
 * @param isAllowed asked about what was opened, before anything is read
 * @returns null when there is no such file, it is not a regular one, or it is not allowed
 * @throws the operating system's error for any other failure
 */
export function openFile(path: string, isAllowed: Permission): Handle | null {
  let fd: number | null = null
  try {
    fd = openSync(path, FLAGS)
    const stat = fstatSync(fd)
    if (stat.isFile() && isAllowed(path, stat)) {
      const handle = { path, fd, type: mediaType(path), ...describe(stat), ends: null }
      fd = null
      return handle
    }
  } catch (error) {
    if (!isAbsence(error)) throw error
  } finally {
    if (fd !== null) closeSync(fd)
  }
  return null
}

/**
 * The dates that tools for reproducible builds give to every file, in seconds since the epoch: ZIP
 * and Cloud Native Buildpacks one in 1980, npm one in 1985. Others, such as Nix and Jib, use the
 * epoch.
 */
const REPRODUCIBLE_DATES = [315_532_800, 315_532_801, 499_162_500]

function describe(stat: Stats): Pick<Handle, 'version' | 'etag' | 'lastModified'> {
  const now = Date.now()
  // Neither `mtime` nor nanoseconds: the runtimes round those differently.
  const modified = Math.floor(stat.mtimeMs)
  if (modified <= 1000 || REPRODUCIBLE_DATES.includes(modified / 1000)) {
    // The ctime says when the file came to this machine. Deno has it in whole seconds only.
    const came = Math.floor(stat.ctimeMs / 1000) * 1000
    const etag = `W/${opaqueTag(stat.size, came, now, 2000)}`
    return { version: stat, etag, lastModified: undefined }
  }
  const strength = isStrongDate(modified, now) ? '' : 'W/'
  const etag = strength + opaqueTag(stat.size, modified, now, 1000)
  return { version: stat, etag, lastModified: new Date(modified) }
}

/** While a file may change again without its time changing, a tag that will not match later. */
function opaqueTag(size: number, time: number, now: number, youth: number): string {
  const state = time <= now && now < time + youth ? '-new' : ''
  return `"${size.toString(16)}-${time.toString(16)}${state}"`
}

const ABSENT = ['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO', 'ENODEV']

/** Whether an error says that there is no such file, rather than that it can't be opened. */
export function isAbsence(error: unknown): boolean {
  return ABSENT.includes(codeOf(error))
}

/** Reads in another thread; returns how many bytes were read, which are fewer at the file's end. */
export function readAt(
  fd: number,
  into: Uint8Array,
  length: number,
  position: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, into, 0, length, position, (error, bytesRead) => {
      if (error) reject(error)
      else resolve(bytesRead)
    })
  })
}

/** The operating system's code of an error, such as `ENOENT`; empty if it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
