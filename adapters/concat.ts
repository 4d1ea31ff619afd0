/**
 * Files in a row as one file.
 *
 * @module
 */
export { type ConcatOptions, concat } from './made/concat.ts'
export type { Part } from './made/part.ts'
