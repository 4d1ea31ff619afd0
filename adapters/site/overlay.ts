import { CheckedFields, expectHeaders, type HeaderFields } from '../../src/headers.ts'
import { closeSource } from '../../src/reader.ts'
import type { FileSource, HeadersLike } from '../../src/source.ts'
import type { TreeFile } from './tree.ts'

/**
 * Header fields over others: of a name that several have, the last counts; but Vary lists all that
 * any of them depends on.
 *
 * @throws TypeError unless every server can send them
 */
export function overlay(...layers: readonly (HeadersLike | null | undefined)[]): HeaderFields {
  const fields = new CheckedFields()
  for (const layer of layers) {
    for (const [name, value] of Object.entries(expectHeaders(layer ?? undefined))) {
      const others = name === 'vary' ? fields.vary : undefined
      fields[name] = others === undefined ? value : `${others}, ${value}`
    }
  }
  return fields
}

/**
 * A file with fields that its own lie over; it is closed if one of them can't be sent.
 *
 * @throws TypeError unless every server can send them
 */
export function withDefaults(file: FileSource, defaults: HeadersLike): FileSource {
  try {
    return { ...plain(file), headers: overlay(defaults, file.headers) }
  } catch (thrown) {
    void closeSource(file)
    throw thrown
  }
}

/**
 * A file that can be copied: `{ ...plain(file), headers }`. Spreading an instance of a class would
 * lose its methods, which may also need their `this`.
 */
export function plain(file: TreeFile): TreeFile {
  if (Object.getPrototypeOf(file) === Object.prototype) return file
  const { size, type, etag, lastModified, headers, digest, version, isLive, read, close } = file
  return {
    size,
    type,
    etag,
    lastModified,
    headers,
    version,
    isLive,
    digest: typeof digest === 'function' ? digest.bind(file) : digest,
    // With its properties, such as `read.native`. In JavaScript, `read` may be missing.
    read: read && Object.assign(read.bind(file), read),
    close: close?.bind(file),
  }
}

/**
 * The tag of what is made of one file, as strong as that file's, and never the same.
 *
 * @example
 * derivedTag('W/"abc"', 'faststart') // 'W/"abc-faststart"'
 */
export function derivedTag(tag: string | undefined, how: string): string | undefined {
  return tag?.replace(/"$/, `-${how}"`)
}
