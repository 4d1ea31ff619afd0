import { expectSwitch, unexpected } from '../../src/errors.ts'
import { canBeUrlPath, isTooLong } from '../store/object-key.ts'
import { type Credentials, expectKey, Signer } from './signer.ts'

/** A bucket, and how it is reached. */
export interface S3Location {
  /** The URL of the store, such as `https://s3.eu-central-1.amazonaws.com`. */
  readonly endpoint: string | URL
  /** The name of the bucket. */
  readonly bucket: string
  /** `us-east-1` by default, which Ceph and MinIO take; `auto` for R2. */
  readonly region?: string | undefined
  /**
   * A key, or a function that gives one; it is asked again shortly before the `expiration` that it
   * names, and for every request if it names none, but once for all that wait at the same time.
   * Left out for a bucket that everybody may read.
   */
  readonly credentials?: Credentials | (() => Credentials | Promise<Credentials>) | undefined
  /**
   * Whether the bucket stands in the path (`https://host/bucket/key`), as it may everywhere, or
   * else in the host (`https://bucket.host/key`). True by default.
   */
  readonly pathStyle?: boolean | undefined
}

/** A bucket that was checked. */
export interface Store {
  /** The URL of the bucket, without a slash at its end. */
  readonly url: string
  readonly signer: Signer
  /** Until when it is not asked for checksums, which it refused; on the clock of `performance`. */
  noChecksumsUntil: number
}

/** By location, so that what was learned of a store stays known. */
const stores = new WeakMap<S3Location, Store>()

/** @throws TypeError, without what may be secret, unless it names a bucket */
export function storeOf(location: S3Location): Store {
  const known = stores.get(location)
  if (known !== undefined) return known
  const { endpoint, bucket, region = 'us-east-1', credentials, pathStyle = true } = location
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null
  if (url === null || !/^https?:$/.test(url.protocol) || url.username + url.password !== '') {
    throw new TypeError('Expected endpoint to be a URL of http: or https: without credentials')
  }
  // It may come from an environment variable that is not set.
  if (typeof bucket !== 'string' || !/^[\w.-]+$/.test(bucket) || /^\.+$/.test(bucket)) {
    throw unexpected('the name of a bucket', bucket)
  }
  if (typeof region !== 'string') throw unexpected('region to be a text', region)
  expectSwitch('pathStyle', pathStyle)
  if (credentials !== undefined && typeof credentials !== 'function') expectKey(credentials)
  const root = url.pathname.replace(/\/+$/, '')
  const place = pathStyle
    ? `${url.protocol}//${url.host}${root}/${bucket}`
    : `${url.protocol}//${bucket}.${url.host}${root}`
  const signer = new Signer(region, credentials)
  const store = { url: place, signer, noChecksumsUntil: 0 }
  stores.set(location, store)
  return store
}

/**
 * The path of a key in a URL; null for a key that no object has or no URL can express.
 *
 * @example
 * toPath('films/a b.mp4') // '/films/a%20b.mp4'
 */
export function toPath(key: string): string | null {
  if (key === '' || isTooLong(key) || !canBeUrlPath(key)) return null
  return `/${key.split('/').map(encode).join('/')}`
}

/** All but what RFC 3986 calls unreserved, as S3 does when it checks a signature. */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  })
}
