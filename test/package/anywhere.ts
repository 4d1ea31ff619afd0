import {
  type ByteRange,
  type FileLookup,
  type FileSource,
  fileHandler,
  parseRange,
  resolveRange,
  type ServeOptions,
} from 'byteserve'
import { blobFile } from 'byteserve/blob'
import { type R2BucketLike, r2Bucket } from 'byteserve/r2'

const bytes = new Uint8Array(3)

export const source: FileSource = {
  size: 3,
  headers: { 'cache-control': 'no-cache' },
  read: Object.assign((start: number, end: number) => bytes.subarray(start, end), {
    native: { body: (start: number, end: number) => new Blob([bytes]).slice(start, end) },
  }),
}

// @ts-expect-error: header fields are not a number, even where a type's name can't be resolved
export const wrong: FileSource = { size: 3, headers: 3, read: () => bytes }

const options: ServeOptions = { maxRanges: 4, onServed: ({ sent }) => console.log(sent?.toFixed()) }

export function handlers(bucket: R2BucketLike): ((request: Request) => Promise<Response>)[] {
  const memory: FileLookup = () => blobFile(new Blob(['hello, world']), { headers: new Headers() })
  return [fileHandler(memory, options), fileHandler(r2Bucket(bucket, { base: '/media/' }))]
}

export function firstRange(field: string, size: number): ByteRange | null {
  const [spec] = parseRange(field) ?? []
  return spec === undefined ? null : resolveRange(spec, size)
}
