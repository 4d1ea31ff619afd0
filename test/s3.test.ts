import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Ask, storedFetch } from '../adapters/http/stored-fetch.ts'
import { httpFile } from '../adapters/http.ts'
import { digestsOf } from '../adapters/s3/digests.ts'
import { encode, type S3Location } from '../adapters/s3/location.ts'
import type { Credentials } from '../adapters/s3/signer.ts'
import { s3Bucket, s3File, s3Tree } from '../adapters/s3.ts'
import type { Entry } from '../adapters/site/tree.ts'
import { zipFolder } from '../adapters/zip.ts'
import { type Found, fileHandler, isSource, readBytes } from '../src/index.ts'
import type { FileSource } from '../src/source.ts'
import { describeSource } from './contract.ts'
import { someBytes } from './support/counting-source.ts'
import { type Origin, serving, startOrigin } from './support/faulty-origin.ts'
import { readerOf } from './support/reader.ts'
import { hasCeph, type S3Server, startCeph } from './support/s3-server.ts'
import { until } from './support/wait.ts'

const LETTERS = new TextEncoder().encode('abcdefghijklmnopqrstuvwxyz')

function sourceOf(found: Found): FileSource | null {
  if (found === null || isSource(found)) return found
  throw new Error(`Expected a file, got ${found.status}`)
}

const PLAIN = new Request('http://localhost/?zip')
const REQUEST = new Request('http://localhost/a')
const MODE = 'x-amz-checksum-mode'

