import { type ByteRange, type RangeSpec, resolveRange } from '../../src/range.ts'
import { hangUpSignal } from '../../src/runtime.ts'
import type { RequestLike } from '../../src/source.ts'
import { isStrong } from '../../src/validators.ts'
import { likelyRanges } from '../site/likely-ranges.ts'
import { type Body, bodyFrom, openBody, unjoinable } from './body.ts'
import { misanswer } from './failure.ts'
import { type Head, isSameVersion, readHead, type Version } from './head.ts'
import { firstSpan } from './spans.ts'
import { ask, drop, isMissing, type Reply, type Upstream } from './upstream.ts'

/** What was found for one request. */
export interface Found {
  readonly version: Version
  /** What came with the head: bytes of the range that the request will most likely get. */
  readonly body: Body | null
  /** Whether the bytes of two responses may stand in one answer. */
  readonly isJoinable: boolean
  /** What the request will most likely get. */
  readonly ranges: readonly ByteRange[]
}

export interface FindOptions {
  /** Statuses that mean that there is no such file, besides 404 and 410. */
  readonly missing: readonly number[]
  /** Whether the file never changes, whatever its entity tag says. */
  readonly isImmutable: boolean
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
  { missing, isImmutable }: FindOptions,
): Promise<Found | null> {
  // A client that hangs up ends the wait for a head.
  const signal = hangUpSignal(request)
  const specs = likelyRanges(request)
  const [spec] = specs
  const asked = firstSpan(specs)
  const range = asked && toRange(asked)
  const reply = range ? await ask(upstream, 'GET', { range }, signal) : null
  const head = reply && readFile(upstream, reply, missing)
  if (reply !== null && head === null) return null
  const version = isVersion(head) ? head : await probe(upstream, missing, signal)
  const wanted = spec && version && resolveRange(spec, version.size)
  const isUsable = reply && head && wanted && isSameVersion(version, head)
  const first = isUsable ? bodyFrom(upstream, reply, head, wanted.start, version.size) : null
  if (reply !== null && !first) drop(upstream, reply)
  if (version === null) return null
  const isJoinable = isImmutable || isStrong(version.etag ?? '')
  const ranges = specs.flatMap((each) => resolveRange(each, version.size) ?? [])
  if (ranges.length > 1 && !isJoinable) {
    first?.hangUp()
    throw unjoinable(upstream)
  }
  // A server that did not understand the range may understand it when it is put in another way.
  const isAskedAgain = reply !== null && wanted && !first && ranges.length === 1
  const body = isAskedAgain
    ? await openBody(upstream, version, wanted.start, wanted.end, signal)
    : first
  return { version, body, isJoinable, ranges }
}

/** A range as it is asked for; null if no file can satisfy it. */
function toRange(spec: RangeSpec): string | null {
  const most = Number.MAX_SAFE_INTEGER
  if ('suffixLength' in spec) {
    const suffix = Math.min(spec.suffixLength, most)
    return suffix === 0 ? null : `bytes=-${suffix}`
  }
  const { firstPos, lastPos } = spec
  if (firstPos > most) return null
  return `bytes=${firstPos}-${lastPos < most ? lastPos : ''}`
}

/**
 * What a response says of the file; null if there is none. Nothing of it is certain after a 416,
 * which has no validators.
 */
function readFile(upstream: Upstream, reply: Reply, missing: readonly number[]): Head | null {
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

function isVersion(head: Head | null): head is Version {
  return head !== null && head.size !== null
}

/**
 * What a server says of a file whose bytes are not asked for: by HEAD, or where that is not allowed,
 * as with a presigned URL, by a GET of its first byte.
 */
async function probe(
  upstream: Upstream,
  missing: readonly number[],
  signal: AbortSignal | undefined,
): Promise<Version | null> {
  const reply = await ask(upstream, 'HEAD', {}, signal)
  const { response } = reply
  // Any other status may be one of HEAD alone: a presigned URL is for GET.
  if (isMissing(response.status)) return null
  const head = response.ok ? readHead(response) : null
  if (isVersion(head)) return head
  const first = await ask(upstream, 'GET', { range: 'bytes=0-0' }, signal)
  const told = readFile(upstream, first, missing)
  if (told === null) return null
  drop(upstream, first)
  if (isVersion(told)) return told
  // Every other file has a first byte.
  if (first.response.status === 416) return { ...told, size: 0 }
  throw misanswer(upstream, 'the size of the file', 'none')
}
