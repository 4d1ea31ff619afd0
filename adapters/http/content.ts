import type { ByteRange } from '../../src/range.ts'
import { largeBufferLimit, onAbort } from '../../src/runtime.ts'
import type { Contents, NativeRead } from '../../src/source.ts'
import { type Body, openBody, unjoinable } from './body.ts'
import { misanswer } from './failure.ts'
import type { VersionHead } from './head.ts'
import { GAP, spanEnd } from './spans.ts'
import { pause, type Upstream } from './upstream.ts'

/** How the content of a version is read. */
export interface ReadPlan {
  /** Whether the bytes of two responses may stand in one answer. */
  readonly isJoinable: boolean
  /** The most bytes that go to the runtime as they come, without being watched. */
  readonly untouched: number
  /** What will be read, in order, if that is known; several ranges may come in one response. */
  readonly ranges: readonly ByteRange[]
  /** Aborted when the client hangs up. */
  readonly client: AbortSignal | undefined
}

/** How long is waited before a body that gave nothing twice is asked for again, in ms. */
const PAUSE = 100

/**
 * Reads the content of one version. Each reader has a body of its own, which is read on as long as
 * it asks for the bytes that come next; what breaks off is taken up at its offset.
 *
 * @param first what came with the head
 */
export function contentOf(
  upstream: Upstream,
  version: VersionHead,
  first: Body | null,
  { isJoinable, untouched, ranges, client }: ReadPlan,
): Contents {
  /** The bodies between two reads. */
  const idle = new Set<Body>(first === null ? [] : [first])
  const all = new Set<Body>(idle)
  /** An idle body at the end of a range, kept for a range that follows closely. */
  let spare: Body | null = null
  const closing = new AbortController()
  const { signal } = closing
  let hasGiven = false

  async function readAt(start: number, end: number): Promise<Uint8Array> {
    let body = take(start, end)
    for (let failures = 0; ; ) {
      body ??= await open(start, end)
      const chunk = (await body.skipTo(start)) ? await body.next(end - start) : null
      if (chunk !== null) {
        hasGiven = true
        give(body, end)
        return chunk
      }
      hangUp(body)
      // Bodies may break off any number of times, as long as each gave something.
      if (!body.hasGiven) failures++
      if (signal.aborted || failures > upstream.retries) {
        throw misanswer(upstream, `bytes from ${start} on`, 'none')
      }
      if (failures > 1) await pause(PAUSE, signal)
      body = null
    }
  }

  /**
   * A body that stands where a reader wants to go on, or so near that it may be read up to there.
   */
  function take(start: number, end: number): Body | null {
    for (const body of idle) {
      const isNear = body.at <= start && start < body.end && start - body.at <= GAP
      // Without a tag to join by, one body has to do.
      if (!isNear || (!isJoinable && body.end < end)) continue
      idle.delete(body)
      if (body === spare) spare = null
      return body
    }
    return null
  }

  /** Puts a body back for its reader's next read. */
  function give(body: Body, end: number): void {
    const isDone = body.at >= end
    if (body.at < body.end && (!isDone || ranges.length > 1)) {
      idle.add(body)
      if (isDone) spare = body
    } else {
      all.delete(body)
      void body.finish()
    }
  }

  function hangUp(body: Body): void {
    idle.delete(body)
    all.delete(body)
    body.hangUp()
  }

  async function open(start: number, end: number): Promise<Body> {
    if (hasGiven && !isJoinable) throw unjoinable(upstream)
    // A body that came with the head, or was kept for another range, does not hold what is wanted.
    for (const body of idle) if (!body.hasGiven || body === spare) hangUp(body)
    const index = ranges.findIndex((range) => range.start <= start && range.end === end)
    // The ranges that follow may not be known.
    const last = index < 0 ? end : spanEnd(ranges, index)
    const body = await openBody(upstream, version, start, last, signal)
    all.add(body)
    if (!signal.aborted) return body
    hangUp(body)
    throw signal.reason
  }

  /** A response's body as a whole, for the runtime to send by itself. */
  async function bodyOf(start: number, end: number): Promise<Blob | ReadableStream | null> {
    const isBuffered = end - start <= (bufferLimit ?? 0)
    if (!isBuffered && end - start > untouched) return null
    const body = take(start, end) ?? (await open(start, end))
    if (body.at !== start || body.end !== end || !body.isCertain) {
      idle.add(body)
      return null
    }
    if (!isBuffered) return body.stream
    const forget = onAbort(client, close)
    const whole = await body.whole().finally(forget)
    if (whole === null) hangUp(body)
    else give(body, end)
    return whole
  }

  function close(): void {
    closing.abort()
    for (const body of all) body.hangUp()
  }

  const bufferLimit = largeBufferLimit()
  const hasRanges = version.headers.get('accept-ranges')?.toLowerCase() !== 'none'
  const native: NativeRead = { body: bodyOf, bufferLimit, isOnce: !isJoinable || !hasRanges }
  return {
    read: Object.assign(readAt, { native }),
    close,
  }
}
