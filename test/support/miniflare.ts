import { Miniflare } from 'miniflare'
import type { R2BucketLike, R2HttpMetadataLike } from '../../adapters/r2.ts'
import { bundle } from './bundle.ts'

export interface StoredFile {
  readonly bytes: Uint8Array
  readonly httpMetadata?: R2HttpMetadataLike
}

/** A bucket that tests can also write to. */
export interface TestBucket extends R2BucketLike {
  put(key: string, bytes: Uint8Array, options?: Omit<StoredFile, 'bytes'>): Promise<unknown>
  delete(key: string): Promise<void>
}

export interface WorkerServer {
  /** On 127.0.0.1. */
  readonly port: number
  /** The Worker's bucket MEDIA, from outside. */
  readonly bucket: TestBucket
  stop(): Promise<void>
}

/**
 * Starts a Worker in workerd, with the files in its R2 bucket MEDIA.
 *
 * @param files by key
 * @param entry the Worker, from the project's root; it imports byteserve from `dist`
 */
export async function startWorker(
  files: Readonly<Record<string, StoredFile>>,
  entry = 'examples/worker.ts',
): Promise<WorkerServer> {
  const miniflare = new Miniflare({
    modules: true,
    script: await bundle(entry, ['workerd', 'worker', 'browser']),
    compatibilityDate: '2026-04-01',
    host: '127.0.0.1',
    port: 0,
    r2Buckets: ['MEDIA'],
  })
  try {
    const { port } = await miniflare.ready
    // miniflare's type is made of Cloudflare's own streams and headers, at run time the global ones.
    const bucket = (await miniflare.getR2Bucket('MEDIA')) as unknown as TestBucket
    for (const [key, { bytes, httpMetadata = {} }] of Object.entries(files)) {
      // A Buffer would end the process: miniflare takes it for something else.
      await bucket.put(key, new Uint8Array(bytes), { httpMetadata })
    }
    return { port: Number(port), bucket, stop: () => miniflare.dispose() }
  } catch (error) {
    await miniflare.dispose()
    throw error
  }
}
