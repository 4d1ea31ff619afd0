import { type Answer, answer, answerMethod, UNAVAILABLE } from './answer.ts'
import { type BodyReader, closeSource, readBody, streamBody } from './body.ts'
import { expectLimits, type RangeLimits } from './decide.ts'
import { reasonOf } from './errors.ts'
import { isRange } from './range.ts'
import { type Observers, watch } from './served.ts'
import type { BodyLike, FileLookup, FileSource, RequestLike } from './source.ts'

/** Options of `fileHandler`, `serveFile` and `nodeListener`. */
export interface ServeOptions extends RangeLimits, Observers {}

/** An answer that is ready to be written. */
export interface Prepared extends Answer {
  /** Where the ranges among the pieces are read from; null when nothing is, and nothing is open. */
  readonly source: FileSource | null
  /** Why the answer is a 503, or why the source of another could not be closed. */
  readonly error?: unknown
}

const BUFFER_LIMIT = 128 * 1024

/**
 * A Fetch handler for the files that a lookup finds. GET and HEAD are answered by RFC 9110 §13.2.2
 * (preconditions) and §14 (ranges): 200, 206, 304, 412 or 416. Where there is no file, 404; OPTIONS
 * 204 and any other method 405, without a lookup; if the lookup or the first read fails, 503.
 *
 * @throws RangeError or TypeError at once when an option makes no sense, or `lookup` is no function;
 * the handler, TypeError when it is given no Request
 *
 * @example
 * serve({ fetch: fileHandler(nodeDirectory('media')) }) // of @hono/node-server
 */
export function fileHandler(
  lookup: FileLookup,
  options: ServeOptions = {},
): (request: Request) => Promise<Response> {
  expectLimits(options)
  const reads = onlyReads(lookup)
  return (request) => {
    expectRequest(request)
    return respond(request, reads, options)
  }
}

/**
 * Answers one request with one file, by RFC 9110 §13.2.2 and §14; `null` is a 404. The source is
 * closed when the body ends, breaks off or is cancelled, or when the response is garbage collected.
 *
 * @throws RangeError or TypeError, as a rejection, when an option makes no sense, or `request` is none
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
    expectLimits(options)
  } catch (error) {
    await closeSource(source)
    throw error
  }
  return respond(request, () => source ?? null, options)
}

function expectRequest({ headers }: Request): void {
  if (typeof headers?.get === 'function') return
  throw new TypeError(
    'Expected a Request: in Hono that is c.req.raw, and for node:http and Express there is nodeListener',
  )
}

/**
 * The lookup, asked about GET and HEAD only: to other methods every file answers the same.
 *
 * @throws TypeError unless it is a function
 */
export function onlyReads(lookup: FileLookup): FileLookup {
  if (typeof lookup !== 'function') throw new TypeError(`Expected a lookup, got ${lookup}`)
  return (request) => (answerMethod(request.method) === null ? lookup(request) : null)
}

async function respond(
  request: Request,
  lookup: FileLookup,
  options: ServeOptions,
): Promise<Response> {
  const started = Date.now()
  const conclude = watch(request, options, started)
  const prepared = await prepare(request, lookup, options)
  const { pieces, source } = prepared
  if (source === null) {
    conclude(prepared, 0, prepared.error)
    return toResponse(prepared, null)
  }
  const reader = readBody(source, pieces)
  try {
    const given = nativeBody(request, prepared, source)
    // Bytes may lie in memory that is used again: nothing comes between them and their Response.
    const native = isBytes(given) ? given : await given
    if (native !== null) {
      const response = toResponse(prepared, native)
      conclude(prepared, null)
      return response
    }
    if (reader.length <= (source.bufferLimit ?? BUFFER_LIMIT)) {
      // Of shared memory, which the type leaves out, some runtimes make no Response: a 503.
      const bytes = (await reader.whole()) as Uint8Array<ArrayBuffer>
      const failure = await reader.close()
      const response = toResponse(prepared, bytes)
      conclude(prepared, null, failure)
      return response
    }
    await reader.peek()
    const body = streamBody(
      reader,
      (error) => conclude(prepared, reader.sent, error),
      abandonment(request, prepared, reader, options, started),
    )
    return toResponse(prepared, body)
  } catch (thrown) {
    await reader.close()
    conclude(UNAVAILABLE, 0, reasonOf(thrown))
    return toResponse(UNAVAILABLE, null)
  }
}

/**
 * What becomes of a response whose body is collected before its end. Of the Request there are copies: a
 * host may lead from it, or from its Headers, to the body.
 */
function abandonment(
  { method, url, headers }: Request,
  answered: Answer,
  reader: BodyReader,
  options: ServeOptions,
  started: number,
): () => void {
  const conclude = watch({ method, url, headers: new Headers(headers) }, options, started)
  return () => void reader.close().then((error) => conclude(answered, reader.sent, error))
}

/** Looks the file up and decides the answer; nothing of it is read yet. Any failure becomes a 503. */
export async function prepare(
  request: RequestLike,
  lookup: FileLookup,
  options: ServeOptions,
): Promise<Prepared> {
  let source: FileSource | null = null
  try {
    source = (await lookup(request)) ?? null
    const answered = answer(request, source, Date.now(), options)
    if (answered.pieces.length > 0) return { ...answered, source }
    return { ...answered, source: null, error: await closeSource(source) }
  } catch (thrown) {
    await closeSource(source)
    return { ...UNAVAILABLE, source: null, error: reasonOf(thrown) }
  }
}

function nativeBody(
  request: Request,
  { status, pieces }: Answer,
  source: FileSource,
): BodyLike | null | Promise<BodyLike | null> {
  const [piece] = pieces
  // Bun answers Range by itself when a 200 carries a Bun.file, even where it must be ignored.
  const isRewritten = status === 200 && request.headers.has('range')
  // A multipart body begins with bytes.
  if (isRewritten || !piece || !isRange(piece)) return null
  return source.body?.(piece.start, piece.end) ?? null
}

function isBytes(body: unknown): body is Uint8Array<ArrayBuffer> {
  return body instanceof Uint8Array
}

function toResponse({ status, headers }: Answer, body: BodyLike | null): Response {
  // To workerd: what is stored encoded is not to be encoded again. To everybody else: nothing.
  const init = { status, headers: { ...headers }, encodeBody: 'manual' }
  return new Response(body, init)
}
