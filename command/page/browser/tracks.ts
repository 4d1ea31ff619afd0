import type { TrackOnPage } from '../track-list.ts'
import { one } from './dom.ts'

/**
 * Gives a film its captions in place of those of the last one, whose kind is shown again, and lists
 * its chapters; to be told before it gets its source. It runs in the browser, from its own source
 * text.
 */
export function changeTracks(
  medium: HTMLMediaElement,
  tracks: readonly TrackOnPage[],
  shown: string | null,
): void {
  one('#chapters').hidden = true
  medium.replaceChildren(...tracks.map(makeTrack))

  function makeTrack({ kind, label, language, src }: TrackOnPage): HTMLTrackElement {
    const track = document.createElement('track')
    track.kind = kind
    track.label = label
    track.srclang = language
    track.src = src
    track.addEventListener('load', () => {
      if (kind === 'chapters' && track.isConnected) listChapters(track.track)
    })
    // By `default`, Firefox shows it in an element's first film only. WebKit, where there are several,
    // turns off what was shown before this event.
    medium.addEventListener('loadstart', () => setMode(track), { once: true })
    return track
  }

  function setMode({ kind, label, track, isConnected }: HTMLTrackElement): void {
    // The next film may have come before this event.
    if (!isConnected) return
    if (label === shown) track.mode = 'showing'
    // No browser loads what nobody wants to see.
    if (kind === 'chapters') track.mode = 'hidden'
  }

  function listChapters({ cues }: TextTrack): void {
    const items = [...(cues ?? [])].map((cue) => {
      const button = document.createElement('button')
      button.type = 'button'
      button.textContent = 'text' in cue ? String(cue.text) : cue.id
      button.addEventListener('click', () => {
        medium.currentTime = cue.startTime
      })
      const item = document.createElement('li')
      item.append(button)
      return item
    })
    one('#chapters').replaceChildren(...items)
    one('#chapters').hidden = items.length === 0
  }
}

/** What the captions are called that are shown; null for none. */
export function captionsOf(medium: HTMLMediaElement | null): string | null {
  return [...(medium?.textTracks ?? [])].find(({ mode }) => mode === 'showing')?.label ?? null
}

/** Shows the captions in the reader's language, the first if there are none, or hides them. */
export function toggleCaptions({ textTracks }: HTMLMediaElement): void {
  const tracks = [...textTracks].filter(({ kind }) => kind !== 'chapters')
  const isShown = tracks.some(({ mode }) => mode === 'showing')
  const mainOf = (tag: string) => tag.split('-')[0]
  const track =
    tracks.find(({ language }) => language === navigator.language) ??
    tracks.find(({ language }) => mainOf(language) === mainOf(navigator.language)) ??
    tracks[0]
  for (const each of tracks) each.mode = 'disabled'
  if (!isShown && track !== undefined) track.mode = 'showing'
}
