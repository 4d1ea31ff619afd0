import type { Item } from './item.ts'

/**
 * The media of a folder as a playlist for players such as VLC and mpv. The addresses are whole: a
 * playlist is often saved, and then opened from elsewhere.
 *
 * @param root the URL of the root
 *
 * @example
 * renderPlaylist(media, 'http://192.168.0.7:8080/')
 * // '#EXTM3U\n#EXTINF:-1,The Detail\nhttp://192.168.0.7:8080/The%20Wire/S01E02.mkv\n'
 */
export function renderPlaylist(media: readonly Item[], root: string): string {
  const lines = media.map(({ path, title, group }) => {
    // A line break in a name would be an entry of its own.
    const label = `${group === '' ? '' : `${group}: `}${title}`.replace(/\p{C}/gu, ' ')
    return `#EXTINF:-1,${label}\n${root}${toHref(path)}\n`
  })
  return `#EXTM3U\n${lines.join('')}`
}

/** A path as a URL relative to its root. */
export function toHref(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}
