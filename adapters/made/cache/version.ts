import { type Found, isSource } from '../../../src/lookup.ts'
import type { FileSource, Metadata } from '../../../src/source.ts'
import { isStrong } from '../../../src/validators.ts'

/** What is known of one version of a file: the tag is strong, so that it names its bytes. */
export interface TaggedVersion extends Metadata {
  readonly etag: string
}

/** What a source says of its version; null unless its tag is a strong one. */
export function versionOf({
  size,
  type,
  etag,
  lastModified,
  headers,
}: FileSource): TaggedVersion | null {
  if (!isStrong(etag)) return null
  return { size, type, etag, lastModified, headers }
}

/** Whether what was found is this version of the file. */
export function isOfVersion(found: Found, { size, etag }: TaggedVersion): found is FileSource {
  return isSource(found) && found.size === size && found.etag === etag
}

/** Whether everybody gets the same version: it depends on no field of the request. */
export function isForAll({ headers }: TaggedVersion): boolean {
  const fields = new Headers(headers)
  return !fields.has('vary') && !fields.has('set-cookie')
}
