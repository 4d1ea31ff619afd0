import { type Answer, ASTRAY, mayHaveLength } from './answer.ts'
import { streamBody } from './body.ts'
import { unexpected } from './errors.ts'
import { type FileLookup, type Found, isSource } from './lookup.ts'
import { onlyRange } from './range.ts'
import { type BodyReader, closeSource, readSync } from './reader.ts'
import { type Begin, type Call, respondTo, type ServeOptions } from './respond.ts'
import {
  AS_STORED,
  chunkLimit,
  isCopiedByResponse,
  isRoutedAlike,
  unknownBody,
  whileWanted,
} from './runtime.ts'
import { ResponseWatch, type Watch } from './served.ts'
import type { BodyLike, NativeRead, RequestLike } from './source.ts'

/** The `bufferLimit` of a source that sets none, except under HTTP/2: an array beats a stream. */
export const SHORT_BODY: number = 128 * 1024

/**
 * Makes a Fetch handler for what a lookup finds. GET and HEAD of a file are answered by RFC 9110
 * §13.2.2 (preconditions) and §14 (ranges), with 200, 206, 304, 412 or 416. A missing file is a
 * 404. OPTIONS gets 204 and any other method 405, without calling the lookup. If the lookup or the
 * first read fails, the answer is 503.
 *
 * On Bun, a request without a valid Host has no URL but a path, which routers read otherwise: it is
 * answered where Bun itself calls the handler, and a 404 elsewhere.
 *
 * Make it once, not for each request: what the host passes beside the request goes to the lookup
 * and the observers.
 *
 * @throws RangeError or TypeError at once if an option is invalid or `lookup` is not a function.
 * The handler rejects with a TypeError if its argument is not a Request.
 *
 * @example
 * ```ts
 * serve({ fetch: fileHandler(nodeDirectory('media')) }) // Hono's node-server
 * export default {
 *   fetch: fileHandler((request, env: Env) => r2File(env.MEDIA, 'film.mp4', request)),
 * }
 * ```
 */
export function fileHandler<Context extends readonly unknown[]>(
  lookup: FileLookup<Context>,
  options: ServeOptions<Context> = {},
): (request: Request, ...context: Context) => Promise<Response> {
  const responder = respondTo(lookup, options)
  return async function (this: unknown, request, ...context) {
    const call = callOf(options, request, context)
    const isOurs = isRoutedAlike(request, this)
    return isOurs ? responder.answer(call) : responder.serve(call, ASTRAY)
  }
}

/**
 * Like `fileHandler`, but null where there is no such file, and for any method but GET and HEAD:
 * for a handler that goes on to the next. With `cors`, the preflight for a file is answered, too.
 * Null, too, where a router may have read another path out of the URL, as out of one that was made
 * of a malformed Host.
 *
 * @throws as `fileHandler` does
 *
 * @example
 * ```ts
 * const media = matchFile(nodeDirectory('media'))
 * app.use(async (c, next) => (await media(c.req.raw)) ?? next()) // Hono
 * ```
 */
export function matchFile<Context extends readonly unknown[]>(
  lookup: FileLookup<Context>,
  options: ServeOptions<Context> = {},
): (request: Request, ...context: Context) => Promise<Response | null> {
  const responder = respondTo(lookup, options)
  return async (request, ...context) => {
    const call = callOf(options, request, context)
    return isRoutedAlike(request) ? responder.match(call) : null
  }
}

/**
 * Answers one request with one file, by RFC 9110 §13.2.2 and §14; `null` is a 404. The source is
 * closed when the body ends, breaks off or is cancelled, or when the response is garbage collected.
 *
 * @param context what the observers and a function of `headers` get besides
 * @throws RangeError or TypeError, as a rejection, if an option is invalid or `request` is not a
 * Request
 *
 * @example
 * ```ts
 * app.get('/film', async (c) => serveFile(c.req.raw, await nodeFile('film.mp4')))
 * ```
 */
