import { type Answer, UNAVAILABLE } from '../src/answer.ts'
import { readBody } from '../src/body.ts'
import { expectOptions, ofReads, prepare, type ServeOptions, watch } from '../src/serve.ts'
import type { FileLookup, FileSource, RequestLike } from '../src/source.ts'
import { forgetBuffer, releaseBuffer, takeBuffer } from './buffers.ts'

/** What the requests of `node:http` and `node:http2` have in common. */
export interface Incoming {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly rawHeaders: readonly string[]
  readonly aborted: boolean
  once(event: 'aborted', listener: () => void): unknown
}

/** What their responses have in common, and the stream that only one of HTTP/2 has. */
export interface Outgoing {
  readonly headersSent: boolean
  readonly destroyed?: boolean
  readonly stream?: { close(code: number): void }
  writeHead(status: number, headers: Record<string, string>): unknown
  write(chunk: Uint8Array, callback: (error?: Error | null) => void): unknown
  end(): unknown
  end(chunk: Uint8Array, callback: (error?: Error | null) => void): unknown
  once(event: 'close', listener: () => void): unknown
  destroy(): unknown
}

/** INTERNAL_ERROR (RFC 9113 §7). */
const HTTP2_INTERNAL_ERROR = 2

/** What a middleware leaves to the next one: other methods, and files that are not there. */
const PASSED_ON = [204, 404, 405]

/**
 * A listener for `node:http`, `node:https` and `node:http2` that answers as `fileHandler` does, with
 * no Fetch layer between: bytes are read into buffers that are used again once they left. As
 * middleware of Express or Connect, it leaves what it has no file for to the next one.
 *
 * @throws RangeError at once when an option makes no sense
 *
 * @example
 * createServer(nodeListener(nodeDirectory('media'))).listen(8080)
 * app.use('/media', nodeListener(nodeDirectory('media'))) // Express
 */
export function nodeListener(
  lookup: FileLookup,
  options: ServeOptions = {},
): (incoming: Incoming, outgoing: Outgoing, next?: () => void) => Promise<void> {
  expectOptions(options)
  const find = ofReads(lookup)
  return async (incoming, outgoing, next) => {
    const request = toRequest(incoming)
    const conclude = watch(request, options)
    const prepared = await prepare(request, find, options)
    if (next !== undefined && PASSED_ON.includes(prepared.status)) {
      next()
    } else if (prepared.source === null) {
      writeHead(outgoing, prepared)
      outgoing.end()
      conclude(prepared, 0, prepared.error)
    } else {
      await writeBody(prepared, prepared.source, incoming, outgoing, conclude)
    }
  }
}

async function writeBody(
  answered: Answer,
  source: FileSource,
  incoming: Incoming,
  outgoing: Outgoing,
  conclude: ReturnType<typeof watch>,
): Promise<void> {
  const reader = readBody(source, answered.pieces)
  let sent = 0
  let isGone = incoming.aborted || outgoing.destroyed === true
  let resume = () => {}

  function hangUp(): void {
    isGone = true
    void reader.close()
    resume()
  }

  /** Whether the chunk left, so that nothing reads its buffer any more. */
  function flush(chunk: Uint8Array): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (error?: Error | null) => {
        if (!error) sent += chunk.length
        resolve(!error)
      }
      resume = () => resolve(false)
      if (reader.sent === reader.length) outgoing.end(chunk, settle)
      else outgoing.write(chunk, settle)
    })
  }

  // A response that waits behind another of its connection is not told of a hang-up; its request is.
  outgoing.once('close', hangUp)
  incoming.once('aborted', hangUp)
  try {
    // What comes first of a multipart body is not from the source.
    if (answered.pieces.length > 1) await reader.peek()
    while (!isGone && reader.sent < reader.length) {
      const buffer = takeBuffer(reader.length - reader.sent)
      let isFree = false
      try {
        const chunk = await reader.next(buffer)
        if (chunk === null) break
        if (!outgoing.headersSent) writeHead(outgoing, answered)
        isFree = await flush(chunk)
      } finally {
        if (isFree) releaseBuffer(buffer)
        else forgetBuffer(buffer)
      }
    }
    conclude(answered, sent, await reader.close())
  } catch (error) {
    await reader.close()
    if (outgoing.headersSent) {
      breakOff(outgoing)
      conclude(answered, sent, error)
    } else {
      writeHead(outgoing, UNAVAILABLE)
      outgoing.end()
      conclude(UNAVAILABLE, 0, error)
    }
  }
}

function writeHead(outgoing: Outgoing, { status, headers }: Answer): void {
  outgoing.writeHead(status, { ...headers })
}

/** Ends a response so that its client can't take it for whole. */
function breakOff(outgoing: Outgoing): void {
  if (outgoing.stream) outgoing.stream.close(HTTP2_INTERNAL_ERROR)
  else outgoing.destroy()
}

function toRequest({ method = '', url = '', headers, rawHeaders }: Incoming): RequestLike {
  return {
    method,
    url,
    headers: {
      get(field) {
        const name = field.toLowerCase()
        if (!Object.hasOwn(headers, name)) return null
        // Of a date that comes twice, and is to be ignored, Node keeps the first alone.
        return name.endsWith('-since') ? valuesOf(name, rawHeaders) : String(headers[name])
      },
    },
  }
}

function valuesOf(name: string, rawHeaders: readonly string[]): string {
  const values = rawHeaders.filter(
    (_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name,
  )
  return values.join(', ')
}