describe.runIf(hasCeph)('a RADOS Gateway of Ceph', () => {
  let ceph: S3Server
  const operations: string[] = []
  /** The same bucket, its operations counted. */
  const counted = () => ({
    fetch: (url: string, init: Ask) => {
      operations.push(`${init.method} ${init.headers.get('range') ?? ''}`.trim())
      return storedFetch(url, init)
    },
  })

  beforeAll(async () => {
    ceph = await startCeph()
    await ceph.put('letters', LETTERS, { 'content-type': 'text/plain' })
  }, 120_000)
  afterAll(() => ceph?.stop())

  async function ask(key: string, headers: HeadersInit = {}, method = 'GET'): Promise<Response> {
    operations.length = 0
    const handler = fileHandler(s3Bucket(ceph.location, counted()), { onError: () => {} })
    const fields = { host: 'localhost', ...Object.fromEntries(new Headers(headers)) }
    return handler(new Request(`http://localhost/${key}`, { method, headers: fields }))
  }

  /** Stores what nobody changes once, and for so long that its date can be sent. */
  const old = new Map<number, Promise<string>>()
  async function putOld(bytes: Uint8Array): Promise<string> {
    const key = crypto.randomUUID()
    const put = ceph.put(key, bytes).then(() => key)
    if (bytes.length > 1000) return put
    const stored = old.get(bytes.length) ?? put.then(() => setTimeout(2100, key))
    old.set(bytes.length, stored)
    return stored
  }

  describeSource('s3File', {
    isFar: true,
    async make(bytes) {
      const key = await putOld(bytes)
      return {
        key,
        size: bytes.length,
        open: async (request) => sourceOf(await s3File(ceph.location, key, request)),
      }
    },
    openMissing: async (request) => sourceOf(await s3File(ceph.location, 'none', request)),
    changes: {
      'replaced by another of its key': {
        apply: ({ key, size }) => ceph.put(key, someBytes(size, 9)),
        outcome: 'either',
      },
      removed: { apply: ({ key }) => ceph.remove(key), outcome: 'either' },
    },
  })

  describeSource('httpFile of a presigned URL', {
    isFar: true,
    async make(bytes) {
      const key = await putOld(bytes)
      const url = await ceph.presign(key)
      return { open: async (request) => sourceOf(await httpFile(url, request)) }
    },
  })

  it.each<[string, HeadersInit, string, unknown[], string[]]>([
    ['all of it', {}, 'GET', [200, null, 'abcdefghijklmnopqrstuvwxyz'], ['GET bytes=0-']],
    ['a range', { range: 'bytes=0-0' }, 'GET', [206, 'bytes 0-0/26', 'a'], ['GET bytes=0-0']],
    ['a suffix', { range: 'bytes=-3' }, 'GET', [206, 'bytes 23-25/26', 'xyz'], ['GET bytes=-3']],
    [
      'a condition that fails',
      { range: 'bytes=0-4', 'if-match': '"x"' },
      'GET',
      [412, null, ''],
      ['GET bytes=0-4'],
    ],
    [
      'a condition that matches',
      { 'if-none-match': '*' },
      'GET',
      [304, null, ''],
      ['GET bytes=0-'],
    ],
    ['HEAD', {}, 'HEAD', [200, null, ''], ['HEAD']],
    [
      'beyond the end',
      { range: 'bytes=26-' },
      'GET',
      [416, 'bytes */26', ''],
      ['GET bytes=26-', 'HEAD'],
    ],
  ])('is asked as little as possible: %s', async (_what, headers, method, answer, asked) => {
    const response = await ask('letters', headers, method)
    const got = [response.status, response.headers.get('content-range'), await response.text()]
    expect({ answer: got, asked: operations }).toEqual({ answer, asked })
  })

  it('gives every byte to a viewer who pauses for longer than it waits', async () => {
    const bytes = someBytes(24 * 1024 * 1024)
    await ceph.put('film', bytes)
    const reader = readerOf(await ask('film'))
    const chunks: Uint8Array[] = []
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      chunks.push(next.value)
      // The time is the condition here: after 2 s it cuts.
      if (chunks.length === 1) await setTimeout(4000)
    }
    expect(Buffer.compare(Buffer.concat(chunks), bytes)).toBe(0)
    expect(operations.length).toBeGreaterThan(1)
  })

  it('has what is stored with an object as fields', async () => {
    const zipped = gzipSync(LETTERS)
    const stored = {
      'cache-control': 'max-age=60',
      'content-disposition': 'attachment',
      'content-encoding': 'gzip',
      'content-language': 'de',
      'content-type': 'text/css',
      expires: 'Thu, 01 Jan 2037 00:00:00 GMT',
    }
    await ceph.put('stored', zipped, stored)
    const response = await ask('stored', { range: 'bytes=3-9' })
    // Last-Modified is sent once it is a second old.
    const {
      'content-range': _,
      'last-modified': __,
      ...headers
    } = Object.fromEntries(response.headers)
    expect(headers).toEqual({
      ...stored,
      'accept-ranges': 'bytes',
      'content-length': '7',
      etag: `"${createHash('md5').update(zipped).digest('hex')}"`,
      'x-content-type-options': 'nosniff',
    })
    expect(Buffer.from(await response.bytes())).toEqual(zipped.subarray(3, 10))
  })

  const NAMES = [
    'a b+c&d;e=f,g@h:i.mp4',
    "it's (1)!*~.mp4",
    '100%.mp4',
    'a%20b.mp4',
    'a#b?c.mp4',
    '<x>"y".mp4',
    'ünïcödé 🎬 日本.mp4',
    'dots...',
  ]
  it.each(NAMES)('has an object of the name %s', async (name) => {
    await ceph.put(`names/${name}`, LETTERS)
    const response = await ask(`names/${name.split('/').map(encode).join('/')}`)
    expect([response.status, await response.text()]).toEqual([200, String(Buffer.from(LETTERS))])
  })

  it('lists what is directly below a prefix', async () => {
    await ceph.put('names/deep/x', LETTERS)
    const entries = await listed(s3Tree(ceph.location).list?.('names'))
    expect(entries.map(({ kind, name, size }) => ({ kind, name, size }))).toEqual([
      { kind: 'directory', name: 'deep', size: undefined },
      ...NAMES.toSorted().map((name) => ({ kind: 'file', name, size: 26 })),
    ])
    const [, first] = entries
    expect(Math.abs(Date.now() - (first?.lastModified?.getTime() ?? 0))).toBeLessThan(3_600_000)
  })

  it('lists page by page', { timeout: 120_000 }, async () => {
    const names = Array.from({ length: 1005 }, (_, i) => `n${String(i).padStart(4, '0')}`)
    for (let i = 0; i < names.length; i += 67) {
      await Promise.all(
        names.slice(i, i + 67).map((name) => ceph.put(`many/${name}`, new Uint8Array(0))),
      )
    }
    const tree = s3Tree(ceph.location, { prefix: 'many/', ...counted() })
    operations.length = 0
    const entries = await listed(tree.list?.(''))
    expect(entries.map(({ name }) => name)).toEqual(names)
    expect(operations).toEqual(['GET', 'GET'])
    operations.length = 0
    for await (const _ of tree.list?.('') ?? []) break
    expect(operations).toEqual(['GET'])
  })

  it('is asked again with its own time, if the clocks differ, and then no more', async () => {
    const now = vi.spyOn(Date, 'now').mockImplementation(() => performance.timeOrigin - 3_600_000)
    try {
      const location = { ...ceph.location }
      const options = counted()
      operations.length = 0
      const sizes = []
      for (let i = 0; i < 2; i++) {
        const found = await s3File(location, 'letters', null, options)
        sizes.push(found && 'size' in found && found.size)
      }
      expect([sizes, operations]).toEqual([
        [26, 26],
        ['HEAD', 'HEAD', 'HEAD'],
      ])
    } finally {
      now.mockRestore()
    }
  })

  it('has folders as archives, and asks for no object before its bytes are needed', async () => {
    const bytes = [someBytes(100_000, 5), someBytes(50_000, 6)]
    for (const [i, each] of bytes.entries()) await ceph.put(`zipped/${i}`, each)
    operations.length = 0
    const archive = await zipFolder(s3Tree(ceph.location, counted()), 'zipped', PLAIN)
    // The listing.
    expect(operations).toEqual(['GET'])
    const whole = Buffer.from(await readBytes(archive, 0, archive.size))
    await archive.close?.()
    expect(bytes.map((each) => whole.includes(Buffer.from(each)))).toEqual([true, true])
  })

  it('takes keys from a function, until shortly before they end', async () => {
    let asked = 0
    const credentials = (lifetime: number | null) => async () => {
      asked++
      const ends = lifetime === null ? {} : { expiration: new Date(Date.now() + lifetime) }
      return { ...ceph.credentials, ...ends }
    }
    const counts = []
    for (const lifetime of [null, 3_600_000, 30_000]) {
      asked = 0
      const location = { ...ceph.location, credentials: credentials(lifetime) }
      for (let i = 0; i < 3; i++) sourceOf(await s3File(location, 'letters'))
      counts.push(asked)
    }
    expect(counts).toEqual([3, 1, 3])
  })

  it('refuses a wrong key, and nothing tells which', async () => {
    const credentials = { accessKeyId: 'KEY', secretAccessKey: 'WRONG' }
    const found = await s3File({ ...ceph.location, credentials }, 'letters')
    const pieces = found !== null && 'pieces' in found ? found.pieces : []
    const text = await new Blob(pieces as Uint8Array<ArrayBuffer>[]).text()
    expect(text).toBe('Expected the file, got status 403\n')
  })
})

