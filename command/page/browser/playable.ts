import type { TrackOnPage } from '../track-list.ts'

/** What is played, as the link to it says. */
export interface Playable {
  /** Its path and nothing else. */
  readonly href: string
  readonly kind: 'video' | 'audio'
  readonly title: string
  readonly tracks: readonly TrackOnPage[]
  readonly poster: string | null
  /** Whether the next of its kind follows by itself: an episode or a song. */
  readonly isInSeries: boolean
}

/** The links to what is played. */
export function mediaLinks(within: ParentNode): HTMLAnchorElement[] {
  return [...within.querySelectorAll<HTMLAnchorElement>('.video, .audio')]
}

/** In whole addresses, which stay right when the page goes to another folder. */
export function toPlayable(link: HTMLAnchorElement): Playable {
  const { tracks = '[]', poster = null } = link.dataset
  return {
    href: link.pathname,
    kind: link.matches('.audio') ? 'audio' : 'video',
    title: link.querySelector('.name')?.textContent ?? '',
    tracks: JSON.parse(tracks).map((track: TrackOnPage) => ({
      ...track,
      src: new URL(track.src, location.href).href,
    })),
    poster: poster === null ? null : new URL(poster, location.href).href,
    isInSeries: link.matches('.audio') || link.querySelector('b') !== null,
  }
}
