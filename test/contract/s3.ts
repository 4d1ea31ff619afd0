import process from 'node:process'
import { s3Bucket } from '../../adapters/s3.ts'
import { describeSource } from '../contract.ts'
import { someBytes } from '../support/counting-source.ts'
import { sourceOf } from '../support/found.ts'
import { bucketOf } from '../support/s3-server.ts'

/** The contract of a source for objects of the store that contract.test.ts has started. */
export function describeS3(): void {
  const { endpoint, credentials } = JSON.parse(process.env.STORE ?? '')
  const bucket = bucketOf(endpoint, credentials)
  const lookup = s3Bucket(bucket.location)
  const open = async (key: string, { method, headers }: Request) => {
    return sourceOf(await lookup({ method, url: `http://localhost/${key}`, headers }))
  }

  describeSource('s3Bucket', {
    isFar: true,
    async make(bytes) {
      const key = crypto.randomUUID()
      await bucket.put(key, bytes)
      return { key, size: bytes.length, open: (request) => open(key, request) }
    },
    openMissing: (request) => open('none', request),
    changes: {
      // What was sent before is in the sockets.
      replaced: {
        apply: ({ key, size }) => bucket.put(key, someBytes(size, 9)),
        outcome: 'either',
      },
      removed: { apply: ({ key }) => bucket.remove(key), outcome: 'either' },
    },
  })
}