describe('a listing', () => {
  const page = (content: string, next = '') => `<?xml version="1.0"?><ListBucketResult>
    <Contents><Key>a</Key>${content}</Contents>${next}</ListBucketResult>`
  const files = (...pages: string[]) => {
    const fetch = async () => new Response(pages.shift())
    return listed(
      s3Tree({ endpoint: 'http://store.example', bucket: 'films' }, { fetch }).list?.(''),
    )
  }

  it.each<[string, string, Partial<Entry>]>([
    ['no size and no time', '', {}],
    ['a size', '<Size>5</Size>', { size: 5 }],
    ['a size of no whole number', '<Size>-5</Size>', {}],
    ['a size of more bytes than there can be', `<Size>${'9'.repeat(20)}</Size>`, {}],
    ['a version', '<ETag>&quot;a1&quot;</ETag>', { version: '"a1"' }],
    ['a time that is none', '<LastModified>soon</LastModified>', {}],
  ])('may tell %s', async (_what, content, told) => {
    const unknown = { size: undefined, lastModified: undefined }
    expect(await files(page(content))).toEqual([{ name: 'a', kind: 'file', ...unknown, ...told }])
  })

  it.each([
    [
      'has more, but not how to go on, as of a store of another protocol',
      page('', '<IsTruncated>true</IsTruncated><NextMarker>a</NextMarker>'),
      'got a part of one',
    ],
    ['breaks off', page('').slice(0, -9), 'got something else'],
    ['is a page for people', '<h1>It works!</h1>', 'got something else'],
    ['is empty', '', 'got something else'],
  ])('that %s is none', async (_what, text, reason) => {
    await expect(files(text)).rejects.toThrow(`Expected a listing, ${reason}`)
  })

  it.each<[how: string, pages: string[][]]>([
    [
      'although the next page repeats one',
      [
        ['a/', 'b/'],
        ['b/', 'c/'],
      ],
    ],
    ['although one element has several', [['a/', 'b/</Prefix><Prefix>c/']]],
  ])('names each folder once, %s', async (_how, pages) => {
    const texts = pages.map((prefixes, i) => {
      const folders = prefixes.map(
        (prefix) => `<CommonPrefixes><Prefix>${prefix}</Prefix></CommonPrefixes>`,
      )
      const token = i + 1 === pages.length ? '' : i
      const next = `<NextContinuationToken>${token}</NextContinuationToken>`
      return `<ListBucketResult>${folders.join('')}${next}</ListBucketResult>`
    })
    const folders = ['a', 'b', 'c'].map((name) => ({ name, kind: 'directory' }))
    expect(await files(...texts)).toEqual(folders)
  })

  it('may end with an empty token', async () => {
    const last = page('', '<NextContinuationToken></NextContinuationToken>')
    expect((await files(last)).length).toBe(1)
  })

  it.each([
    '<Contents>',
    '<CommonPrefixes>',
    '<Contents><Key>',
    '<Contents>&#</Contents>',
  ])('takes no time that grows with the square of a page: %s', async (text) => {
    expect(await files(`<ListBucketResult>${text.repeat(400_000)}</ListBucketResult>`)).toEqual([])
  })

  it('that begins again and again is given up', async () => {
    const again = page('', '<NextContinuationToken>t</NextContinuationToken>')
    await expect(files(again, again, again)).rejects.toThrow('got the same page again')
  })

  it('that goes in a circle is given up', async () => {
    const [one, two] = ['1', '2'].map((token) => {
      return page('', `<NextContinuationToken>${token}</NextContinuationToken>`)
    }) as [string, string]
    const given = files(one, two, one, two, page(''))
    await expect(given).rejects.toThrow('got the same page again')
  })

  it('ends as soon as nobody waits for it', async () => {
    const client = new AbortController()
    const cancelled: unknown[] = []
    const fetch = async () => {
      setImmediate(() => client.abort())
      return new Response(new ReadableStream({ cancel: (reason) => void cancelled.push(reason) }))
    }
    const tree = s3Tree({ endpoint: 'http://store.example', bucket: 'films' }, { fetch })
    const files = listed(tree.list?.('', 0, client.signal))
    await expect(files).rejects.toThrow('This operation was aborted')
    expect(cancelled.length).toBe(1)
  })
})

