import { SourceChangedError } from '../../../src/errors.ts'
import { type Found, isSource } from '../../../src/lookup.ts'
import type { ByteRange } from '../../../src/range.ts'
import { BodyReader, closeSource } from '../../../src/reader.ts'
import { onAbort } from '../../../src/runtime.ts'
import { isOfVersion, type TaggedVersion } from './version.ts'

/**
 * Reads a block, into memory of its own, from what a lookup finds for its range; then closes that.
 *
 * @param finding what is found
 * @param path what to call the file in an error
 * @param onProgress called when it is found, and for each chunk of it
 * @throws SourceChangedError, as a rejection, if the file is another version or gone;
 * LengthMismatchError if it ends early; the signal's reason once that is aborted
 */
export async function readBlock(
  finding: Promise<Found | undefined>,
  version: TaggedVersion,
  { start, end }: ByteRange,
  path: string,
  signal: AbortSignal,
  onProgress: () => void,
): Promise<Uint8Array> {
  const found = (await finding) ?? null
  if (!isOfVersion(found, version)) {
    if (found !== null && !isSource(found)) {
      throw new Error(`Expected bytes ${start}-${end - 1} of ${path}, got a ${found.status}`)
    }
    void closeSource(found)
    throw new SourceChangedError(`${path} changed while it was being served`)
  }
  const reader = new BodyReader(found, start, end)
  // It may have been aborted while the lookup was at work.
  onAbort(signal, () => reader.close())
  const bytes = new Uint8Array(end - start)
  while (reader.sent < bytes.length) {
    onProgress()
    const at = reader.sent
    // The source may read into the block itself; if not, it is copied: what it gave may be changed.
    const chunk = await reader.next(bytes.subarray(at))
    if (chunk === null) throw signal.reason
    bytes.set(chunk, at)
  }
  return bytes
}
