import type { FileSource } from '../../../src/source.ts'
import { faststart } from './faststart.ts'

const FILM = /\.(?:mp4|m4v|m4a|m4b|mov|3gp)$/i

/**
 * `faststart` of whatever is called like an MP4: for the option `transform` of a site, as it
 * stands.
 *
 * @example
 * ```ts
 * nodeDirectory('media', { transform: faststartFilms })
 * ```
 */
export function faststartFilms(file: FileSource, path: string): FileSource | Promise<FileSource> {
  return FILM.test(path) ? faststart(file, { id: path }) : file
}
