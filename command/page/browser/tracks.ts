import type { TrackOnPage } from '../track-list.ts'
import { one } from './dom.ts'

/**
 * Gives a film its captions, which are shown if those of the last one were, and lists its chapters.
 * It runs in the browser, from its own source text.
 */
export function addTracks(
  medium: HTMLMediaElement,
  tracks: readonly TrackOnPage[],
  last: HTMLMediaElement | null,
): void {
  const shown = [...(last?.textTracks ?? [])].find(({ mode }) => mode === 'showing')
  one('#chapters').hidden = true
  for (const { kind, label, language, src } of tracks) {
    const track = document.createElement('track')
    track.kind = kind
    track.label = label
    track.srclang = language
    track.src = src
    track.default = shown?.label === label
    medium.append(track)
    if (kind !== 'chapters') continue
    track.addEventListener('load', () => {
      if (medium.isConnected) listChapters(track.track)
    })
    // No browser loads what nobody wants to see.
    queueMicrotask(() => {
      track.track.mode = 'hidden'
    })
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