describe('a function that gives keys', () => {
  const key = { accessKeyId: 'a', secretAccessKey: 'b' }
  let store: Origin
  beforeAll(async () => {
    store = await startOrigin()
    store.behave(serving({ bytes: LETTERS, etag: '"e"' }))
  })
  afterAll(() => store.stop())

  /** A location whose key is what these functions give, one after the other, and a count of its calls. */
  function locationOf(...given: (() => Promise<Credentials>)[]) {
    const counted = { calls: 0 }
    const credentials = () => given[counted.calls++]?.() ?? key
    return { counted, location: { endpoint: store.url, bucket: 'films', credentials } }
  }
  const sizeOf = async (location: S3Location, timeout?: number) => {
    const found = await s3File(location, 'a', null, { timeout })
    return found && 'size' in found ? found.size : found?.status
  }

  it('is asked once by all who wait at the same time', async () => {
    const lasting = async () => ({ ...key, expiration: new Date(Date.now() + 3_600_000) })
    const ending = async () => ({ ...key, expiration: new Date() })
    for (const [give, calls] of [
      [lasting, 1],
      [ending, 2],
    ] as const) {
      const { location, counted } = locationOf(give, give)
      for (let i = 0; i < 2; i++) {
        const sizes = await Promise.all(Array.from({ length: 50 }, () => sizeOf(location)))
        expect(new Set(sizes)).toEqual(new Set([26]))
      }
      expect(counted.calls).toBe(calls)
    }
  })

  it('is kept, though one of those who waited for it hung up', async () => {
    let give = (_key: Credentials) => {}
    const { location, counted } = locationOf(() => new Promise((resolve) => (give = resolve)))
    const client = new AbortController()
    const request = new Request('http://host/a', { signal: client.signal })
    const gone = s3File(location, 'a', request, { timeout: 100 })
    const waiting = sizeOf(location)
    await until(() => counted.calls === 1)
    client.abort()
    await gone
    give({ ...key, expiration: new Date(Date.now() + 3_600_000) })
    expect([await waiting, await sizeOf(location), counted.calls]).toEqual([26, 26, 1])
  })

  it('is asked anew when it did not answer in time', async () => {
    const { location } = locationOf(() => new Promise(() => {}))
    const both = [sizeOf(location, 1000), sizeOf(location, 1000)]
    expect(await Promise.all(both)).toEqual([26, 26])
  })

  it('is asked anew when it failed, which those hear who waited for it', async () => {
    const { location, counted } = locationOf(() => Promise.reject(new Error('no role')))
    const failed = await Promise.allSettled([sizeOf(location), sizeOf(location)])
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect([await sizeOf(location), counted.calls]).toEqual([26, 2])
  })

  it('is told of half a key that it gives', async () => {
    const errors: unknown[] = []
    const { location } = locationOf(async () => ({ accessKeyId: 'a' }) as Credentials)
    const options = { onError: (error: unknown) => errors.push(String(error)) }
    const response = await fileHandler(s3Bucket(location), options)(new Request('http://host/a'))
    expect([response.status, errors]).toEqual([
      503,
      ['TypeError: Expected credentials with accessKeyId and secretAccessKey'],
    ])
  })

  it('is told of an end that is no Date', async () => {
    const ends = { ...key, expiration: '2026-12-02T00:00:00Z' as unknown as Date }
    const { location } = locationOf(async () => ends)
    await expect(sizeOf(location)).rejects.toThrow('Expected expiration to be a Date, got ')
  })
})

