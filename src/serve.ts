import { type Answer, UNAVAILABLE } from './answer.ts'
import { streamBody } from './body.ts'
import { reasonOf } from './errors.ts'
import { expectOptions, forGetAndHead, prepare, type ServeOptions } from './prepare.ts'
import { onlyRange } from './range.ts'
import { type BodyReader, closeSource, readAtOnce, readBody } from './reader.ts'
import { type Conclude, watch } from './served.ts'
import type { BodyLike, FileLookup, FileSource, RequestLike } from './source.ts'

/** The `bufferLimit` of a source that sets none. */
const BUFFER_LIMIT = 128 * 1024

/**
 * Makes a Fetch handler for the files that a lookup finds. GET and HEAD are answered by RFC 9110
 * §13.2.2 (preconditions) and §14 (ranges), with 200, 206, 304, 412 or 416. A missing file is a
 * 404. OPTIONS gets 204 and any other method 405, without calling the lookup. If the lookup or the
 * first read fails, the answer is 503.
 *
 * @throws RangeError or TypeError at once if an option is invalid or `lookup` is not a function.
 * The handler rejects with a TypeError if its argument is not a Request.
 *
 * @example
 * serve({ fetch: fileHandler(nodeDirectory('media')) }) // of @hono/node-server
 */
export function fileHandler(
  lookup: FileLookup,
  options: ServeOptions = {},
): (request: Request) => Promise<Response> {
  expectOptions(options)
  const lookUp = forGetAndHead(lookup)
  return async (request) => {
    expectRequest(request)
    return respond(request, lookUp, options)
  }
}

/**
 * Answers one request with one file, by RFC 9110 §13.2.2 and §14; `null` is a 404. The source is
 * closed when the body ends, breaks off or is cancelled, or when the response is garbage collected.
 *
 * @throws RangeError or TypeError, as a rejection, if an option is invalid or `request` is not a
 * Request
 *
 * @example
 * app.get('/film', async (c) => serveFile(c.req.raw, await nodeFile('film.mp4')))
 */
export async function serveFile(
  request: Request,
  source: FileSource | null | undefined,
  options: ServeOptions = {},
): Promise<Response> {
  try {
    expectRequest(request)
    expectOptions(options)
  } catch (error) {
    await closeSource(source)
    throw error
  }
  return respond(request, () => source ?? null, options)
}

function expectRequest(request: Request): void {
  if (typeof request?.headers?.get === 'function') return
  throw new TypeError(
    'Expected a Request: in Hono, pass c.req.raw; for node:http and Express, there is nodeListener',
  )
}

async function respond(
  request: Request,
  lookup: FileLookup,
  options: ServeOptions,
): Promise<Response> {
  const conclude = watch(options)
  const prepared = await prepare(request, lookup, options)
  const { pieces, source } = prepared
  if (source === null) {
    conclude(request, prepared, 0, prepared.error)
    return toResponse(prepared, null)
  }
  const reader = readBody(source, pieces)
  try {
    const isSmall = reader.length <= (source.bufferLimit ?? BUFFER_LIMIT)
    // The source's next call may overwrite these bytes: nothing else may run until they are copied.
    const atOnce = isSmall && isCopiedByResponse() ? readAtOnce(source, pieces) : null
    const native = atOnce === null ? await nativeBody(request, prepared, source) : null
    if (native !== null) {
      const response = toResponse(prepared, native)
      conclude(request, prepared, null)
      return response
    }
    if (isSmall) {
      const response = toResponse(prepared, atOnce ?? (await reader.whole()))
      void reader.close().then((error) => conclude(request, prepared, null, error))
      return response
    }
    await reader.readAhead()
    const body = streamBody(
      reader,
      (error) => conclude(request, prepared, reader.sent, error),
      abandonment(copyOf(request), prepared, reader, conclude),
    )
    return toResponse(prepared, body)
  } catch (thrown) {
    await reader.close()
    conclude(request, UNAVAILABLE, 0, reasonOf(thrown))
    return toResponse(UNAVAILABLE, null)
  }
}

/**
 * A copy of a request, to keep until its body is garbage collected. The Request and its Headers may
 * not be kept: some hosts link them to the body, which would then never be collected.
 */
function copyOf({ method, url, headers }: Request): RequestLike {
  return { method, url, headers: new Headers(headers) }
}

/**
 * What to do when a body is garbage collected before its end. Not a closure of `respond`: it would
 * share a scope with those that hold the Request.
 */
function abandonment(
  request: RequestLike,
  answered: Answer,
  reader: BodyReader,
  conclude: Conclude,
): () => void {
  return () => void reader.close().then((error) => conclude(request, answered, reader.sent, error))
}

async function nativeBody(
  request: Request,
  answered: Answer,
  source: FileSource,
): Promise<BodyLike | null> {
  const range = onlyRange(answered.pieces)
  // Bun answers Range by itself when a 200 carries a Bun.file, even where it must be ignored.
  if (range === null || (answered.status === 200 && request.headers.has('range'))) return null
  return (await source.body?.(range.start, range.end)) ?? null
}

/**
 * Whether a Response copies its bytes when it is made, as the Fetch standard says. A class that
 * replaces it, such as @hono/node-server's, may keep them.
 */
function isCopiedByResponse(): boolean {
  return Object.getPrototypeOf(Response) === Function.prototype
}

function toResponse({ status, headers }: Answer, body: BodyLike | Uint8Array | null): Response {
  // Keeps workerd from encoding again what is stored encoded. The other runtimes ignore it.
  const init = { status, headers: { ...headers }, encodeBody: 'manual' }
  // The type excludes shared memory, which some runtimes refuse: the answer is then a 503.
  return new Response(body as BodyLike | null, init)
}
