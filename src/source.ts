/** What `new Headers` takes. The DOM's name for it is not there where only a server's types are. */
export type HeadersLike = NonNullable<ConstructorParameters<typeof Headers>[0]>

/** What `new Response` takes for a body. */
export type BodyLike = NonNullable<ConstructorParameters<typeof Response>[0]>

/** What a source's `read` gives: bytes, or a stream of exactly the bytes asked for. */
export type Chunk = Uint8Array | ReadableStream<Uint8Array>

/**
 * One version of one file, readable at any offset.
 *
 * @example
 * const data = new TextEncoder().encode('hello, world')
 * const source: FileSource = { size: data.length, read: (start, end) => data.subarray(start, end) }
 */
export interface FileSource {
  /** Complete length in bytes, a whole number. */
  readonly size: number
  /** Media type, ASCII; `application/octet-stream` if neither this nor `headers` names one. */
  readonly type?: string | undefined
  /**
   * Entity tag, quoted: `"abc"`, or `W/"abc"` (RFC 9110 §8.8.3). No download resumes by a weak one
   * (§13.1.5).
   */
  readonly etag?: string | undefined
  /**
   * When this version was made (RFC 9110 §8.8.2). Sent with second precision, once it is at least a
   * second old: until then the file may change again without changing its date.
   */
  readonly lastModified?: Date | undefined
  /**
   * Further header fields: Cache-Control, Content-Encoding, CORS, … Validators, lengths and ranges
   * are computed; the ones given here are dropped. One Set-Cookie at most: more are a TypeError.
   */
  readonly headers?: HeadersLike | undefined
  /**
   * Bodies of up to this many bytes are read whole before the Response is made and sent as one
   * array. 128 KiB by default; more where the runtime drops Content-Length from streams.
   */
  readonly bufferLimit?: number | undefined
  /**
   * Bytes [start, end), 0 <= start < end <= size. An array may hold fewer than asked, as read(2)
   * may: the core asks again for the rest; an empty one means that the file ended early. A stream
   * must hold exactly these bytes. `into` is a buffer that the caller will reuse; filling it, and
   * giving back the filled part, is optional.
   */
  read(start: number, end: number, into?: Uint8Array): Chunk | Promise<Chunk>
  /**
   * The runtime's own body for exactly the bytes [start, end), handed over untouched, or null for
   * "use read". Asked only for a body of one piece, and never for a 200 to a request that carries
   * Range. It owns what it holds open: `close` is not called after it.
   */
  body?(start: number, end: number): BodyLike | null | Promise<BodyLike | null>
  /**
   * The bytes [start, end) without waiting, in memory that the next call may use again, or null for
   * "use body or read". Asked only for a body of one piece of up to `bufferLimit` bytes, and only where
   * they are copied before anything else runs. It blocks the thread: what may take long is for `read`.
   */
  readSync?(start: number, end: number): Uint8Array | null
  /**
   * Called exactly once when the core is done, unless a native body was taken. A read may still be
   * under way (the client hung up): what it gives is dropped.
   */
  close?(): void | Promise<void>
}

/** What a source says of its version. */
export type Metadata = Pick<FileSource, 'size' | 'type' | 'etag' | 'lastModified' | 'headers'>

/** The part of a Request that an answer depends on; `node:http` can offer it without a Request. */
export interface RequestLike {
  /** The method as it was sent, such as `GET`. */
  readonly method: string
  /**
   * Absolute under Fetch. Under `nodeListener` it is `incoming.url`: the request target, such as
   * `/film.mp4?t=1`, with the mount path of Express or Connect removed. Routes of Hono, Bun and Deno
   * keep theirs, so a directory needs `base` there.
   *
   * `new URL(url, 'http://localhost')` parses both. It reads `//x` as a host, and throws if that is
   * not a valid one; the answer is a 503 then.
   */
  readonly url: string
  /** Header fields; null for one that was not sent. Names in any case. */
  readonly headers: { get(name: string): string | null }
}

/**
 * Maps a GET or HEAD to a file, or to null if there is none: a 404. It gets the whole request, so
 * that an object store can answer in one round trip. If it throws or rejects, the answer is a 503,
 * and `onError` is told.
 */
export type FileLookup = (request: RequestLike) => FileSource | null | Promise<FileSource | null>
