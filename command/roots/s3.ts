import { OriginError, type S3Location, s3Tree } from '../../adapters/s3.ts'
import { isFile } from '../../adapters/site/tree.ts'
import { closeSource } from '../../src/reader.ts'
import { isEndpoint } from '../address.ts'
import { isReadable, variable } from '../environment.ts'
import { Failure, messageOf } from '../failure.ts'
import type { ServeOptions } from '../options.ts'
import { HEAD } from '../own-request.ts'
import type { Root } from '../root.ts'
import { type Account, readAccount } from './aws.ts'
import { distantRoot, openNearby, WatchedFetch } from './distant.ts'
import { expectVisible } from './visible.ts'

/**
 * A bucket, a folder of one or one object: `s3://bucket/prefix`.
 *
 * @throws Failure, as a rejection, if it is not there or can't be read
 */
export async function s3Root(options: ServeOptions, say: (notice: string) => void): Promise<Root> {
  const { path } = options
  const [, bucket = '', key = ''] = /^s3:\/\/([\w.-]+)(?:\/(.*))?$/is.exec(path) ?? []
  if (bucket === '') {
    // It may have a key in it.
    const got = path.includes('@') ? '' : `, got ${path}`
    throw new Failure(`expected s3://BUCKET/PREFIX${got}`)
  }
  const nearby = await openNearby(options, say)
  const account = readAccount(options.profile, variable)
  const region = account.region ?? 'us-east-1'
  const endpoint = options.endpoint ?? account.endpoint ?? `https://s3.${region}.amazonaws.com`
  if (!isEndpoint(endpoint)) {
    throw new Failure(
      'Expected endpoint to be a URL of http: or https: without credentials, query and fragment',
    )
  }
  const location: S3Location = {
    endpoint,
    bucket,
    region,
    ...(account.credentials && { credentials: account.credentials }),
  }
  const place = `s3://${bucket}/${key}`
  const found = await look(location, key, account)
  if (found === null) throw new Failure(`there is nothing at ${place}`)
  const slash = key.lastIndexOf('/')
  const [folder, name] = [key.slice(0, slash + 1), key.slice(slash + 1)]
  const idOf = (prefix: string) => `${endpoint}\0${bucket}\0${prefix}`
  if (found === 'file') {
    expectVisible(`/${encodeURIComponent(name)}`, place)
    const about = { id: idOf(folder), name, place, file: name }
    return distantRoot(s3Tree(location, { prefix: folder }), about, nearby)
  }
  const prefix = key === '' || key.endsWith('/') ? key : `${key}/`
  const title = prefix.split('/').at(-2) ?? bucket
  const about = { id: idOf(prefix), name: title, place, file: null }
  return distantRoot(s3Tree(location, { prefix }), about, nearby)
}

/**
 * What there is at a key; asked once, so that what is wrong is known before anybody asks for a
 * file.
 *
 * @throws Failure, as a rejection, if the store refuses or does not answer
 */
async function look(
  location: S3Location,
  key: string,
  account: Account,
): Promise<'file' | 'folder' | null> {
  const watched = new WatchedFetch()
  try {
    const tree = s3Tree(location, { fetch: watched.fetch, retries: 0, missing: [403] })
    const opened = key === '' || key.endsWith('/') ? null : await tree.open(key, HEAD)
    if (isFile(opened)) {
      void closeSource(opened)
      return 'file'
    }
    for await (const _ of tree.list?.(key.replace(/\/$/, '')) ?? []) return 'folder'
    return key === '' ? 'folder' : null
  } catch (error) {
    if (error instanceof OriginError) throw storeFailure(error, watched, location, account)
    throw new Failure(messageOf(error))
  }
}

function storeFailure(
  { reason }: OriginError,
  { status, obstacle }: WatchedFetch,
  { endpoint, bucket, region }: S3Location,
  { credentials, origin, profile }: Account,
): Failure {
  const store = String(endpoint).replace(/\/$/, '')
  if (status === null) return new Failure(`can't reach ${store}: ${obstacle ?? reason}`)
  if (status === 404) return new Failure(`there is no bucket ${bucket} at ${store}`)
  if (status === 401 || status === 403) {
    if (credentials !== null) {
      return new Failure(`${store} refuses the key of ${origin} for the bucket ${bucket}`)
    }
    return new Failure(`the bucket ${bucket} at ${store} needs a key: ${wayToOne(profile)}`)
  }
  // What AWS answers if the bucket is in another region.
  if (status === 301 || status === 400) {
    return new Failure(
      `${store} answers ${status} for the bucket ${bucket} in the region ${region}: ` +
        'if that is another one, set AWS_REGION',
    )
  }
  return new Failure(`${store} can't be used: ${reason}`)
}

/** How a person gives a key. */
function wayToOne(profile: string | null): string {
  if (profile !== null) {
    return `the profile ${profile} holds none, and those of SSO and of roles are not looked up`
  }
  if (!isReadable('AWS_ACCESS_KEY_ID')) return 'AWS_ACCESS_KEY_ID can be seen with --allow-env only'
  return 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with --profile'
}
