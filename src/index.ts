export { type Answer, answer } from './answer.ts'
export { exactly } from './body.ts'
export {
  type ByteRanges,
  type Decision,
  decide,
  type RangeLimits,
  type Representation,
} from './decide.ts'
export { LengthMismatchError, SourceChangedError } from './errors.ts'
export type { HeaderFields } from './headers.ts'
export type { ServeOptions } from './prepare.ts'
export {
  type ByteRange,
  contentRange,
  type IntRange,
  type Piece,
  parseRange,
  type RangeSpec,
  resolveRange,
  type SuffixRange,
} from './range.ts'
export { fileHandler, serveFile } from './serve.ts'
export type { Observers, Served } from './served.ts'
export type {
  BodyLike,
  Chunk,
  FileLookup,
  FileSource,
  HeadersLike,
  RequestLike,
} from './source.ts'
