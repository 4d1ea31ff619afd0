import { constants, type Stats } from 'node:fs'

/** What stat(2) says of a file. It tells which file it is, which version, and who may read it. */
export type FileStat = Pick<
  Stats,
  'dev' | 'ino' | 'nlink' | 'mode' | 'uid' | 'gid' | 'size' | 'mtimeMs' | 'ctimeMs'
>

const { S_IFMT, S_IFREG, S_IFDIR, S_IFLNK } = constants

export function isRegular({ mode }: FileStat): boolean {
  return (mode & S_IFMT) === S_IFREG
}

export function isDirectory({ mode }: FileStat): boolean {
  return (mode & S_IFMT) === S_IFDIR
}

export function isLink({ mode }: FileStat): boolean {
  return (mode & S_IFMT) === S_IFLNK
}

/**
 * Whether two looks, one of them at a file that is still open, saw the same version of the same
 * file, with the same permissions. An inode that is open is given to no other file meanwhile.
 */
export function isSame(one: FileStat, other: FileStat): boolean {
  return (
    isSameFile(one, other) &&
    isUntouched(one, other) &&
    // Where the ctime has whole seconds, only these tell that permission was just withdrawn.
    one.mode === other.mode &&
    one.uid === other.uid &&
    one.gid === other.gid
  )
}

/** Whether two looks saw the same file, of whatever version. */
export function isSameFile(one: FileStat, other: FileStat): boolean {
  return one.ino === other.ino && one.dev === other.dev
}

/**
 * Whether two looks at the same open file saw the same bytes. Its inode, which some file systems
 * number anew at each look, says nothing about them, and its ctime, which a rename changes, little.
 */
export function hasSameBytes(one: FileStat, other: FileStat): boolean {
  return one.size === other.size && one.mtimeMs === other.mtimeMs
}

/** Whether nothing at all happened to an open file between two looks at it. */
export function isUntouched(one: FileStat, other: FileStat): boolean {
  return hasSameBytes(one, other) && one.ctimeMs === other.ctimeMs
}

/** The last time that a Date can have, in ms; later ones are cut to it. */
export const LAST_TIME = 8.64e15

/** The modification time in ms: a Date and nanoseconds are rounded differently by the runtimes. */
function modified({ mtimeMs }: FileStat): number {
  return Math.min(Math.floor(mtimeMs), LAST_TIME)
}

/*
 * A clock goes on in steps. What happens to a file within the step of its last change leaves it the
 * same times, which are *racy* until then, as Git has it (Documentation/technical/racy-git).
 */

/** The longest step of a file system's clock, in ms, where it keeps fractions of seconds. */
export const TICK = 20

/** The longest step, in ms, of a clock without fractions: FAT counts in steps of two seconds. */
const COARSE_TICK = 2000

/** Whether a time was kept to less than a second, as far as one can tell. */
function isFine(time: number): boolean {
  return time % 1000 !== 0
}

/**
 * For how many ms more a file may change under the same modification time; 0 if no more.
 *
 * @param isLocal whether the file system's clock is this machine's
 */
export function mtimeRacyFor(stat: FileStat, isLocal: boolean, now: number): number {
  const { mtimeMs, ctimeMs } = stat
  const tick = isLocal && (isFine(mtimeMs) || isFine(ctimeMs)) ? TICK : COARSE_TICK
  // One from the future was set by hand: what is written next gets the time of then.
  const changed = mtimeMs <= now ? mtimeMs : ctimeMs
  return Math.max(0, changed + tick - now)
}

/** For how many ms more anything may happen to a file under the same ctime; 0 if no more. */
export function ctimeRacyFor({ ctimeMs }: FileStat, isLocal: boolean, now: number): number {
  const tick = isLocal && isFine(ctimeMs) ? TICK : COARSE_TICK
  return Math.max(0, ctimeMs + tick - now)
}

/** Whether something may still happen to a file that no later look could tell. */
export function isRacy(stat: FileStat, isLocal: boolean, now: number): boolean {
  return mtimeRacyFor(stat, isLocal, now) > 0 || ctimeRacyFor(stat, isLocal, now) > 0
}

/**
 * Whether a version may lie in an image of a file system, such as SquashFS, that knows one time for
 * both: another image, mounted in its place, may have another file of the same number and times.
 */
export function isOfImage({ mtimeMs, ctimeMs }: FileStat): boolean {
  return mtimeMs === ctimeMs && !isFine(ctimeMs)
}

/**
 * What tells a version, of a device of this machine, from all others that were ever at its path, as
 * far as a look can; undefined if it may still change unnoticed, or could be one of another image.
 * In quotes, as an entity tag: but that says the same on every machine.
 */
export function versionTag(stat: FileStat, now: number): string | undefined {
  if (isRacy(stat, true, now) || isOfImage(stat)) return undefined
  const { ino, size, ctimeMs } = stat
  return `"${ino}-${size}-${modified(stat)}-${Math.floor(ctimeMs)}"`
}

/** Up to this size, a file's tag is made of all of its bytes, and of nothing else. */
export const SMALL: number = 1024 * 1024

/**
 * The entity tag of a version: `"<size>-<checksum>"` of a small file, which says the same on every
 * machine that has these bytes; `"<size>-<mtime in ms>-<checksum of its ends and samples>"` of a
 * larger one, numbers in hex.
 *
 * @param isWeak while it may change under the same tag; this one then differs from all that follow
 */
export function entityTag(stat: FileStat, sum: string, isWeak: boolean): string {
  const time = stat.size > SMALL ? `${modified(stat).toString(16)}-` : ''
  const opaque = `${stat.size.toString(16)}-${time}${sum}`
  return isWeak ? `W/"${opaque}-new"` : `"${opaque}"`
}

/**
 * The year in which the Web began. Earlier dates come from tools that date every file alike: at the
 * epoch, in 1980 with ZIP, in local time or not, in 1985 with npm.
 */
const FIRST_DATE = Date.UTC(1991, 0)

/** When a version was made, if its time can say so. */
export function lastModified(stat: FileStat): Date | undefined {
  const time = modified(stat)
  return time < FIRST_DATE || time === LAST_TIME ? undefined : new Date(time)
}
