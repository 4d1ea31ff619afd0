import process from 'node:process'
import { deno } from './calls.ts'
import type { FileStat } from './version.ts'

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

/** Deno would ask whoever sits at the terminal for leave to tell. */
function userId(): number | undefined {
  return deno === undefined ? process.geteuid?.() : undefined
}
