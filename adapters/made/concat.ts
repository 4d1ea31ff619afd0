import { expectOptions, unexpected } from '../../src/errors.ts'
import { expectHeaders } from '../../src/headers.ts'
import type { FileSource, HeadersLike } from '../../src/source.ts'
import { nth } from './nth.ts'
import { expectPart, openPart, type Part } from './part.ts'
import { offsetsOf, sourceOf } from './row.ts'
import { joinedTag } from './tag.ts'

/** What is said about the whole, besides its bytes. */
export interface ConcatOptions {
  /** Media type; by default that of the parts, if it is the same for all. */
  readonly type?: string | undefined
  /** Entity tag, quoted; by default a strong one, made of the parts' tags, if all are strong. */
  readonly etag?: string | undefined
  /** When the whole was made; by default nothing is said. */
  readonly lastModified?: Date | undefined
  /** Further header fields, such as Cache-Control. */
  readonly headers?: HeadersLike | undefined
}

/**
 * Several files in a row as one file, with ranges: a film that was split, `.001` and `.002`, the
 * segments of a transport stream. A part that has `open` is opened when its bytes are needed and
 * closed when those of another one are. A source is open already: it is closed with the whole.
 *
 * The tags of files say nothing across files. If one URL may lead to the join of other files whose
 * tags may be the same, give an `etag` that tells them apart.
 *
 * The body breaks off with a SourceChangedError if a part is gone or another version once it is
 * needed.
 *
 * @throws as a rejection, all sources closed: RangeError if a size is not a whole number; TypeError
 * if a part is neither, or a field of `headers` can't be sent
 *
 * @example
 * ```ts
 * const parts = [
 *   { size: 1_000_000, open: () => nodeFile('film.001') },
 *   { size: 400_000, open: () => nodeFile('film.002') },
 * ]
 * serveFile(request, await concat(parts, { type: 'video/mp2t' }))
 * ```
 */
export async function concat(
  parts: readonly (FileSource | Part)[],
  options: ConcatOptions = {},
): Promise<FileSource> {
  // One may be several of the parts.
  const sources = [...new Set(parts.filter(isOpen))]
  const closeSources = async () => {
    await Promise.all(sources.map(async (source) => source.close?.()))
  }
  try {
    const opened = parts.map((part, i) => toPart(`part ${i + 1}`, part))
    expectOptions(options)
    expectHeaders(options.headers)
    const sizes = opened.map(({ size }) => size)
    const tags = opened.map(({ etag }) => etag)
    const row = sourceOf({
      offsets: offsetsOf(sizes),
      open: (index) => openPart(`Part ${index + 1}`, nth(opened, index)),
    })
    return {
      size: row.size,
      type: options.type ?? common(opened.map(({ type }) => type)),
      etag: options.etag ?? (await joinedTag(tags, sizes)),
      lastModified: options.lastModified,
      headers: options.headers,
      read: row.read,
      async close() {
        await Promise.all([row.close?.(), closeSources()])
      },
    }
  } catch (error) {
    await closeSources().catch(() => {})
    throw error
  }
}

/** A source stays open until the whole is closed. */
function toPart(name: string, given: FileSource | Part): Part {
  const part = isOpen(given) ? alwaysOpen(given) : given
  if (part instanceof Object) {
    expectPart(name, part)
    return part
  }
  throw unexpected(`${name} to be a file or to have open()`, given)
}

function isOpen(part: FileSource | Part): part is FileSource {
  return part instanceof Object && !('open' in part)
}

function alwaysOpen(source: FileSource): Part | null {
  if (typeof source.read !== 'function') return null
  const { size, type, etag, lastModified } = source
  const metadata = { size, type, etag, lastModified }
  const read: FileSource['read'] = (start, end, into) => source.read(start, end, into)
  return { ...metadata, open: () => ({ ...metadata, read }) }
}

function common<T>([first, ...others]: readonly T[]): T | undefined {
  return others.every((other) => other === first) ? first : undefined
}
