/** What `new Headers` accepts: the DOM's HeadersInit, a name that server-only types lack. */
export type HeadersLike = NonNullable<ConstructorParameters<typeof Headers>[0]>

/** What `new Response` accepts as a body. */
export type BodyLike = NonNullable<ConstructorParameters<typeof Response>[0]>

/** What `read` returns: bytes, or a stream of exactly the bytes asked for. */
export type Chunk = Uint8Array | ReadableStream<Uint8Array>

/**
 * One version of one file, readable at any offset. It is for one response, unless it has no
 * `close`.
 *
 * To change what a file says about itself, copy it: `{ ...file, headers }`. To change its bytes,
 * give the copy a `read` of its own.
 *
 * @example
 * ```ts
 * const data = new TextEncoder().encode('hello, world')
 * const source: FileSource = { size: data.length, read: (start, end) => data.subarray(start, end) }
 * ```
 */
export interface FileSource {
  /** Complete length in bytes, a whole number. */
  readonly size: number
  /** Media type, ASCII; `application/octet-stream` if neither this nor `headers` names one. */
  readonly type?: string | undefined
  /**
   * Entity tag, quoted: `"abc"`, or `W/"abc"` (RFC 9110 §8.8.3). No download resumes by a weak one
   * (§13.1.5); one that sends the date does.
   */
  readonly etag?: string | undefined
  /**
   * When this version was made (RFC 9110 §8.8.2). Sent to the second, and only once it is at least
   * a second old: until then the file may change again without its date changing.
   */
  readonly lastModified?: Date | undefined
  /**
   * Further header fields: Cache-Control, Content-Encoding, CORS, … Validators, lengths and ranges
   * are computed, and dropped if given here. At most one Set-Cookie, as everywhere: several are a
   * TypeError. Append further ones to the Response, or set them before `nodeListener`.
   */
  readonly headers?: HeadersLike | undefined
  /**
   * Digests of the whole file, or a function that is called only for a client that asks for one. A
   * `site` sends them as Repr-Digest (RFC 9530).
   */
  readonly digest?:
    | Digests
    | (() => Digests | null | undefined | Promise<Digests | null | undefined>)
    | undefined
  /** Its bytes, from any offset on. */
  readonly read: Read
  /**
   * Called exactly once when the core is done, unless a native body was taken. A read may still be
   * under way, if the client hung up: its result is dropped. No client waits for it.
   */
  readonly close?: (() => void | Promise<void>) | undefined
}

/**
 * Digests of a file by their names in RFC 9530: `sha-256`, `sha-512`, and `md5` and `sha` for
 * clients that know nothing else.
 */
export type Digests = Readonly<Record<string, Uint8Array>>

/** How a source is read. */
export interface Read {
  /**
   * Bytes [start, end), 0 <= start < end <= size; `end` may be that of the file. An array may hold
   * fewer than asked, as pread(2) may: the core asks again for the rest, so give no more than you
   * would hold in memory. An empty one means that the file ended early. A stream must hold exactly
   * these bytes, and end. An array is the core's until the response is over: never fill it again.
   *
   * `into` is a buffer that the caller will reuse: the source may fill it and return the filled
   * part, or ignore it. Once it has returned, nothing may write to it or keep it. So a source that
   * wraps another, and caches its arrays or gives up on a slow read, must not pass `into` on.
   */
  (start: number, end: number, into?: Uint8Array): Chunk | Promise<Chunk>
  /**
   * The runtime's own ways to the same bytes, for authors of adapters. They belong to this
   * function: a copy of the source with another `read` does not have them.
   */
  readonly native?: NativeRead | undefined
}

/** Ways to a source's bytes that only one runtime has. */
export interface NativeRead {
  /**
   * The runtime's own body for exactly the bytes [start, end), handed over untouched, or null for
   * "use read". Called only for a body of one piece, and never for a 200 to a request that carries
   * Range; `nodeListener` never calls it. A stream's length is not checked: if you can't vouch for
   * it, wrap it in `exactly`. The body must free whatever it holds open: `close` is not called.
   */
  readonly body?:
    | ((start: number, end: number) => BodyLike | null | Promise<BodyLike | null>)
    | undefined
  /**
   * The bytes [start, end), read synchronously, in memory that the next call may overwrite; or null
   * for "use body or read". Called only for a body of one piece of up to `bufferLimit` bytes, and
   * only where they are copied before anything else runs. It blocks the thread: leave slow reads to
   * `read`.
   */
  readonly sync?: ((start: number, end: number) => Uint8Array | null) | undefined
  /**
   * Bodies of up to this many bytes are read whole before the Response is made, and sent as one
   * array. By default 128 KiB; on Node under HTTP/2, one chunk. Set more for Bun, which drops
   * Content-Length from streams.
   */
  readonly bufferLimit?: number | undefined
  /**
   * Whether one response's bytes can be read, in order, and no others besides: so it is with files
   * of another server that has no ranges, or no strong tag by which to join two of its answers.
   */
  readonly isOnce?: boolean | undefined
}

/** The part of a source that a body is read from. */
export type Contents = Pick<FileSource, 'read' | 'close'>

/** What a source says about its version. */
export type Metadata = Pick<FileSource, 'size' | 'type' | 'etag' | 'lastModified' | 'headers'>

/** The part of a Request that an answer depends on; `node:http` can offer it without a Request. */
export interface RequestLike {
  /** The method as it was sent, such as `GET`. */
  readonly method: string
  /**
   * Absolute under Fetch. Under `nodeListener` it is `incoming.url`: the request target, such as
   * `/film.mp4?t=1`, with the mount path of Express or Connect removed. `files` of `byteserve/hono`
   * removes that of its route. Other routes of Hono, Bun and Deno leave it in the URL, so a
   * directory needs `base` there.
   *
   * `toRelativePath` of `byteserve/site` reads the path of both. `new URL(url, 'http://localhost')`
   * parses both, too; but it takes the `x` of `//x` for a host, and throws if that is not a valid
   * one.
   */
  readonly url: string
  /** Header fields, by name in any case; null for one that was not sent. */
  readonly headers: { get(name: string): string | null }
  /**
   * Aborted when the client hangs up: for a lookup that takes long. Node, Bun and Workers tell;
   * Deno does, too, but prints a warning when it is first used. Don't keep it: some hosts abort it
   * after each response.
   */
  readonly signal?: AbortSignal | undefined
}
