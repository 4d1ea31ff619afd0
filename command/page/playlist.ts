import type { Item } from './item.ts'
import type { Query } from './library.ts'
import { hrefOf } from './markup.ts'

/** What players may take for the end of a line. Not all of \p{C}: words are spelt with joiners. */
const LINE_BREAKS = /[\p{Cc}\u2028\u2029]/gu

/**
 * The media of a folder as a playlist for players such as VLC and mpv. The addresses are whole: a
 * playlist is often saved, and then opened from elsewhere.
 *
 * @param base the URL of the folder's page
 *
 * @example
 * renderPlaylist(media, query, 'http://192.168.0.7:8080/The%20Wire/')
 * // '#EXTM3U\n#EXTINF:-1,The Detail\nhttp://192.168.0.7:8080/The%20Wire/S01E02.mkv\n'
 */
export function renderPlaylist(media: readonly Item[], query: Query, base: string): string {
  const lines = media.map(({ path, title, group }) => {
    // A line break in a name would be an entry of its own.
    const label = `${group === '' ? '' : `${group}: `}${title}`.replace(LINE_BREAKS, ' ')
    return `#EXTINF:-1,${label}\n${new URL(hrefOf(path, query), base).href}\n`
  })
  return `#EXTM3U\n${lines.join('')}`
}
