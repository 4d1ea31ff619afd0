import { renameSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe } from 'vitest'
import { httpOrigin } from '../adapters/http.ts'
import { nodeDirectory, nodeListener } from '../adapters/node.ts'
import { r2Bucket } from '../adapters/r2.ts'
import { s3Bucket } from '../adapters/s3.ts'
import { type FileTree, site } from '../adapters/site.ts'
import { type FileLookup, isSource } from '../src/lookup.ts'
import type { FileSource } from '../src/source.ts'
import { describeSource } from './contract.ts'
import { putFile } from './support/local-files.ts'
import { startWorker, type WorkerServer } from './support/miniflare.ts'
import { hasCeph, type S3Server, startCeph } from './support/s3-server.ts'
import { temporaryDirectory } from './support/temporary.ts'

/** Every store, through the same site. */
const OPTIONS = {
  index: 'index.html',
  precompressed: true,
  listing: false,
  normalize: true,
} as const

/** Asks a lookup for a file by its path, as a client that accepts `br`. */
async function openBy(
  lookup: FileLookup,
  path: string,
  request: Request,
): Promise<FileSource | null> {
  const headers = new Headers(request.headers)
  headers.set('accept-encoding', 'br')
  const { method } = request
  const found = (await lookup({ method, url: `http://localhost/${path}`, headers })) ?? null
  if (found === null || isSource(found)) return found
  throw new Error(`Expected a file, got the status ${found.status}`)
}

function named(directory: string, path: string): string {
  return path.slice(directory.length + 1)
}

const files = new Map<string, Uint8Array>()
const tree: FileTree = {
  open(path) {
    const bytes = files.get(path)
    if (bytes === undefined) return null
    return { size: bytes.length, etag: '"1"', read: (start, end) => bytes.subarray(start, end) }
  },
}

describeSource('a tree in memory, as a site', {
  make(bytes) {
    const path = crypto.randomUUID()
    files.set(path, bytes)
    return { open: (request) => openBy(site(tree, OPTIONS), path, request) }
  },
  openMissing: (request) => openBy(site(tree, OPTIONS), 'none', request),
})

const directory = temporaryDirectory()
const local = nodeDirectory(directory, OPTIONS)

describeSource('nodeDirectory, of a file that is stored encoded', {
  make(bytes) {
    // A coding of nothing has bytes, too: an empty one is not sent.
    const path = putFile(directory, new Uint8Array(bytes.length === 0 ? 0 : 1))
    renameSync(putFile(directory, bytes), `${path}.br`)
    return { open: (request) => openBy(local, named(directory, path), request) }
  },
  openMissing: (request) => openBy(local, 'none', request),
})

const server = createServer(nodeListener(nodeDirectory(directory)))
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
afterAll(() => void server.close())

function origin(): FileLookup {
  const { port } = server.address() as AddressInfo
  return httpOrigin(`http://127.0.0.1:${port}/`, OPTIONS)
}

describeSource('httpOrigin', {
  make(bytes) {
    const path = putFile(directory, bytes)
    return { open: (request) => openBy(origin(), named(directory, path), request) }
  },
  openMissing: (request) => openBy(origin(), 'none', request),
})

let worker: WorkerServer
beforeAll(async () => {
  worker = await startWorker({})
}, 120_000)
afterAll(() => worker.stop())

describeSource('r2Bucket', {
  isFar: true,
  async make(bytes) {
    const key = crypto.randomUUID()
    await worker.bucket.put(key, bytes)
    return { open: (request) => openBy(r2Bucket(worker.bucket, OPTIONS), key, request) }
  },
  openMissing: (request) => openBy(r2Bucket(worker.bucket, OPTIONS), 'none', request),
})

describe.runIf(hasCeph)('a RADOS Gateway of Ceph', () => {
  let ceph: S3Server
  beforeAll(async () => {
    ceph = await startCeph()
  }, 120_000)
  afterAll(() => ceph?.stop())

  describeSource('s3Bucket', {
    isFar: true,
    async make(bytes) {
      const key = crypto.randomUUID()
      await ceph.put(key, bytes)
      return { open: (request) => openBy(s3Bucket(ceph.location, OPTIONS), key, request) }
    },
    openMissing: (request) => openBy(s3Bucket(ceph.location, OPTIONS), 'none', request),
  })
})
