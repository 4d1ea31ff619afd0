import { type Decision, decide } from '../../src/decide.ts'
import type { ByteRange, RangeSpec } from '../../src/range.ts'
import { hangUpSignal } from '../../src/runtime.ts'
import type { RequestLike } from '../../src/source.ts'
import { isStrong } from '../../src/validators.ts'
import { likelyRanges, satisfiable } from '../store/likely-ranges.ts'
import { within } from '../store/within.ts'
import { type Body, bodyFrom, openBody, unjoinable } from './body.ts'
import { misanswer } from './failure.ts'
import type { OriginOptions } from './file.ts'
import { type Head, isSameVersion, readHead, readTotal, type VersionHead } from './head.ts'
import { firstSpan } from './spans.ts'
import { ask, drop, isMissing, type Reply, type Upstream } from './upstream.ts'

/** What was found for one request. */
export interface FoundFile {
  readonly version: VersionHead
  /** Bytes of the first of these ranges, which most often come with the head. */
  readonly body: Body | null
  /** Whether the bytes of two responses may stand in one answer. */
  readonly isJoinable: boolean
  /** What the request gets, unless it is cut by `maxSlice`. */
  readonly ranges: readonly ByteRange[]
  /** Aborted when the client hangs up. */
  readonly client: AbortSignal | undefined
}

/**
 * Finds a file by one request where possible: its head and the bytes that were asked for.
 *
 * @returns null if there is no such file
 * @throws OriginError if the server does not answer, or as it must not
 */
export async function find(
  upstream: Upstream,
  request: RequestLike,
  { missing, immutable }: Pick<OriginOptions, 'missing' | 'immutable'>,
): Promise<FoundFile | null> {
  // A client that hangs up ends the wait for a head.
  const signal = hangUpSignal(request)
  const asked = firstSpan(likelyRanges(request))
  const range = asked && toRange(asked)
  const reply = range ? await ask(upstream, 'GET', { range }, signal) : null
  const head = reply && readFile(upstream, reply, missing)
  if (reply !== null && head === null) return null
  // A file without a first or a last byte is empty, unless its server says otherwise.
  const isEmpty =
    reply?.response.status === 416 &&
    !(asked && 'firstPos' in asked && asked.firstPos) &&
    !readTotal(reply.response.headers)
  const isKnown = request.method === 'HEAD' || isEmpty
  const version = isVersion(head)
    ? head
    : await probe(upstream, missing, isKnown, signal).catch(giveUp)
  if (version === null) {
    reply?.hangUp()
    return null
  }
  const isJoinable = immutable || isStrong(version.etag)
  const ranges = rangesOf(decide(request, version, Date.now()), version.size)
  if (ranges.length > 1 && !isJoinable) giveUp(unjoinable(upstream))
  const [wanted] = ranges
  const isUsable = reply && head && wanted && isSameVersion(version, head)
  const first = isUsable ? bodyFrom(upstream, reply, head, wanted.start, version.size) : null
  if (reply !== null && first === null) drop(upstream, reply)
  // A server that ignored the range may understand it in another form.
  const isAskedAgain = reply && wanted && !first && ranges.length === 1
  const body = isAskedAgain
    ? await openBody(upstream, version, wanted.start, wanted.end, signal)
    : first
  return { version, body, isJoinable, ranges, client: signal }

  function giveUp(thrown: unknown): never {
    reply?.hangUp()
    throw thrown
  }
}

/** What is read of a file for an answer. */
function rangesOf(decision: Decision, size: number): readonly ByteRange[] {
  if (decision.status === 206) return decision.ranges
  return decision.status === 200 && size > 0 ? [{ start: 0, end: size }] : []
}

/** A range as a field value; null if no file can satisfy it. */
function toRange(spec: RangeSpec): string | null {
  const asked = satisfiable(spec)
  if (asked === null) return null
  if ('suffixLength' in asked) return `bytes=-${asked.suffixLength}`
  const { firstPos, lastPos } = asked
  return `bytes=${firstPos}-${lastPos === Infinity ? '' : lastPos}`
}

/**
 * What a response says of the file; null if there is none. Nothing of it is certain after a 416,
 * which has no validators.
 */
function readFile(upstream: Upstream, reply: Reply, missing?: readonly number[]): Head | null {
  const { status } = reply.response
  if (isMissing(status, missing)) {
    drop(upstream, reply)
    return null
  }
  if (status === 200 || status === 206) return readHead(reply.response)
  if (status === 416) return { ...readHead(reply.response), size: null, range: null }
  drop(upstream, reply)
  throw misanswer(upstream, 'the file', `status ${status}`)
}

function isVersion(head: Head | null): head is VersionHead {
  return head !== null && head.size !== null
}

/**
 * What a server says of a file whose bytes are not asked for: by HEAD, or where that is not
 * allowed, as with a presigned URL, or fails, by a GET of its first byte.
 *
 * @param isKnown whether HEAD is believed that the file is empty. Some servers run GET for it, and
 * count what they then don't send
 */
async function probe(
  upstream: Upstream,
  missing: readonly number[] | undefined,
  isKnown: boolean,
  signal: AbortSignal | undefined,
): Promise<VersionHead | null> {
  const reply = await ask(upstream, 'HEAD', {}, signal)
  const { response } = reply
  // Any other status may be one of HEAD alone: a presigned URL is for GET.
  if (isMissing(response.status)) return null
  const head = response.ok ? readHead(response) : null
  if (isVersion(head) && (isKnown || head.size > 0)) return head
  // A server that failed was asked often enough.
  const once = response.status === 500 ? { ...upstream, retries: 0 } : upstream
  // A server without ranges may refuse that of every file: all of it then settles whether it is empty.
  for (const fields of [{ range: 'bytes=0-0' }, {}]) {
    const first = await ask(once, 'GET', fields, signal)
    const told = readFile(upstream, first, missing)
    if (told === null) return null
    if (isVersion(told)) {
      drop(upstream, first)
      return told
    }
    // Every other file has a first byte.
    const isRefused = first.response.status === 416
    const total = readTotal(first.response.headers)
    const isEmptyByHead = head?.size === 0
    const isEmpty = isRefused
      ? total === 0 || (isEmptyByHead && total === null)
      : (total === 0 && isEmptyByHead) || (!head?.size && (await isOver(once, first)))
    drop(upstream, first)
    if (isEmpty) return { ...(head ?? told), size: 0 }
    if (!isRefused || total !== null) break
  }
  throw misanswer(upstream, 'the size of the file', 'none')
}

/** Whether a body ends before it has given a byte. */
async function isOver({ timeout }: Upstream, { response, hangUp }: Reply): Promise<boolean> {
  const reader = response.body?.getReader()
  const read = reader && (await within(timeout, reader.read(), hangUp).catch(() => null))
  reader?.releaseLock()
  return read?.done === true
}