it('every one of ten requests at once finds out that the clocks differ', async () => {
  const ahead = Date.now() + 3_600_000
  const dateOf = (stamp: string) => Date.parse(stamp.replace(/(..)(..)T(..)(..)/, '-$1-$2T$3:$4:'))
  let asked = 0
  const fetch = async (_url: string, { headers }: Ask) => {
    asked++
    await until(() => asked >= 10)
    const signed = dateOf(headers.get('x-amz-date') ?? '')
    const status = Math.abs(signed - ahead) > 15 * 60_000 ? 403 : 200
    const fields = { date: new Date(ahead).toUTCString(), 'content-length': '26', etag: '"e"' }
    return new Response(LETTERS, { status, headers: fields })
  }
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
  const location = { endpoint: 'http://store.example', bucket: 'films', credentials }
  const request = new Request('http://host/a')
  const sizes = Array.from({ length: 10 }, async () => {
    const found = await s3File(location, 'a', request, { fetch, missing: [403] })
    return sourceOf(found)?.size
  })
  expect(await Promise.all(sizes)).toEqual(Array(10).fill(26))
})

describe('the URL of an object', () => {
  let store: Origin
  beforeAll(async () => {
    store = await startOrigin()
  })
  afterAll(() => store.stop())

  it.each<[string, Partial<S3Location>, string]>([
    ['with the bucket in its path', {}, 'http://store.example/films/a%20b'],
    ['with the bucket in its host', { pathStyle: false }, 'http://films.store.example/a%20b'],
    [
      'below a path',
      { endpoint: 'http://store.example/s3/' },
      'http://store.example/s3/films/a%20b',
    ],
  ])('%s', async (_what, location, expected) => {
    const asked: string[] = []
    const fetch = async (url: string) => {
      asked.push(url)
      return new Response(null, { status: 404 })
    }
    const place = { endpoint: 'http://store.example', bucket: 'films', ...location }
    expect(await s3File(place, 'a b', null, { fetch })).toBe(null)
    expect(asked).toEqual([expected])
  })

  it.each([
    '',
    'a/../b',
    './a',
    '..',
    `${'x'.repeat(1025)}`,
    '\ud800',
  ])('there is none for %j', async (key) => {
    store.behave(serving({ bytes: LETTERS }))
    expect(await s3File({ endpoint: store.url, bucket: 'films' }, key)).toBe(null)
    expect(store.asked).toEqual([])
  })

  it('is not signed without a key, and Range never is', async () => {
    const sent: unknown[] = []
    store.behave((incoming, outgoing) => {
      sent.push(/SignedHeaders=([^,]*)/.exec(incoming.headers.authorization ?? '')?.[1])
      serving({ bytes: LETTERS, etag: '"e"' })(incoming, outgoing)
    })
    const place = { endpoint: store.url, bucket: 'films' }
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c' }
    const request = new Request('http://localhost/', { headers: { range: 'bytes=1-2' } })
    for (const location of [place, { ...place, credentials }]) {
      sourceOf(await s3File(location, 'a', request))
    }
    const signed = 'host;x-amz-checksum-mode;x-amz-content-sha256;x-amz-date;x-amz-security-token'
    expect(sent).toEqual([undefined, signed])
  })

  it('is asked for without its checksums where the store refuses that, as Backblaze B2 does', async () => {
    const modes: unknown[] = []
    const file = serving({ bytes: LETTERS, etag: '"e"' })
    store.behave((incoming, outgoing) => {
      const { [MODE]: mode, authorization } = incoming.headers
      modes.push([incoming.method, mode, authorization?.includes(MODE)])
      if (mode !== undefined) outgoing.writeHead(400).end()
      else file(incoming, outgoing)
    })
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
    const place = { endpoint: store.url, bucket: 'films', credentials }
    const handler = fileHandler((request) => s3Bucket(place)(request))
    for (const method of ['HEAD', 'GET']) {
      const response = await handler(new Request('http://localhost/a', { method }))
      expect([response.status, response.headers.get('content-length')]).toEqual([200, '26'])
    }
    expect(modes).toEqual([
      ['HEAD', 'ENABLED', true],
      ['HEAD', undefined, false],
      ['GET', undefined, false],
    ])
  })

  it('is asked for with them again, an hour later', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const modes: unknown[] = []
    const file = serving({ bytes: LETTERS, etag: '"e"' })
    store.behave((incoming, outgoing) => {
      modes.push(incoming.headers[MODE])
      if (modes.length === 1) outgoing.writeHead(400).end()
      else file(incoming, outgoing)
    })
    const place = { endpoint: store.url, bucket: 'films' }
    const ask = async () => sourceOf(await s3File(place, 'a', REQUEST))?.close?.()
    await ask()
    await ask()
    vi.advanceTimersByTime(3_600_000)
    await ask()
    expect(modes).toEqual(['ENABLED', undefined, undefined, 'ENABLED'])
  })

  it('is asked for with them again, where the refusal was for something else', async () => {
    const modes: unknown[] = []
    store.behave((incoming, outgoing) => {
      modes.push(incoming.headers[MODE])
      outgoing.writeHead(400).end()
    })
    const place = { endpoint: store.url, bucket: 'films' }
    for (let i = 0; i < 2; i++)
      expect(await s3File(place, 'a', REQUEST)).toMatchObject({ status: 502 })
    expect(modes).toEqual(['ENABLED', undefined, 'ENABLED', undefined])
  })

  it('is asked for with its checksums, and a listing is not', async () => {
    const modes: unknown[] = []
    store.behave((incoming, outgoing) => {
      modes.push(incoming.headers[MODE])
      outgoing.end('<ListBucketResult></ListBucketResult>')
    })
    const tree = s3Tree({ endpoint: store.url, bucket: 'films' })
    expect(await listed(tree.list?.(''))).toEqual([])
    await tree.open('a', REQUEST)
    expect(modes).toEqual([undefined, 'ENABLED'])
  })

  it('is not followed to another host', async () => {
    store.behave((_, outgoing) =>
      outgoing.writeHead(301, { location: 'http://127.0.0.1:1/' }).end(),
    )
    const found = await s3File({ endpoint: store.url, bucket: 'films' }, 'a')
    expect(found).toMatchObject({ status: 502 })
  })

  it.each<[string, Partial<S3Location>, string]>([
    ['no URL', { endpoint: 'store.example' }, 'Expected endpoint to be a URL'],
    ['credentials in it', { endpoint: 'http://a:b@store.example' }, 'without credentials'],
    ['no bucket', { bucket: '' }, 'Expected the name of a bucket'],
    ['a bucket elsewhere', { bucket: '../x' }, 'Expected the name of a bucket'],
    ['a key that is none', { credentials: 'KEY' as never }, 'Expected credentials'],
  ])('a location with %s is refused', (_what, location, message) => {
    expect(() => s3Bucket({ endpoint: 'http://s', bucket: 'b', ...location })).toThrow(message)
    expect(() => s3Bucket({ endpoint: 'http://s', bucket: 'b', ...location })).not.toThrow('a:b')
  })
})

