import type { RequestLike } from './source.ts'

/*
 * What is known about runtimes. Nothing else in the core depends on where it runs.
 */

/** What the runtime calls itself. Node 20 has no navigator. */
const agent = globalThis.navigator?.userAgent ?? 'Node.js/20'

/** Whether this is Node, in any version. */
export const isNode: boolean = /* @__PURE__ */ agent.startsWith('Node.js')

/** Whether this is Bun. */
export const isBun: boolean = /* @__PURE__ */ agent.startsWith('Bun')

/** Whether this is Deno. */
const isDeno = /* @__PURE__ */ agent.startsWith('Deno')

/** Whether this is workerd, where whatever a request opened ends with the request. */
export const isWorkerd: boolean = agent === 'Cloudflare-Workers'

/**
 * A response may be dropped unread: its source is closed once its body is garbage collected. Not in
 * workerd, where touching it after the request is an error.
 */
const Registry = isWorkerd ? undefined : globalThis.FinalizationRegistry

/**
 * Calls what is registered with a stream once that is garbage collected, unless it is unregistered
 * before. It must not refer to the stream, which could then never be collected.
 */
export const collected: FinalizationRegistry<() => void> | undefined =
  Registry && new Registry((abandon) => abandon())

/**
 * A stream that reads only when it is pulled. workerd keeps Content-Length only for streams that
 * declare their length.
 *
 * @param length in bytes; Infinity where nobody knows
 */
export function pullStream(
  source: UnderlyingDefaultSource<Uint8Array>,
  length: number,
): ReadableStream<Uint8Array> {
  const declared = length === Infinity ? source : { ...source, expectedLength: length }
  return new ReadableStream(declared, { highWaterMark: 0 })
}

/**
 * The `bufferLimit` of what no runtime sends by itself, where it is not the usual one: on Bun,
 * which drops Content-Length from streams.
 */
export function largeBufferLimit(): number | undefined {
  return isBun ? 1024 * 1024 : undefined
}

/**
 * Whether a Response copies its bytes when it is made, as the Fetch standard says. A class that
 * replaces it, such as that of `@hono/node-server`, may keep them.
 */
export function isCopiedByResponse(): boolean {
  return Object.getPrototypeOf(Response) === Function.prototype
}

/**
 * The body for HEAD where nobody knows the length for GET. Where a Response has none, or one that
 * has ended, Bun and Deno say that it is 0, which is a lie (RFC 9110 §8.6).
 */
export function unknownBody(): ReadableStream<Uint8Array> {
  return pullStream({ pull: (controller) => controller.close() }, Infinity)
}

/**
 * From Node 22 on, chunks that wait are written together, up to 64 KiB: of smaller ones, more are
 * lost with a stream that is reset.
 */
const HTTP2_CHUNK = agent === 'Node.js/20' ? 8 * 1024 : 16 * 1024

/**
 * The most bytes of a chunk, on Node under HTTP/2; undefined everywhere else. What was written
 * to a stream that is reset before it has left, Node counts against its connection for good, and
 * refuses everything from 10 MB on: after two dozen seeks in a film, with large chunks.
 *
 * A Request doesn't name its protocol. Clients send no Host field over HTTP/2; but a proxy may
 * retain that of its client, and is then taken for HTTP/1.1 (RFC 9113 §8.3.1).
 */
export function chunkLimit({ headers }: RequestLike): number | undefined {
  return isNode && headers.get('host') === null ? HTTP2_CHUNK : undefined
}

/** An authority that every URL parser reads alike: some end it at `;` or `'`. */
const AUTHORITY = /^[\w.:@[\]-]*$/
/** A URL of HTTP with such an authority. */
const HTTP_URL = /^https?:\/\/[\w.:@[\]-]+(?:\/|$)/i
/** The scheme of HTTP, or one with which parsers disagree whether a host follows. */
const SCHEME_WITH_HOST = /^(?:https?:|ws|ftp|javascript)/i

/** Whether a URL has no origin. Some routers leave nothing of a path but its query. */
export function isOriginForm(url: string): boolean {
  return /^[/?]/.test(url)
}

/**
 * Whether the path of a request's URL is that of its request line. Deno copies Host into the URL, or
 * the host of an absolute-form target, whatever stands there: a path may begin in it.
 */
export function isOfRequestLine(request: RequestLike): boolean {
  const { url, headers } = request
  if (isOriginForm(url)) return true
  if (HTTP_URL.test(url)) return AUTHORITY.test(headers.get('host') ?? '')
  // A scheme of an application, or of a Unix socket.
  return request instanceof Request && !SCHEME_WITH_HOST.test(url)
}

/**
 * Whether routers read the same path out of a request's URL. Where Host is missing or malformed,
 * Bun gives a path instead of a URL, and a router takes the start of that path for a host.
 *
 * @param caller the `this` of the handler: Bun's server if Bun itself calls, which routes by the
 * same path
 */
export function isRoutedAlike(request: RequestLike, caller?: unknown): boolean {
  const isPath = isBun && request.url.startsWith('/')
  return isPath ? 'requestIP' in Object(caller) : isOfRequestLine(request)
}

/**
 * The signal of a client's hang-up; undefined if it can't be had. Deno prints a warning when a
 * Request's is first read, and the getter of a copy reads it, too.
 */
export function hangUpSignal(request: RequestLike): AbortSignal | undefined {
  const own = Object.getOwnPropertyDescriptor(request, 'signal')
  const mayWarn = isDeno && (own || request instanceof Request)
  return mayWarn ? own?.value : request.signal
}

/**
 * Calls `end` when a signal is aborted: at once if it is by now.
 *
 * @returns what undoes that
 */
export function onAbort(signal: AbortSignal | null | undefined, end: () => void): () => void {
  if (signal?.aborted) end()
  signal?.addEventListener('abort', end)
  return () => signal?.removeEventListener('abort', end)
}

/**
 * Waits for what is read for a request before its head. Once that took 50 ms, a hang-up ends
 * it: before, it is not worth the AbortController that some servers make for a signal.
 *
 * @param source what is read, and closed at a hang-up
 */
export function whileWanted<T>(
  request: RequestLike,
  source: { close(): void },
  reading: Promise<T>,
): Promise<T> {
  // Deno tells of none before the head.
  if (isDeno) return reading
  let forget = () => clearTimeout(timer)
  const timer = setTimeout(() => {
    try {
      forget = onAbort(hangUpSignal(request), () => source.close())
    } catch {
      // Nobody else would catch it here. Without a signal, no hang-up is heard of.
    }
  }, 50)
  return reading.finally(() => forget())
}

/** Keeps workerd from encoding again what is stored encoded. The other runtimes ignore it. */
export const AS_STORED = { encodeBody: 'manual' }
