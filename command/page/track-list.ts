import type { Track } from './captions.ts'
import type { Query } from './library.ts'
import { escapeHtml, hrefOf } from './markup.ts'

/** A track of what is played, as the page has it. */
export interface TrackOnPage {
  readonly kind: Track['kind']
  readonly language: string
  readonly label: string
  readonly src: string
}

export function toTrackList(tracks: readonly Track[], query: Query): TrackOnPage[] {
  return tracks.map((track) => ({
    kind: track.kind,
    language: track.language,
    label: labelOf(track),
    src: hrefOf(track.path, query) + (/\.srt$/i.test(track.path) ? '?vtt' : ''),
  }))
}

export function renderTrack({ kind, language, label, src }: TrackOnPage): string {
  const tag = language === '' ? '' : ` srclang="${language}"`
  return `<track kind="${kind}"${tag} label="${escapeHtml(label)}" src="${src}">`
}

function labelOf({ kind, language, note }: Track): string {
  if (kind === 'chapters') return 'Chapters'
  const name = language === '' ? 'Captions' : nameOfLanguage(language)
  return note === '' ? name : `${name} (${note})`
}

const languages = new Intl.DisplayNames('en', { type: 'language' })

function nameOfLanguage(tag: string): string {
  try {
    return languages.of(tag) ?? tag
  } catch {
    return tag
  }
}
