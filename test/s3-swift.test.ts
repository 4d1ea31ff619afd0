import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Ask, storedFetch } from '../adapters/http/stored-fetch.ts'
import { s3Bucket, s3File, s3Tree } from '../adapters/s3.ts'
import { fileHandler } from '../src/index.ts'
import { describeSource } from './contract.ts'
import { someBytes } from './support/counting-source.ts'
import { sourceOf } from './support/found.ts'
import { hasSwift, type S3Server, startSwift } from './support/s3-server.ts'

/*
 * A second opinion on S3: the s3api of OpenStack Swift. It is run where that is installed; CI does not
 * install it.
 */
describe.runIf(hasSwift)('the s3api of OpenStack Swift', () => {
  let swift: S3Server
  beforeAll(async () => {
    swift = await startSwift()
  }, 120_000)
  afterAll(() => swift?.stop())

  const open = async (key: string, request: Request) =>
    sourceOf(await s3File(swift.location, key, request))

  describeSource('s3File', {
    isFar: true,
    async make(bytes) {
      const key = crypto.randomUUID()
      await swift.put(key, bytes)
      return { key, size: bytes.length, open: (request) => open(key, request) }
    },
    openMissing: (request) => open('none', request),
    changes: {
      'replaced by another of its key': {
        apply: ({ key, size }) => swift.put(key, someBytes(size, 9)),
        outcome: 'either',
      },
      removed: { apply: ({ key }) => swift.remove(key), outcome: 'either' },
    },
  })

  it.each<[range: string | undefined, answer: unknown[], asked: string[]]>([
    [undefined, [200, null, 'abcdefghij'], ['GET bytes=0-']],
    ['bytes=5-', [206, 'bytes 5-9/10', 'fghij'], ['GET bytes=5-']],
    ['bytes=-50', [206, 'bytes 0-9/10', 'abcdefghij'], ['GET bytes=-50']],
    ['bytes=10-', [416, 'bytes */10', ''], ['GET bytes=10-', 'HEAD']],
  ])('is asked as little as possible: %s', async (range, answer, asked) => {
    await swift.put('letters', new TextEncoder().encode('abcdefghij'))
    const operations: string[] = []
    const fetch = (url: string, ask: Ask) => {
      operations.push(`${ask.method} ${ask.headers.get('range') ?? ''}`.trim())
      return storedFetch(url, ask)
    }
    const handler = fileHandler(s3Bucket(swift.location, { fetch }))
    const headers = { host: 'localhost', ...(range && { range }) }
    const response = await handler(new Request('http://localhost/letters', { headers }))
    const got = [response.status, response.headers.get('content-range'), await response.text()]
    expect({ got, operations }).toEqual({ got: answer, operations: asked })
  })

  it('lists what is directly below a prefix', async () => {
    const names = ['a b+c&d.mp4', '100%.mp4', 'ünïcödé 🎬.mp4']
    for (const name of [...names, 'deep/x']) await swift.put(`names/${name}`, someBytes(5))
    const entries = []
    for await (const { kind, name, size } of s3Tree(swift.location).list?.('names') ?? []) {
      entries.push({ kind, name, size })
    }
    expect(entries).toEqual([
      { kind: 'directory', name: 'deep', size: undefined },
      ...names.toSorted().map((name) => ({ kind: 'file', name, size: 5 })),
    ])
  })
})
