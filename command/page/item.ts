import { mediaType } from '../../adapters/site/media-type.ts'
import type { Track } from './captions.ts'
import type { Episode } from './titles.ts'

/** A file as the page shows it. */
export interface Item {
  readonly kind: Kind
  /** Where it lies below the root. */
  readonly path: string
  readonly name: string
  readonly title: string
  /** What it is shown under: a series and its season, an album, a folder; '' for none. */
  readonly group: string
  readonly episode: Episode | null
  /** Where its poster lies below the root. */
  readonly poster: string | null
  readonly tracks: readonly Track[]
  /** In bytes; null if the store did not tell. */
  readonly size: number | null
  readonly lastModified: Date | null
}

export type Kind = 'video' | 'audio' | 'picture' | 'other'

/** 'other' for what no browser shows by itself. */
export function kindOf(name: string): Kind {
  const type = mediaType(name) ?? ''
  // MPEG transport streams need a script to play, and .ts is TypeScript's extension, too.
  if (type.startsWith('video/') && type !== 'video/mp2t') return 'video'
  if (type.startsWith('audio/') && !type.includes('mpegurl')) return 'audio'
  return /^image\/(?:jpeg|png|gif|webp|avif|svg\+xml|bmp)$/.test(type) ? 'picture' : 'other'
}
