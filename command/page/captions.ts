import { stemOf } from './titles.ts'

/** Captions of a film, the lyrics of a song, or the chapters of either. */
export interface Track {
  /** Where the file lies below the root. */
  readonly path: string
  readonly kind: 'captions' | 'subtitles' | 'chapters'
  /** A language tag; '' when the file's name has none. */
  readonly language: string
  /** What else the name says of them, as in `film.en.forced.srt`; '' for nothing. */
  readonly note: string
}

/** The most that one file may have: whoever names the files could fill the page with them. */
const MAX_TRACKS = 32

/** A language and marks, in either order. `hi` means hearing impaired, but Hindi by itself. */
const SUFFIX =
  /((?:\.(?:forced|sdh|cc|default)){0,2})(?:\.([a-z]{2,3}(?:-[a-z\d]{2,8})*))?((?:\.(?:forced|sdh|cc|hi|default)){0,2})$/i

/**
 * Collects the captions of files: those that have their name, but for the extension and an optional
 * language, marks as Plex and Jellyfin write them, or the word `chapters`.
 *
 * @example
 * const tracks = new Tracks()
 * tracks.add('film.en.vtt')
 * tracks.of('film.mp4') // [{ path: 'film.en.vtt', kind: 'subtitles', language: 'en', note: '' }]
 */
export class Tracks {
  readonly #byStem = new Map<string, Track[]>()

  /**
   * @param path of a file for which `isTrack` holds
   * @returns what it may belong to: paths without an extension
   */
  add(path: string): readonly string[] {
    const belongings = readName(path)
    for (const [stem, track] of belongings) this.#put(stem, track)
    return belongings.map(([stem]) => stem)
  }

  /** At most 32, in the order of their names; forced ones last: they hold a part of the words. */
  of(path: string): readonly Track[] {
    const tracks = this.#byStem.get(stemOf(path)) ?? []
    const isForced = ({ note }: Track) => Number(/forced/i.test(note))
    return tracks.sort((a, b) => isForced(a) - isForced(b) || (a.path < b.path ? -1 : 1))
  }

  #put(stem: string, track: Track): void {
    const known = this.#byStem.get(stem)
    if (known === undefined) this.#byStem.set(stem, [track])
    else if (known.length < MAX_TRACKS) known.push(track)
  }
}

/** The language that the name of captions says; '' if none. */
export function languageOf(path: string): string {
  return readName(path).at(-1)?.[1].language ?? ''
}

/** What a file may belong to, and as what. */
function readName(path: string): readonly (readonly [stem: string, track: Track])[] {
  const stem = stemOf(path)
  if (/\.chapters$/i.test(stem)) {
    return [[stemOf(stem), { path, kind: 'chapters', language: '', note: '' }]]
  }
  const whole = [stem, { path, kind: 'captions', language: '', note: '' }] as const
  const [suffix = '', before = '', tag = '', after = ''] = SUFFIX.exec(stem) ?? []
  if (suffix === '') return [whole]
  const kind = tag === '' ? 'captions' : 'subtitles'
  const note = (before + after).slice(1).replaceAll('.', ', ')
  const track: Track = { path, kind, language: canonical(tag), note }
  return [whole, [stem.slice(0, -suffix.length), track]]
}

/** What `eng` and `en` are, and browsers call `en`; as it is where it is no tag. */
function canonical(tag: string): string {
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? ''
  } catch {
    return tag
  }
}

/** Whether a file can hold captions that a browser shows, SubRip's once they are rewritten. */
export function isTrack(name: string): boolean {
  return /\.(?:vtt|srt)$/i.test(name)
}
