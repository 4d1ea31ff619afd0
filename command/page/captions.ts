import { stemOf } from './titles.ts'

/** Captions of a film, the lyrics of a song, or the chapters of either. */
export interface Track {
  /** Where the file lies below the root. */
  readonly path: string
  readonly kind: 'captions' | 'subtitles' | 'chapters'
  /** A language tag; '' when the file's name has none. */
  readonly language: string
}

/** The most that one file may have: whoever names the files could fill the page with them. */
const MAX_TRACKS = 32

const LANGUAGE = /\.([a-z]{2,3}(?:-[a-z\d]{2,8})*)$/i

/**
 * Collects the captions of files: those that have their name, but for the extension and an optional
 * language or the word `chapters`.
 *
 * @example
 * const tracks = new Tracks()
 * tracks.add('film.en.vtt')
 * tracks.of('film.mp4') // [{ path: 'film.en.vtt', kind: 'subtitles', language: 'en' }]
 */
export class Tracks {
  readonly #byStem = new Map<string, Track[]>()

  /** @param path of a file for which `isTrack` holds */
  add(path: string): void {
    const stem = stemOf(path)
    const suffix = LANGUAGE.exec(stem)?.[1]
    if (/\.chapters$/i.test(stem)) {
      this.#put(stemOf(stem), { path, kind: 'chapters', language: '' })
      return
    }
    this.#put(stem, { path, kind: 'captions', language: '' })
    if (suffix !== undefined) {
      this.#put(stemOf(stem), { path, kind: 'subtitles', language: suffix })
    }
  }

  /** In the order of their names; at most 32. */
  of(path: string): readonly Track[] {
    const tracks = this.#byStem.get(stemOf(path)) ?? []
    return tracks.sort((a, b) => (a.path < b.path ? -1 : 1))
  }

  #put(stem: string, track: Track): void {
    const known = this.#byStem.get(stem)
    if (known === undefined) this.#byStem.set(stem, [track])
    else if (known.length < MAX_TRACKS) known.push(track)
  }
}

/** Whether a file can hold captions that a browser shows, SubRip's once they are rewritten. */
export function isTrack(name: string): boolean {
  return /\.(?:vtt|srt)$/i.test(name)
}
