import { Buffer } from 'node:buffer'
import { readSync } from 'node:fs'
import { isStrong } from '../src/validators.ts'
import { type Handle, readAt } from './open-file.ts'
import { isSameVersion, versionOf } from './version.ts'

/** How many of the last bytes of a version tell whether the file only grew. */
const LENGTH = 256

/**
 * Learns the last bytes of the version that was opened, in another thread. Where they can't be read,
 * reading the rest will say why.
 */
export async function learnTail(handle: Handle): Promise<void> {
  if (handle.tail !== null) return
  const { bytes, start } = placeOf(handle)
  try {
    await readAt(handle.fd, bytes, bytes.length, start)
    remember(handle, bytes)
  } catch {
    // Reading the rest will say why.
  }
}

/** As `learnTail`, on this thread. */
export function learnTailSync(handle: Handle): void {
  if (handle.tail !== null) return
  try {
    remember(handle, readTail(handle))
  } catch {
    // Reading the rest will say why.
  }
}

/**
 * Whether a longer file is the one that was opened, to which something was added, as logs and
 * recordings are. What rewrites a file gets past its old end only over what stood there.
 */
export function hasGrown(handle: Handle): boolean {
  return handle.tail !== null && readTail(handle).equals(handle.tail)
}

/** Of a file that is being written, which its weak tag says, any tail is as good. */
function remember(handle: Handle, bytes: Uint8Array): void {
  if (!isStrong(handle.etag) || isSameVersion(versionOf(handle), handle.opened)) handle.tail = bytes
}

function readTail(handle: Handle): Buffer {
  const { bytes, start } = placeOf(handle)
  readSync(handle.fd, bytes, 0, bytes.length, start)
  return bytes
}

function placeOf({ opened: { size } }: Handle): { bytes: Buffer; start: number } {
  const bytes = Buffer.alloc(Math.min(LENGTH, size))
  return { bytes, start: size - bytes.length }
}
