/**
 * Files in a row as one file.
 *
 * @example
 * ```ts
 * import { fileHandler } from 'byteserve'
 * import { concat } from 'byteserve/concat'
 * import { nodeFile } from 'byteserve/node'
 *
 * export const handler = fileHandler(async () => {
 *   const [first, second] = await Promise.all([nodeFile('film.001'), nodeFile('film.002')])
 *   if (first && second) return concat([first, second], { type: 'video/mp2t' })
 *   await Promise.all([first?.close?.(), second?.close?.()])
 *   return null
 * })
 * ```
 *
 * @module
 */
export { type ConcatOptions, concat } from './made/concat.ts'
export type { Part } from './made/part.ts'
