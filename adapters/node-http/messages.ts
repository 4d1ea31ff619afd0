import { ServerResponse } from 'node:http'
import { Socket } from 'node:net'

/** What requests of `node:http` and `node:http2` have in common. */
export interface Incoming {
  /** As it was sent: methods are case-sensitive (RFC 9110 §9.1). */
  readonly method?: string | undefined
  /** The request target: a path and query or, in a request to a proxy, a whole URL. */
  readonly url?: string | undefined
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Names and values in turn, as they were sent. */
  readonly rawHeaders: readonly string[]
  /** Whether the client hung up before the request was read. */
  readonly aborted: boolean
  /** Reads what is left of the request, and drops it. */
  resume(): unknown
}

/** What their responses have in common, and `stream`, which only HTTP/2 has. */
export interface Outgoing {
  /** Whether the head was sent, no matter by whom. */
  readonly headersSent: boolean
  /** Null for a pipelined response that waits for its turn (HTTP/1.1). */
  readonly socket?: object | null | undefined
  /** Whether the body is sent in chunks, so that its end is told (HTTP/1.1). */
  readonly chunkedEncoding?: boolean
  /** Whether the connection is gone. */
  readonly destroyed?: boolean
  /** The stream of HTTP/2, which can be reset without its connection. */
  readonly stream?: {
    /** The connection that it shares with others. */
    readonly session?: { close(): void } | undefined
    /** Resets it, with an error code of RFC 9113 §7. */
    close(code: number): void
  }
  /** The value of a field that was set, but not sent yet; undefined if there is none. */
  getHeader(name: string): unknown
  /** The names of the fields that were set, in lower case. */
  getHeaderNames?(): readonly string[]
  /** Takes a field back that was set. */
  removeHeader?(name: string): unknown
  /**
   * Sends the head, with the fields that were set; those given here replace others of their name.
   */
  writeHead(status: number, headers: Record<string, string | string[]>): unknown
  /** Sends a chunk; `callback` is called when it has left, or with the reason why it did not. */
  write(chunk: Uint8Array, callback: (error?: Error | null) => void): unknown
  /** Ends the response. */
  end(): unknown
  /** Ends the response with a last chunk. */
  end(chunk: Uint8Array, callback: (error?: Error | null) => void): unknown
  /** `close`: the response is over, or its client is gone. `socket`: its turn has come. */
  once(event: 'close' | 'socket', listener: () => void): unknown
  /** Breaks the connection. */
  destroy(): unknown
}

/**
 * Whether a response waits behind another on its connection. Other classes that pass for
 * Node's, such as those that frameworks answer their own requests with, may never have a socket.
 */
export function isPipelined(outgoing: Outgoing): boolean {
  return outgoing.socket === null && !outgoing.headersSent && outgoing instanceof ServerResponse
}

/**
 * Waits for the turn of a pipelined response. A client may send thousands of requests at once and
 * read nothing: those that wait hold no file and no buffer, so a broken connection leaves nothing
 * to free.
 */
export function waitForTurn(outgoing: Outgoing): Promise<void> {
  return new Promise((resolve) => outgoing.once('socket', resolve))
}

/**
 * Calls a listener once the response is over or its client is gone, at once if it is gone already.
 */
export function onceOver(incoming: Incoming, outgoing: Outgoing, listener: () => void): void {
  outgoing.once('close', listener)
  // Node closes an HTTP/2 stream that was reset without an error only once its request was read.
  if (outgoing.stream) incoming.resume()
  if (incoming.aborted || outgoing.destroyed) listener()
}

/**
 * Whose `write` and `end` a response has:
 *
 * - `node`: Node's own, to a socket. Their callback tells that a chunk has left, and that nothing
 *   will read its memory any more.
 * - `wrapped`: those of a middleware, such as compression, or of a subclass, which need not tell
 *   when a chunk has left.
 * - `foreign`: those of another class that stands in for Node's, or Node's own to a connection that
 *   is no socket, such as a tunnel. They call back, too, and may keep what they got.
 */
type Writing = 'node' | 'wrapped' | 'foreign'

/** Node's own, before any other program may have replaced them. */
const { write: WRITE, end: END } = ServerResponse.prototype

export function writingOf(outgoing: Outgoing): Writing {
  if (Object.hasOwn(outgoing, 'write') || Object.hasOwn(outgoing, 'end')) return 'wrapped'
  if (outgoing.stream) return 'node'
  if (!(outgoing instanceof ServerResponse)) return 'foreign'
  const isNodes = outgoing.write === WRITE && outgoing.end === END
  if (!isNodes) return 'wrapped'
  return outgoing.socket instanceof Socket ? 'node' : 'foreign'
}

/** INTERNAL_ERROR (RFC 9113 §7). */
const HTTP2_INTERNAL_ERROR = 2

/**
 * Ends a response so that its client can't take it for complete.
 *
 * @param hasLength whether the head has announced the length of the body
 */
export function breakOff(outgoing: Outgoing, hasLength: boolean): void {
  if (outgoing.stream) outgoing.stream.close(HTTP2_INTERNAL_ERROR)
  // For a client of HTTP/1.0, the body ends where the connection does (RFC 9112 §6.3).
  else if (hasLength || outgoing.chunkedEncoding || !reset(outgoing.socket)) outgoing.destroy()
}

/** Resets a connection; false if that can't be done, as for one over TLS. */
function reset(socket: Outgoing['socket']): boolean {
  if (!(socket instanceof Socket)) return false
  try {
    socket.resetAndDestroy()
    return true
  } catch {
    return false
  }
}

/** Fields as Node takes them: a list is of as many lines. */
export type NodeFields = Record<string, string | string[]>

/** Names that are sent often, as RFCs write them. */
const WRITTEN = new Map(
  `
  Accept-Ranges Access-Control-Allow-Origin Access-Control-Expose-Headers Allow Cache-Control
  Content-Disposition Content-Encoding Content-Length Content-MD5 Content-Range
  Content-Security-Policy Content-Type Cross-Origin-Resource-Policy ETag Expires Last-Modified
  Location Repr-Digest Retry-After Set-Cookie Vary WWW-Authenticate X-Content-Type-Options
  `
    .trim()
    .split(/\s+/)
    .map((name) => [name.toLowerCase(), name]),
)

/**
 * Fields, with their names as RFCs write them. HTTP/1.1 knows no case (RFC 9110 §5.1), but some
 * clients do: GRUB finds a length only in `Content-Length`.
 *
 * @param fields by lower-case name
 *
 * @example
 * asWritten({ etag: '"a"', 'x-my-own': 'b' }) // { ETag: '"a"', 'X-My-Own': 'b' }
 */
export function asWritten(fields: Readonly<NodeFields>): NodeFields {
  const written: NodeFields = {}
  for (const name in fields) written[WRITTEN.get(name) ?? capitalize(name)] = fields[name] ?? ''
  return written
}

/** Each of its words. */
function capitalize(name: string): string {
  return name.replace(/(?:^|-)[a-z]/g, (begin) => begin.toUpperCase())
}
