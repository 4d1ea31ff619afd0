export { type ConcatOptions, concat } from './made/concat.ts'
export type { Part } from './made/part.ts'
