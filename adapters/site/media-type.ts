import { Mime } from 'mime'
import otherTypes from 'mime/types/other.js'
import standardTypes from 'mime/types/standard.js'

const types = new Mime(standardTypes, otherTypes)
types.define(
  {
    'application/vnd.apache.parquet': ['parquet'],
    'application/vnd.pmtiles': ['pmtiles'],
    'application/zstd': ['zst'],
    'audio/flac': ['flac'],
    'video/mp2t': ['ts', 'm2ts', 'mts'],
  },
  true,
)

/**
 * The media type that a file's name implies, with `charset=utf-8` for text; undefined if it implies
 * none. Local files have it unless told otherwise; for other stores it is an option of `site`:
 * `type: mediaType`.
 *
 * @example
 * ```ts
 * mediaType('captions.vtt') // 'text/vtt; charset=utf-8'
 * mediaType('film.mkv') // 'video/x-matroska'
 * site(tree, { type: mediaType })
 * ```
 */
export function mediaType(path: string): string | undefined {
  // Alone, `mime` takes a name without a dot for an extension.
  const type = types.getType(`/${path}`)
  if (type === null) return undefined
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type
}
