/**
 * MP4 files that start to play at once.
 *
 * @module
 */
export { type FaststartOptions, faststart } from './made/mp4/faststart.ts'
export { faststartFilms } from './made/mp4/films.ts'
