import { createRequire } from 'node:module'
import type { Readable } from 'node:stream'
import type { R2BucketLike, R2HttpMetadataLike } from '../../adapters/r2.ts'
import { bundle } from './bundle.ts'

// Not imported: Node would read all of its 4 MB for the names that it exports, for half a second.
const { Miniflare } = createRequire(import.meta.url)('miniflare') as typeof import('miniflare')

/**
 * For every property of what is R2's, miniflare waits for its other thread, which sets a flag and then
 * wakes it. Who looks in between goes on at once, and is woken too early from the next wait: from then
 * on, no answer is that of its question. So a wait lasts until the flag is set.
 */
function waitUntilSet(flags: Int32Array, index: number, value: number, timeout?: number) {
  let how = wait(flags, index, value, timeout)
  while (timeout === undefined && Atomics.load(flags, index) === value) {
    how = wait(flags, index, value)
  }
  return how
}

const { wait } = Atomics
// It is asked with 32 bits only.
Atomics.wait = waitUntilSet as typeof Atomics.wait

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
  /** What workerd wrote to stderr so far. */
  complaints(): string
  stop(): Promise<void>
}

/**
 * Starts a Worker in workerd, with the files in its R2 bucket MEDIA.
 *
 * @param files by key
 * @param entry the Worker, from the project's root; it imports byteserve from `dist`
 * @param bindings texts that it gets in its `env`
 * @param compatibilityDate of the workerd whose ways it has
 */
export async function startWorker(
  files: Readonly<Record<string, StoredFile>>,
  entry = 'examples/worker.ts',
  bindings: Readonly<Record<string, string>> = {},
  compatibilityDate = '2026-04-01',
): Promise<WorkerServer> {
  let complaints = ''
  const contents = await bundle(entry, ['workerd', 'worker', 'browser'])
  const miniflare = new Miniflare({
    // Named as a module: of a script, miniflare would look for what it imports, for a second.
    modules: [{ type: 'ESModule', path: 'worker.mjs', contents }],
    compatibilityDate,
    host: '127.0.0.1',
    port: 0,
    r2Buckets: ['MEDIA'],
    bindings,
    handleRuntimeStdio(stdout: Readable, stderr: Readable) {
      stdout.resume()
      stderr.setEncoding('utf8').on('data', (text: string) => {
        complaints += text
      })
    },
  })
  try {
    const { port } = await miniflare.ready
    // miniflare's type is made of Cloudflare's own streams and headers, at run time the global ones.
    const bucket = (await miniflare.getR2Bucket('MEDIA')) as unknown as TestBucket
    for (const [key, { bytes, httpMetadata = {} }] of Object.entries(files)) {
      // A Buffer would end the process: miniflare takes it for something else.
      await bucket.put(key, new Uint8Array(bytes), { httpMetadata })
    }
    return {
      port: Number(port),
      bucket,
      complaints: () => complaints,
      stop: () => miniflare.dispose(),
    }
  } catch (error) {
    await miniflare.dispose()
    throw error
  }
}