export async function serveFile<Context extends readonly unknown[]>(
  request: Request,
  found: Found | undefined,
  options: ServeOptions<Context> = {},
  ...context: Context
): Promise<Response> {
  try {
    const responder = respondTo<Context>(() => null, options)
    const call = callOf(options, request, context)
    return responder.serve(call, found)
  } catch (error) {
    if (isSource(found)) void closeSource(found)
    throw error
  }
}

/** @throws TypeError unless it is a Request */
function callOf<Context extends readonly unknown[]>(
  options: ServeOptions<Context>,
  request: Request,
  context: Context,
): Call<Context, Response> {
  if (typeof request?.headers?.get !== 'function') {
    throw unexpected('a Request (Hono: c.req.raw; node:http: nodeListener)', request)
  }
  const watch = new ResponseWatch(options, () => context)
  const begin: Begin<Response> = (...begun) => respond(request, watch, ...begun)
  return { request, context, begin }
}

async function respond(
  request: Request,
  watch: Watch,
  answer: Answer,
  reader: BodyReader,
  native: NativeRead | undefined,
): Promise<Response> {
  const range = onlyRange(answer.pieces)
  const maxChunk = chunkLimit(request)
  const isSmall = reader.length <= (native?.bufferLimit ?? maxChunk ?? SHORT_BODY)
  // The source's next call may overwrite these bytes: nothing else may run until they are copied.
  const bytes = range && isSmall && isCopiedByResponse() ? readSync(native, range) : null
  // Bun answers Range by itself when a 200 carries a Bun.file, even where it must be ignored.
  const isIgnored = answer.status === 200 && request.headers.has('range')
  const isNative = range && maxChunk === undefined && !isIgnored
  const given = bytes ?? (isNative ? await native?.body?.(range.start, range.end) : null)
  const isEmpty = reader.length === 0
  const body =
    given ??
    (isEmpty
      ? noBody(answer)
      : await whileWanted(request, reader, isSmall ? reader.whole() : reader.readAhead()))
  // More is to be read, or the client is gone.
  if (body === undefined) return streamed(copyOf(request), watch, answer, reader, maxChunk)
  const response = toResponse(answer, body)
  // A native body closes what it reads.
  if (bytes) reader.close()
  watch.end(request, answer, isEmpty ? reader : { ...reader, sent: null })
  return response
}

/**
 * A Response that reads its body as it is pulled.
 *
 * @param request a copy, which may be kept
 * @param maxChunk in bytes
 */
function streamed(
  request: RequestLike,
  watch: Watch,
  answer: Answer,
  reader: BodyReader,
  maxChunk: number | undefined,
): Response {
  const conclude = ending(request, answer, reader, watch)
  const abandon = ending(request, answer, reader, watch.weakly())
  const response = toResponse(answer, streamBody(reader, conclude, abandon, maxChunk))
  watch.begin(request, answer, reader)
  // The client is gone already.
  if (reader.closed) conclude()
  return response
}

/** No body, and no length of none where the answer to a HEAD does not say the length for GET. */
function noBody({ status, headers }: Answer): BodyLike | null {
  return headers['content-length'] || !mayHaveLength(status) ? null : unknownBody()
}

/**
 * A copy of a request, to keep until its body is garbage collected. The Request and its Headers may
 * not be kept: some hosts link them to the body, which would then never be collected.
 */
function copyOf({ method, url, headers }: Request): RequestLike {
  return { method, url, headers: new Headers(headers) }
}

/** Not a closure of `respond`: it would share a scope with those that hold the Request. */
function ending(
  request: RequestLike,
  answer: Answer,
  reader: BodyReader,
  watch: Watch,
): (error?: unknown) => void {
  return (error) => {
    reader.close()
    watch.end(request, answer, reader, error)
  }
}

function toResponse({ status, headers }: Answer, body: BodyLike | Uint8Array | null): Response {
  const init = { status, headers: { ...headers }, ...AS_STORED }
  // The type excludes shared memory, which some runtimes refuse: the answer is then a 503.
  return new Response(body as BodyLike | null, init)
}
