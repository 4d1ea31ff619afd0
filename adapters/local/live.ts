import { Buffer } from 'node:buffer'
import { SourceChangedError } from '../../src/errors.ts'
import type { FileSource } from '../../src/source.ts'
import { mediaType } from '../site/media-type.ts'
import { overlay } from '../site/overlay.ts'
import type { FileOptions } from './file-source.ts'
import { memory } from './shared.ts'
import type { Unversioned } from './unversioned.ts'

/** What is said of a file that has no version: nobody may keep a part of it. */
const NOT_STORED = { 'cache-control': 'no-store' }

/** The fields of a file without a version. */
export function liveFields({ headers }: FileOptions): Readonly<Record<string, string>> {
  return overlay(headers, NOT_STORED)
}

/**
 * A file that is being written, as far as it is there now: without a tag or a date, since two
 * answers may be of two states of it. If it grows or is rewritten meanwhile, what it has then is
 * sent; if it becomes shorter, the body breaks off.
 */
export function liveSource(file: Unversioned, options: FileOptions): FileSource {
  const { path, opened } = file
  return {
    size: opened.size,
    type: options.type ?? mediaType(path),
    headers: liveFields(options),
    async read(start, end, into) {
      const length = Math.min(end - start, into?.length ?? memory.chunkSize())
      const room = into?.subarray(0, length) ?? Buffer.allocUnsafeSlow(length)
      const given = await file.read(room, start)
      if (given === 0) throw new SourceChangedError(`${path} became shorter while it was served`)
      return given === length ? room : room.subarray(0, given)
    },
    close: () => file.close(),
  }
}
