/**
 * MP4 files that start to play at once.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { faststartFilms } from 'byteserve/mp4'
 * import { nodeDirectory, nodeListener } from 'byteserve/node'
 *
 * createServer(nodeListener(nodeDirectory('media', { transform: faststartFilms }))).listen(8080)
 * ```
 *
 * @module
 */
export { type FaststartOptions, faststart } from './made/mp4/faststart.ts'
export { faststartFilms } from './made/mp4/films.ts'
