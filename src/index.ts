export { type Answer, answer, redirect } from './answer.ts'
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
export { type FileLookup, type Found, isSource } from './lookup.ts'
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
export { readBytes } from './reader.ts'
export type { ServeOptions } from './respond.ts'
export { fileHandler, matchFile, serveFile } from './serve.ts'
export type { Observers, Served, Serving } from './served.ts'
export type {
  BodyLike,
  Chunk,
  Digests,
  FileSource,
  HeadersLike,
  NativeRead,
  Read,
  RequestLike,
} from './source.ts'