it.each<[string, Record<string, string>, Record<string, string>]>([
  [
    'an entity tag that is one',
    { etag: '"900150983cd24fb0d6963f7d28e17f72"' },
    { md5: '900150983cd24fb0d6963f7d28e17f72' },
  ],
  ['that of parts', { etag: '"900150983cd24fb0d6963f7d28e17f72-2"' }, {}],
  [
    'that of what is encrypted',
    { etag: '"900150983cd24fb0d6963f7d28e17f72"', 'x-amz-server-side-encryption': 'aws:kms' },
    {},
  ],
  [
    'checksums',
    { 'x-amz-checksum-sha1': 'qZk+NkcGgWq6PiVxeFDCbJzQ2J0=' },
    { sha: 'a9993e364706816aba3e25717850c26c9cd0d89d' },
  ],
  ['checksums of parts', { 'x-amz-checksum-sha256': 'AAAA-2' }, {}],
  [
    'checksums that are none',
    { 'x-amz-checksum-sha256': 'AAAA', 'x-amz-checksum-sha1': 'q_k+NkcGgWq6PiVxeFDCbJzQ2J0=' },
    {},
  ],
  [
    'checksums said to be of parts',
    { 'x-amz-checksum-sha256': 'AAAA', 'x-amz-checksum-type': 'COMPOSITE' },
    {},
  ],
])('digests by %s', (_what, headers, expected) => {
  const known = Object.entries(digestsOf(new Headers(headers)))
  const hex = known.map(([name, bytes]) => [name, Buffer.from(bytes).toString('hex')])
  expect(Object.fromEntries(hex)).toEqual(expected)
})

async function listed(entries: AsyncIterable<Entry> = (async function* () {})()): Promise<Entry[]> {
  const all: Entry[] = []
  for await (const entry of entries) all.push(entry)
  return all
}
