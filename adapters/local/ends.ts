import { Buffer } from 'node:buffer'
import { readSync } from 'node:fs'
import { isStrong } from '../../src/validators.ts'
import { type Handle, readAt } from './open-file.ts'
import { isSameVersion, versionOf } from './version.ts'

/** How many bytes at each end of a version tell whether the file has only grown. */
const LENGTH = 256

/**
 * Reads and remembers the first and the last bytes of the version that was opened, in another
 * thread.
 */
export async function learnEnds(handle: Handle): Promise<void> {
  if (handle.ends !== null) return
  const { head, tail, bytes } = roomFor(handle)
  try {
    await readAt(handle.fd, head, head.length, 0)
    await readAt(handle.fd, tail, tail.length, handle.version.size - tail.length)
    remember(handle, bytes)
  } catch {
    // Reading the rest will say why.
  }
}

/** Like `learnEnds`, on this thread. */
export function learnEndsSync(handle: Handle): void {
  if (handle.ends !== null) return
  try {
    remember(handle, readEnds(handle))
  } catch {
    // Reading the rest will say why.
  }
}

/**
 * Whether a file that became longer was only appended to, as logs are: its first bytes, and those
 * before its old end, are still the same. A rewrite passes over both, and most formats that grow in
 * place record it in their first bytes. A change in between goes unnoticed.
 */
export function hasGrown(handle: Handle): boolean {
  return handle.ends !== null && readEnds(handle).equals(handle.ends)
}

/** A weak tag promises no particular bytes; under a strong one they must be of what was opened. */
function remember(handle: Handle, bytes: Uint8Array): void {
  const hasChanged = isStrong(handle.etag) && !isSameVersion(versionOf(handle), handle.version)
  if (!hasChanged) handle.ends = bytes
}

function readEnds(handle: Handle): Buffer {
  const { head, tail, bytes } = roomFor(handle)
  readSync(handle.fd, head, 0, head.length, 0)
  readSync(handle.fd, tail, 0, tail.length, handle.version.size - tail.length)
  return bytes
}

/** The two overlap in a short file. */
function roomFor({ version: { size } }: Handle): { head: Buffer; tail: Buffer; bytes: Buffer } {
  const length = Math.min(LENGTH, size)
  const bytes = Buffer.alloc(2 * length)
  return { head: bytes.subarray(0, length), tail: bytes.subarray(length), bytes }
}
