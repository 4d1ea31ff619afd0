import type { ListedFile } from './listing.ts'

/** Captions of a film, or the lyrics of a song. */
export interface Track {
  readonly href: string
  /** A language tag; '' when the file's name has none. */
  readonly language: string
}

/** The most that one file may have: whoever names the files could fill the page with them. */
const MAX_TRACKS = 32

const LANGUAGE = /\.([a-z]{2,3}(?:-[a-z\d]{2,8})*)$/i

/**
 * Finds the captions of a file among these: those that have its name, but for the extension and an
 * optional language.
 *
 * @example
 * const tracksOf = matchTracks(files) // film.mp4, film.vtt, film.en.vtt
 * tracksOf(files[0]) // [{ href: 'film.vtt', language: '' }, { href: 'film.en.vtt', language: 'en' }]
 */
export function matchTracks(files: readonly ListedFile[]): (file: ListedFile) => readonly Track[] {
  const tracks = new Map<string, Track[]>()
  const add = (stem: string, track: Track) => {
    const known = tracks.get(stem) ?? []
    if (known.length < MAX_TRACKS) tracks.set(stem, [...known, track])
  }
  for (const { name, path, href } of files) {
    if (!/\.vtt$/i.test(name)) continue
    const stem = stemOf(path)
    const language = LANGUAGE.exec(stem)?.[1]
    add(stem, { href, language: '' })
    if (language !== undefined) add(stemOf(stem), { href, language })
  }
  return ({ path }) => tracks.get(stemOf(path)) ?? []
}

/** A path without its extension. */
function stemOf(path: string): string {
  return path.replace(/\.[^./]*$/, '')
}
