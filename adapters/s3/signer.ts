import { AwsV4Signer } from 'aws4fetch'
import { kindOf, unexpected } from '../../src/errors.ts'
import { isFieldValue } from '../../src/headers.ts'
import { isWorkerd } from '../../src/runtime.ts'
import { cancel, type HeaderPairs } from '../http/upstream.ts'

/** A key of S3. */
export interface Credentials {
  /** Names the key; it is sent. */
  readonly accessKeyId: string
  /** Signs; it is never sent. */
  readonly secretAccessKey: string
  /** Comes with keys that end. */
  readonly sessionToken?: string | undefined
  /** When it ends. */
  readonly expiration?: Date | undefined
}

/** @throws TypeError, without what is secret, unless it is a key */
export function expectKey(given: Credentials): void {
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = Object(given)
  if (![accessKeyId, secretAccessKey].every((part) => part && typeof part === 'string')) {
    throw new TypeError('Expected credentials with accessKeyId and secretAccessKey')
  }
  // It becomes a field: the error of a runtime would quote it.
  if (!isFieldValue(`${sessionToken}`.trim())) {
    throw new TypeError('Expected a sessionToken that can be sent')
  }
  // Services that issue keys give it as text.
  if ((expiration ?? null) === null || kindOf(expiration) === 'Date') return
  throw unexpected('expiration to be a Date', expiration)
}

/** How long before its end a key is no longer used, in ms. */
const MARGIN = 60_000

/** By how much clocks may differ, in ms; stores refuse 15 minutes. */
const TOLERANCE = 5 * 60_000

/** Signs requests for one bucket. */
export class Signer {
  readonly #region: string
  readonly #credentials: Credentials | (() => Credentials | Promise<Credentials>) | undefined
  /** The last one that was given. */
  #given: Credentials | null = null
  /** The one that is being given, for all who wait for one. */
  #giving: Promise<Credentials> | null = null
  /** What was made of keys for the day, by aws4fetch. */
  #derived = new Map<string, ArrayBuffer>()
  /** What the store's clock is ahead, in ms. */
  #skew = 0

  constructor(
    region: string,
    credentials: Credentials | (() => Credentials | Promise<Credentials>) | undefined,
  ) {
    this.#region = region
    this.#credentials = credentials
  }

  /**
   * Sends a request signed, and again if it was refused because the clocks differ.
   *
   * @param fetch sends it with these fields
   * @param signal aborted when the request waits no longer
   */
  async send(
    method: string,
    url: string,
    fields: HeaderPairs,
    fetch: (headers: Headers) => Promise<Response>,
    signal: AbortSignal | null,
  ): Promise<Response> {
    for (let isLast = false; ; isLast = true) {
      const credentials = await this.#current(signal)
      const skew = this.#skew
      const time = toTimestamp(Date.now() + skew)
      const response = await fetch(await this.#sign(method, url, fields, credentials, time))
      if (isLast || !this.#hasLearned(response, skew)) return response
      cancel(response)
    }
  }

  /** The fields of a request with those that sign it. */
  async #sign(
    method: string,
    url: string,
    fields: HeaderPairs,
    credentials: Credentials | undefined,
    datetime: string,
  ): Promise<Headers> {
    if (credentials === undefined) return new Headers(fields)
    // aws4fetch adds an entry for each key and day, and removes none.
    if (this.#derived.size > 4) this.#derived = new Map()
    const { accessKeyId, secretAccessKey, sessionToken } = credentials
    const signer = new AwsV4Signer({
      method,
      url,
      headers: fields,
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      service: 's3',
      region: this.#region,
      cache: this.#derived,
      datetime,
    })
    return (await signer.sign()).headers
  }

  /**
   * Whether a request was refused because the clocks differ. The Date of the answer tells, since the
   * refusal of a HEAD has no body.
   *
   * @param used the skew it was signed with: another request may have learned the right one since
   */
  #hasLearned({ status, headers }: Response, used: number): boolean {
    const date = Date.parse(headers.get('date') ?? '')
    const skew = date - Date.now()
    if (status !== 403 || !(Math.abs(skew - used) > TOLERANCE)) return false
    this.#skew = skew
    return true
  }

  async #current(signal: AbortSignal | null): Promise<Credentials | undefined> {
    const give = this.#credentials
    if (typeof give !== 'function') return give
    if (this.#given && endOf(this.#given) - MARGIN > Date.now()) return this.#given
    // In workerd, what one request asks for ends with it.
    const giving = (!isWorkerd && this.#giving) || Promise.resolve().then(give)
    const forget = () => {
      if (this.#giving === giving) this.#giving = null
    }
    // Later requests don't wait for what an earlier one gave up on.
    signal?.addEventListener('abort', forget)
    this.#giving = giving
    try {
      const given = await giving
      expectKey(given)
      // Unless a key that lasts longer was given meanwhile.
      if (!(endOf(given) < endOf(this.#given))) this.#given = given
      return given
    } finally {
      signal?.removeEventListener('abort', forget)
      forget()
    }
  }
}

/** When a key ends, in ms; 0 if it does not say. */
function endOf(key: Credentials | null): number {
  return key?.expiration?.getTime() ?? 0
}

/** `20261130T165500Z` */
function toTimestamp(time: number): string {
  return new Date(time).toISOString().replace(/[:-]|\.\d{3}/g, '')
}
