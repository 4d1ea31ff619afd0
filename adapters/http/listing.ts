import { within } from '../store/within.ts'
import { misanswer, type OriginError } from './failure.ts'
import { drop, type Reply, type Upstream } from './upstream.ts'

/** The most bytes that a listing may have: that of nginx takes some 100 for each file. */
const MAX_LENGTH = 32 * 1024 * 1024

/**
 * The text of a listing.
 *
 * @throws OriginError, as a rejection, when there is none, it breaks off or goes on and on; the
 * reason of the signal, once it is aborted
 */
export async function readListing(
  upstream: Upstream,
  reply: Reply,
  signal?: AbortSignal,
): Promise<string> {
  const { response, hangUp } = reply
  if (response.status !== 200) {
    drop(upstream, reply)
    throw noListing(upstream, `status ${response.status}`)
  }
  const reader = response.body?.getReader()
  const giveUp = () => {
    reader?.cancel().catch(() => {})
    hangUp()
  }
  const decoder = new TextDecoder()
  let text = ''
  if (signal?.aborted) giveUp()
  signal?.addEventListener('abort', giveUp)
  try {
    for (let length = 0; length <= MAX_LENGTH; ) {
      const chunk =
        reader && (await within(upstream.timeout, reader.read(), giveUp).catch(() => null))
      signal?.throwIfAborted()
      if (!chunk) throw noListing(upstream, 'a part of one')
      if (chunk.done) return text + decoder.decode()
      length += chunk.value.length
      text += decoder.decode(chunk.value, { stream: true })
    }
  } finally {
    signal?.removeEventListener('abort', giveUp)
  }
  giveUp()
  throw noListing(upstream, `more than ${MAX_LENGTH} bytes`)
}

export function noListing(upstream: Upstream, got: string): OriginError {
  return misanswer(upstream, 'a listing', got)
}

/** The size of a file, if a listing tells a possible one. */
export function toSize(told: unknown): number | undefined {
  const isTold = typeof told === 'number' || typeof told === 'string'
  const size = isTold && /^\d+$/.test(`${told}`) ? Number(told) : Number.NaN
  return Number.isSafeInteger(size) ? size : undefined
}

/** The time of a file, if a listing tells one. */
export function toDate(told: unknown): Date | undefined {
  const time = typeof told === 'string' ? Date.parse(told) : Number.NaN
  return Number.isNaN(time) ? undefined : new Date(time)
}
