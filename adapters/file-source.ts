import type { FileSource, HeadersLike } from '../src/source.ts'
import type { HeldFile } from './held-file.ts'

export interface FileOptions {
  /** Media type; by default what the file's name promises. */
  readonly type?: string | undefined
  /** Further header fields, such as Cache-Control. */
  readonly headers?: HeadersLike | undefined
}

/** An open file as a source that reads it in another thread: right on every runtime. */
export function fileSource(file: HeldFile, { type, headers }: FileOptions): FileSource {
  const { size, etag, lastModified, read, close } = file
  return { size, type: type ?? file.type, etag, lastModified, headers, read, close }
}
