import type { Answer } from './answer.ts'
import { streamBody } from './body.ts'
import { type FileLookup, type Found, isSource } from './lookup.ts'
import { onlyRange } from './range.ts'
import { type BodyReader, closeSource, readAtOnce } from './reader.ts'
import { type Begin, type Body, type Exchange, Responder, type ServeOptions } from './respond.ts'
import { AS_STORED, chunkLimit, isCopiedByResponse } from './runtime.ts'
import { NO_BODY, UNTOLD, type Watch } from './served.ts'
import type { BodyLike, FileSource, RequestLike } from './source.ts'

/** The `bufferLimit` of a source that sets none. */
const BUFFER_LIMIT = 128 * 1024

/**
 * Makes a Fetch handler for what a lookup finds. GET and HEAD of a file are answered by RFC 9110
 * §13.2.2 (preconditions) and §14 (ranges), with 200, 206, 304, 412 or 416. A missing file is a
 * 404. OPTIONS gets 204 and any other method 405, without calling the lookup. If the lookup or the
 * first read fails, the answer is 503.
 *
 * Make it once, not for each request: what the host passes beside the request goes to the lookup and
 * the observers.
 *
 * @throws RangeError or TypeError at once if an option is invalid or `lookup` is not a function.
 * The handler rejects with a TypeError if its argument is not a Request.
 *
 * @example
 * serve({ fetch: fileHandler(nodeDirectory('media')) }) // of `@hono/node-server`
 * export default { fetch: fileHandler((request, env: Env) => r2File(env.MEDIA, 'film.mp4', request)) }
 */
export function fileHandler<Context extends readonly unknown[]>(
  lookup: FileLookup<Context>,
  options: ServeOptions<Context> = {},
): (request: Request, ...context: Context) => Promise<Response> {
  const responder = new Responder(lookup, options)
  return async (request, ...context) => {
    expectRequest(request)
    const exchange = exchangeOf(responder, request, context)
    return (await responder.match(exchange)) ?? responder.serve(exchange, null)
  }
}

/**
 * Like `fileHandler`, but null where there is no such file, and for any method but GET and HEAD: for
 * a handler that goes on to the next.
 *
 * @throws as `fileHandler` does
 *
 * @example
 * const media = matchFile(nodeDirectory('media'))
 * app.use(async (c, next) => (await media(c.req.raw)) ?? next()) // Hono
 */
export function matchFile<Context extends readonly unknown[]>(
  lookup: FileLookup<Context>,
  options: ServeOptions<Context> = {},
): (request: Request, ...context: Context) => Promise<Response | null> {
  const responder = new Responder(lookup, options)
  return async (request, ...context) => {
    expectRequest(request)
    return responder.match(exchangeOf(responder, request, context))
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
 * app.get('/film', async (c) => serveFile(c.req.raw, await nodeFile('film.mp4')))
 */
export async function serveFile<Context extends readonly unknown[]>(
  request: Request,
  found: Found | undefined,
  options: ServeOptions<Context> = {},
  ...context: Context
): Promise<Response> {
  let responder: Responder<Context>
  try {
    expectRequest(request)
    responder = new Responder<Context>(() => null, options)
  } catch (error) {
    if (isSource(found)) void closeSource(found)
    throw error
  }
  return responder.serve(exchangeOf(responder, request, context), found)
}

function expectRequest(request: Request): void {
  if (typeof request?.headers?.get === 'function') return
  throw new TypeError(
    'Expected a Request: in Hono, pass c.req.raw; for node:http and Express, there is nodeListener',
  )
}

function exchangeOf<Context extends readonly unknown[]>(
  responder: Responder<Context>,
  request: Request,
  context: Context,
): Exchange<Context, Response> {
  const watch = responder.watch(context)
  const begin: Begin<Response> = (answer, body, error) => {
    return body === null
      ? withoutBody(request, watch, answer, error)
      : withBody(request, watch, answer, body)
  }
  return { request, context, watch, begin }
}

function withoutBody(request: Request, watch: Watch, answer: Answer, error: unknown): Response {
  watch.begin(request, answer, NO_BODY)
  watch.end(request, answer, NO_BODY, error)
  return toResponse(answer, null)
}

async function withBody(
  request: Request,
  watch: Watch,
  answer: Answer,
  { reader, source }: Body,
): Promise<Response> {
  const native = source?.read.native
  const most = chunkLimit(request)
  const isSmall = reader.length <= (native?.bufferLimit ?? most ?? BUFFER_LIMIT)
  // The source's next call may overwrite these bytes: nothing else may run until they are copied.
  const atOnce = isSmall && isCopiedByResponse() ? readAtOnce(native, answer.pieces) : null
  const whole = atOnce ?? (most === undefined ? await nativeBody(request, answer, source) : null)
  if (whole !== null || isSmall) {
    const response = toResponse(answer, whole ?? (await reader.whole()))
    // A native body closes what it reads.
    if (atOnce !== null) reader.close()
    const untold = { ...UNTOLD, closed: reader.closed }
    watch.begin(request, answer, untold)
    watch.end(request, answer, untold)
    return response
  }
  await reader.readAhead()
  const copy = copyOf(request)
  const told = watch.isLive ? copy : request
  watch.begin(told, answer, reader)
  const conclude = (error?: unknown) => watch.end(told, answer, reader, error)
  return toResponse(
    answer,
    streamBody(reader, conclude, abandonment(copy, answer, reader, watch), most),
  )
}

/**
 * A copy of a request, to keep until its body is garbage collected. The Request and its Headers may
 * not be kept: some hosts link them to the body, which would then never be collected.
 */
function copyOf({ method, url, headers }: Request): RequestLike {
  return { method, url, headers: new Headers(headers) }
}

/**
 * What to do when a body is garbage collected before its end. Not a closure of `withBody`: it would
 * share a scope with those that hold the Request.
 */
function abandonment(
  request: RequestLike,
  answer: Answer,
  reader: BodyReader,
  watch: Watch,
): () => void {
  const weak = watch.weakly()
  return () => {
    reader.close()
    weak.end(request, answer, reader)
  }
}

async function nativeBody(
  request: Request,
  answer: Answer,
  source: FileSource | null,
): Promise<BodyLike | null> {
  const range = onlyRange(answer.pieces)
  // Bun answers Range by itself when a 200 carries a Bun.file, even where it must be ignored.
  if (range === null || (answer.status === 200 && request.headers.has('range'))) return null
  return (await source?.read.native?.body?.(range.start, range.end)) ?? null
}

function toResponse({ status, headers }: Answer, body: BodyLike | Uint8Array | null): Response {
  const init = { status, headers: { ...headers }, ...AS_STORED }
  // The type excludes shared memory, which some runtimes refuse: the answer is then a 503.
  return new Response(body as BodyLike | null, init)
}
