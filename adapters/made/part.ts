import { expectWholeNumber, SourceChangedError, unexpected } from '../../src/errors.ts'
import { closeSource } from '../../src/reader.ts'
import type { FileSource } from '../../src/source.ts'
import { isStrong } from '../../src/validators.ts'

/** A file that is opened once its bytes are needed; each time, it must be the version said here. */
export interface Part extends Pick<FileSource, 'size' | 'type' | 'etag' | 'lastModified'> {
  /**
   * Opens it, as often as it is asked. It need not be there any more: then the body that needs it
   * breaks off. The source is closed by who opened it.
   */
  open(): FileSource | null | Promise<FileSource | null>
}

/** @throws TypeError unless it is a file, such as a promise of one that was not waited for */
export function expectSource(source: FileSource): void {
  if (typeof source?.read === 'function') return
  throw unexpected('a FileSource with read(start, end)', source)
}

/** @throws RangeError or TypeError unless `part` can be opened */
export function expectPart(name: string, part: Part): void {
  expectWholeNumber(`the size of ${name}`, part.size, 0)
  if (typeof part.open !== 'function') throw new TypeError(`Expected ${name} to have open()`)
}

/**
 * Opens a part.
 *
 * @throws SourceChangedError, as a rejection, if it is gone or another version
 */
export async function openPart(name: string, part: Part): Promise<FileSource> {
  const source = await part.open()
  if (source === null) throw new SourceChangedError(`${name} is gone`)
  if (isVersion(part, source)) return source
  void closeSource(source)
  throw new SourceChangedError(`${name} is no longer the version that was announced`)
}

/**
 * Whether a source is the version that was announced. The weak tag of a file just written becomes
 * strong in time, whichever that is; another weak one is one of another version. A source without
 * a date passes.
 */
function isVersion({ size, etag, lastModified }: Part, source: FileSource): boolean {
  if (source.size !== size) return false
  if (isStrong(etag)) return source.etag === etag
  const isOtherWeak = etag && source.etag && !isStrong(source.etag) && source.etag !== etag
  if (isOtherWeak) return false
  const own = source.lastModified
  return lastModified === undefined || own === undefined || own.getTime() === lastModified.getTime()
}
