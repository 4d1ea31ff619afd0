/**
 * Answers HTTP range requests in any Fetch server (RFC 9110 §13 and §14).
 *
 * `fileHandler` makes a handler of a lookup, which maps a request to a `FileSource`. `decide` and
 * `answer` are its pure core: what is answered, as plain data.
 *
 * @example
 * ```ts
 * import { fileHandler } from 'byteserve'
 * import { nodeDirectory } from 'byteserve/node'
 *
 * export default { fetch: fileHandler(nodeDirectory('media')) }
 * ```
 *
 * @module
 */
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
