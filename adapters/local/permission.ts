import { closeSync, openSync, readlinkSync } from 'node:fs'
import process from 'node:process'
import type { FileStat } from './version.ts'

/** What Deno's own `stat` returns. */
export interface DenoStat extends Pick<FileStat, 'dev' | 'size'> {
  readonly isFile: boolean
  readonly isDirectory: boolean
  readonly isSymlink: boolean
  readonly ino: number | null
  readonly nlink: number | null
  readonly mode: number | null
  readonly uid: number | null
  readonly gid: number | null
  readonly mtime: Date | null
  readonly ctime: Date | null
}

/** What Deno's own `readDir` gives. */
export interface DenoEntry {
  readonly name: string
  readonly isFile: boolean
  readonly isDirectory: boolean
  readonly isSymlink: boolean
}

interface DenoLike {
  statSync(path: string): DenoStat
  lstatSync(path: string): DenoStat
  readDir(path: string): AsyncIterable<DenoEntry>
  readonly noColor: boolean
  readonly permissions: {
    querySync(permission: Permission): { readonly state: string }
  }
}

interface Permission {
  readonly name: string
  readonly kind?: string
  readonly variable?: string
}

export const deno: DenoLike | undefined = Reflect.get(globalThis, 'Deno')

/** Whether it may be done without asking the user; every runtime but Deno may do all. */
export function isGranted(permission: Permission): boolean {
  return deno === undefined || deno.permissions.querySync(permission).state === 'granted'
}

/** The permissions that Deno needs to read /proc: all of them. */
const ALL = ['read', 'write', 'net', 'env', 'sys', 'run', 'ffi']

/**
 * Whether `/proc/self/fd/N` says what descriptor N is, and opens it once more: on Linux, where Deno
 * has full permission.
 */
export const canAskDescriptors: boolean =
  process.platform === 'linux' && ALL.every((name) => isGranted({ name })) && areDescriptors()

/** Whether open files are numbered by their descriptors: before 2.7.14, Deno had numbers of its own. */
function areDescriptors(): boolean {
  try {
    // The root may be a directory that must not be listed.
    const fd = openSync('/proc/self/fd', 'r')
    try {
      return /^\/proc\/\d+\/fd$/.test(readlinkSync(`/proc/self/fd/${fd}`))
    } finally {
      closeSync(fd)
    }
  } catch {
    return false
  }
}

/** Whether the system may be asked what kind of file system a path is on. */
export const canAskFileSystems: boolean =
  process.platform === 'linux' && isGranted({ name: 'sys', kind: 'statfs' })

const FOR_ALL = 0o444
const [OWNER, GROUP, OTHERS] = [0o400, 0o040, 0o004]

/** Whether its permissions say that this process may read a file; false where that is not known. */
export function isReadable({ mode, uid, gid }: FileStat): boolean {
  if ((mode & FOR_ALL) === FOR_ALL) return true
  const user = userId()
  if (user === undefined) return false
  if (user === 0) return true
  if (uid === user) return (mode & OWNER) !== 0
  const isOfGroup = gid === process.getegid?.() || process.getgroups?.().includes(gid)
  return (mode & (isOfGroup ? GROUP : OTHERS)) !== 0
}

/** Deno would ask the user at the terminal for permission. */
function userId(): number | undefined {
  return deno === undefined ? process.geteuid?.() : undefined
}
