/*
 * What is known about runtimes. Nothing else in the core depends on where it runs.
 */

/** Whether this is workerd, where all that a request opened ends with it. */
export const isWorkerd: boolean = globalThis.navigator?.userAgent === 'Cloudflare-Workers'

/**
 * A response may be dropped unread: its source is closed once its body is garbage collected. Not in
 * workerd, where touching it after the request is an error.
 */
const Registry = isWorkerd ? undefined : globalThis.FinalizationRegistry
const dropped = Registry && new Registry<() => void>((abandon) => abandon())

/**
 * Calls `abandon` once a stream is garbage collected, unless `forget` is called with the same token
 * before. `abandon` must not refer to the stream, which could then never be collected.
 */
export function whenDropped(stream: object, abandon: () => void, token: object): void {
  dropped?.register(stream, abandon, token)
}

/** Takes a call of `whenDropped` back. */
export function forget(token: object): void {
  dropped?.unregister(token)
}

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
 * Whether a Response copies its bytes when it is made, as the Fetch standard says. A class that
 * replaces it, such as @hono/node-server's, may keep them.
 */
export function isCopiedByResponse(): boolean {
  return Object.getPrototypeOf(Response) === Function.prototype
}

/** Keeps workerd from encoding again what is stored encoded. The other runtimes ignore it. */
export const AS_STORED = { encodeBody: 'manual' }
