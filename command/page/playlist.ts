import type { Item } from './item.ts'
import type { Query } from './library.ts'
import { hrefOf } from './markup.ts'

/** The value of `?playlist` for one that is saved, and then opened from elsewhere. */
export const WHOLE = 'whole'

/**
 * The media of a folder as a playlist for players such as VLC and mpv.
 *
 * @param base the URL of the folder's page, for whole addresses; null for addresses that are relative
 * to the playlist
 *
 * @example
 * renderPlaylist(media, query, 'http://192.168.0.7:8080/The%20Wire/')
 * // '#EXTM3U\n#EXTINF:-1,The Detail\nhttp://192.168.0.7:8080/The%20Wire/S01E02.mkv\n'
 */
export function renderPlaylist(media: readonly Item[], query: Query, base: string | null): string {
  const lines = media.map(({ path, title, group }) => {
    // A line break in a name would be an entry of its own.
    const label = `${group === '' ? '' : `${group}: `}${title}`.replace(/\p{C}/gu, ' ')
    const href = hrefOf(path, query)
    return `#EXTINF:-1,${label}\n${base === null ? href : new URL(href, base).href}\n`
  })
  return `#EXTM3U\n${lines.join('')}`
}
