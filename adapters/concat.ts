/**
 * Files in a row as one file.
 *
 * @example
 * ```ts
 * import { fileHandler } from 'byteserve'
 * import { concat } from 'byteserve/concat'
 * import { nodeFile } from 'byteserve/node'
 *
 * const parts = [
 *   { size: 1_000_000, open: () => nodeFile('film.001') },
 *   { size: 400_000, open: () => nodeFile('film.002') },
 * ]
 *
 * export const handler = fileHandler(() => concat(parts, { type: 'video/mp2t' }))
 * ```
 *
 * @module
 */
export { type ConcatOptions, concat } from './made/concat.ts'
export type { Part } from './made/part.ts'
