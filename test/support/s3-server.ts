import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { AwsClient } from 'aws4fetch'
import { encode } from '../../adapters/s3/location.ts'
import type { S3Location } from '../../adapters/s3.ts'
import { areInstalled, findProgram } from './installed.ts'
import { freePorts } from './ports.ts'
import { run } from './process.ts'
import { temporaryDirectory } from './temporary.ts'
import { eventually } from './wait.ts'

/** A store that speaks S3, with a bucket to write to. */
export interface S3Server {
  readonly location: S3Location & { readonly endpoint: string; readonly bucket: string }
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  put(key: string, bytes: Uint8Array, fields?: Readonly<Record<string, string>>): Promise<void>
  remove(key: string): Promise<void>
  /** A URL by which everybody may read an object. */
  presign(key: string): Promise<string>
  stop(): Promise<void>
}

/** Longer than any store takes on a busy machine until it serves, in ms. */
const START = 120_000

/** Whether Ceph is installed. */
export const hasCeph: boolean = areInstalled('ceph-mon', 'ceph-osd', 'radosgw')

/** Whether OpenStack Swift is installed: a second opinion, which CI can do without. */
export const hasSwift: boolean =
  findProgram('swift-proxy-server') !== null && findProgram('memcached') !== null

/** Starts a RADOS Gateway of Ceph. */
export function startCeph(): Promise<S3Server> {
  return startScript('rgw.sh', 3, { accessKeyId: 'KEY', secretAccessKey: 'SECRET' })
}

/** Starts the s3api of OpenStack Swift. */
export function startSwift(): Promise<S3Server> {
  return startScript('swift.sh', 5, { accessKeyId: 'test:tester', secretAccessKey: 'testing' })
}

/** @param count how many ports the script is told; S3 listens on the first */
async function startScript(
  name: string,
  count: number,
  credentials: S3Server['credentials'],
): Promise<S3Server> {
  const ports = await freePorts(count)
  const script = fileURLToPath(new URL(name, import.meta.url))
  const program = run('sh', [script, temporaryDirectory(), ...ports.map(String)])
  await program.says(/(S3 listens)/)
  const stop = async () => {
    program.child.stdin.end()
    await program.ended
  }
  return withBucket(`http://127.0.0.1:${ports[0]}`, credentials, stop)
}

/** Starts s3rver, a small store that is at hand everywhere. */
export async function startS3rver(): Promise<S3Server> {
  const script = fileURLToPath(new URL('../../node_modules/s3rver/bin/s3rver.js', import.meta.url))
  const place = ['-d', temporaryDirectory(), '-a', '127.0.0.1', '-p', '0']
  const program = run(process.execPath, [script, ...place, '--no-vhost-buckets'])
  const port = await program.says(/listening on [^\s]*:(\d+)/)
  const credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }
  return withBucket(`http://127.0.0.1:${port}`, credentials, program.stop)
}

/** Makes a bucket in a store. */
async function withBucket(
  endpoint: string,
  credentials: S3Server['credentials'],
  stop: () => Promise<void>,
): Promise<S3Server> {
  const bucket = bucketOf(endpoint, credentials)
  await bucket.create()
  return { ...bucket, stop }
}

/** The bucket of a store that another process may have started. */
export function bucketOf(
  endpoint: string,
  credentials: S3Server['credentials'],
): Omit<S3Server, 'stop'> & { create(): Promise<unknown> } {
  const client = new AwsClient({ ...credentials, service: 's3', region: 'us-east-1', retries: 0 })
  const bucket = `${endpoint}/films`
  const urlOf = (key: string) => `${bucket}/${key.split('/').map(encode).join('/')}`
  return {
    location: { endpoint, bucket: 'films', credentials },
    credentials,
    create: () => eventually(`a bucket at ${bucket}`, make, START),
    put: (key, bytes, headers = {}) => {
      return send('PUT', urlOf(key), { body: new Uint8Array(bytes), headers })
    },
    remove: (key) => send('DELETE', urlOf(key)),
    async presign(key) {
      const { url } = await client.sign(urlOf(key), { aws: { signQuery: true } })
      return url
    },
  }

  /** Whether the bucket is there. A store may listen before what is behind it is ready. */
  async function make(): Promise<true | null> {
    const response = await client.fetch(bucket, { method: 'PUT' }).catch(() => null)
    await response?.text()
    return response?.ok || response?.status === 409 ? true : null
  }

  async function send(
    method: string,
    url: string,
    init: RequestInit = {},
    tries = 5,
  ): Promise<void> {
    // Ceph cuts off whoever is slow for 2 s, as a busy machine is now and then.
    const response = await client.fetch(url, { ...init, method }).catch((error: unknown) => {
      if (tries === 1) throw error
    })
    if (!response) return send(method, url, init, tries - 1)
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`)
  }
}
