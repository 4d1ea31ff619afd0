import { Buffer } from 'node:buffer'
import * as fs from 'node:fs'
import process from 'node:process'
import { promisify } from 'node:util'
import { type DenoStat, deno } from './permission.ts'
import { type FileStat, LAST_TIME } from './version.ts'

/** A path as the system has it: a name need not be UTF-8. */
export type Path = string | Buffer

/** Calls to the system about files, on this thread. */
interface SyncCalls {
  open(path: Path, flags: number): number
  close(fd: number): void
  /** Returns how many bytes were read, which may be fewer: none only at the file's end. */
  read(fd: number, into: Uint8Array, start: number): number
  /** Links followed; null if there is nothing at the path. */
  stat(path: Path): FileStat | null
  /** What a path is, or the link itself if it is one. */
  lstat(path: Path): FileStat | null
  fstat(fd: number): FileStat
  /** The modification time, cut to ms towards 1970: `mtimeMs` rounds the last 122 ns of one. */
  modified(fd: number): number
  readlink(path: Path): Buffer
  realpath(path: Path): Buffer
}

/** Calls to the system about files, in another thread. */
type ThreadPoolCalls = {
  readonly [Name in keyof SyncCalls]: (
    ...args: Parameters<SyncCalls[Name]>
  ) => Promise<ReturnType<SyncCalls[Name]>>
}

/** Calls to the system about files, on either thread. */
export type Calls = {
  readonly [Name in keyof SyncCalls]: (
    ...args: Parameters<SyncCalls[Name]>
  ) => ReturnType<SyncCalls[Name]> | Promise<ReturnType<SyncCalls[Name]>>
}

/** Making an error takes longer than the call itself. */
const NULL_IF_ABSENT = { throwIfNoEntry: false } as const

/** On this thread: some µs each if the kernel has the answer in memory, else the disk's time. */
export const onThisThread: SyncCalls = {
  open: (path, flags) => fs.openSync(path, flags),
  close: (fd) => fs.closeSync(fd),
  read: (fd, into, start) => fs.readSync(fd, into, 0, into.length, start),
  stat(path) {
    try {
      // Deno's own `stat` takes a third of the time that its `node:fs` takes.
      if (deno) return fromDeno(deno.statSync(path.toString()))
      const found = fs.statSync(path, NULL_IF_ABSENT)
      return found === undefined ? null : tidy(found)
    } catch (error) {
      return nullIfAbsent(error)
    }
  },
  lstat(path) {
    try {
      if (deno) return fromDeno(deno.lstatSync(path.toString()))
      const found = fs.lstatSync(path, NULL_IF_ABSENT)
      return found === undefined ? null : tidy(found)
    } catch (error) {
      return nullIfAbsent(error)
    }
  },
  fstat: (fd) => tidy(fs.fstatSync(fd)),
  modified: (fd) => msOf(fs.fstatSync(fd, { bigint: true })),
  readlink: (path) => toBuffer(fs.readlinkSync(path, 'buffer')),
  realpath: (path) => toBuffer(fs.realpathSync.native(path, 'buffer')),
}

const open = promisify(fs.open)
const close = promisify(fs.close)
const stat = promisify(fs.stat)
const lstat = promisify(fs.lstat)
const fstat = promisify(fs.fstat)
const readlink = promisify(fs.readlink)
const realpath = fs.promises.realpath

/** In a thread of the runtime's pool. */
export const inThreadPool: ThreadPoolCalls = {
  open: (path, flags) => open(path, flags),
  close: (fd) => close(fd),
  read: (fd, into, start) =>
    new Promise((resolve, reject) => {
      fs.read(fd, into, 0, into.length, start, (error, bytesRead) => {
        if (error) reject(error)
        else resolve(bytesRead)
      })
    }),
  stat: (path) => stat(path).then(tidy, nullIfAbsent),
  lstat: (path) => lstat(path).then(tidy, nullIfAbsent),
  fstat: (fd) => fstat(fd).then(tidy),
  modified: (fd) => fstat(fd, { bigint: true }).then(msOf),
  readlink: (path) => readlink(path, 'buffer').then(toBuffer),
  realpath: (path) => realpath(path, 'buffer').then(toBuffer),
}

/**
 * Fills memory with the bytes from a position on, and says how many there were before the file's
 * end: before that, too, some file systems give fewer at once than were asked for.
 */
export async function readAll(
  into: Uint8Array,
  start: number,
  read: (into: Uint8Array, start: number) => Promise<number>,
): Promise<number> {
  let length = 0
  while (length < into.length) {
    const given = await read(into.subarray(length), start + length)
    if (given === 0) break
    length += given
  }
  return length
}

/** Errors that say that there is no file to serve at a path. */
const ABSENT = ['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO', 'ENODEV']

/** Whether an error says that there is no file to serve at a path. */
export function isAbsence(error: unknown): boolean {
  return ABSENT.includes(codeOf(error))
}

/** Whether an error is Deno's for a path that text can't hold. */
export function isNotUtf8(error: unknown): boolean {
  return error instanceof Error && error.name === 'InvalidData'
}

/** The operating system's code of an error, such as `ENOENT`; empty if it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

/** What a call gives, or null if it fails because there is no file to serve. */
export async function unlessAbsent<T>(call: () => T | Promise<T>): Promise<T | null> {
  try {
    return await call()
  } catch (error) {
    return nullIfAbsent(error)
  }
}

function nullIfAbsent(error: unknown): null {
  if (isAbsence(error)) return null
  throw error
}

export function fromDeno(stat: DenoStat): FileStat {
  const { dev, ino, nlink, mode, uid, gid, size, mtime, ctime } = stat
  return tidy({
    dev,
    ino: ino ?? 0,
    nlink: nlink ?? 1,
    mode: mode ?? kindOf(stat),
    uid: uid ?? 0,
    gid: gid ?? 0,
    size,
    mtimeMs: mtime?.getTime() ?? 0,
    ctimeMs: ctime?.getTime() ?? 0,
  })
}

/** The file type as a mode, for Windows, where Deno has no mode. */
function kindOf({ isFile, isDirectory, isSymlink }: DenoStat): number {
  const { S_IFREG, S_IFDIR, S_IFLNK } = fs.constants
  return isFile ? S_IFREG : isDirectory ? S_IFDIR : isSymlink ? S_IFLNK : 0
}

/**
 * Whether one device has two numbers: on Windows 11, libuv 1.49 and 1.50 (Node 22.12 to 22.16, 24.0
 * and 24.1) say another one of a path than of a descriptor, mostly 0 (libuv/libuv#4698).
 */
const HAS_TWO_NUMBERS =
  process.platform === 'win32' && /^1\.(?:49|50)\./.test(process.versions.uv ?? '')

/** On Deno, a time beyond the last Date is NaN, which equals nothing, not even itself. */
function tidy<V extends FileStat>(stat: V): V {
  if (HAS_TWO_NUMBERS) return { ...stat, dev: 0 }
  if (deno && Number.isNaN(stat.mtimeMs)) return { ...stat, mtimeMs: LAST_TIME }
  return stat
}

function msOf({ mtimeNs }: { readonly mtimeNs: bigint }): number {
  return Number(mtimeNs / 1_000_000n)
}

/** Deno gives text where bytes were asked for. */
function toBuffer(text: string | Buffer): Buffer {
  return typeof text === 'string' ? Buffer.from(text) : text
}
