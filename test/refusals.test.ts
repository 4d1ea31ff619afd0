import { describe, expect, it } from 'vitest'
import { blobFile } from '../adapters/blob.ts'
import { bunDirectory, bunFile } from '../adapters/bun.ts'
import { cached } from '../adapters/cache.ts'
import { directoryTier } from '../adapters/cache-directory.ts'
import { concat } from '../adapters/concat.ts'
import { denoDirectory, denoFile } from '../adapters/deno.ts'
import { files } from '../adapters/hono.ts'
import { httpFile, httpOrigin, httpTree } from '../adapters/http.ts'
import { faststart } from '../adapters/mp4.ts'
import { growingFile, nodeDirectory, nodeFile, nodeListener } from '../adapters/node.ts'
import { r2Bucket, r2File } from '../adapters/r2.ts'
import { s3Bucket, s3File, s3Tree } from '../adapters/s3.ts'
import { signed } from '../adapters/sign.ts'
import { attachment, contentDisposition, cors, site, toRelativePath } from '../adapters/site.ts'
import { zip, zipEntry, zipFolder } from '../adapters/zip.ts'
import { answer, fileHandler, matchFile, readBytes, redirect, serveFile } from '../src/index.ts'

const nothing = () => null
const request = new Request('http://host/')
const store = { endpoint: 'http://store.example', bucket: 'films' }
const bucket = { get() {}, head() {} } as never
const key = { accessKeyId: 'id', secretAccessKey: 'secret' }

/** What a caller without TypeScript may give, by the sentence that refuses it. */
const REFUSALS: Record<string, (() => unknown)[]> = {
  'Expected a lookup, got Object': [
    () => files({} as never),
    () => fileHandler({} as never),
    () => signed({} as never, 'a key of sixteen bytes, or more'),
  ],
  'Expected a lookup, got media': [() => files('media' as never)],
  'Expected a tree with open(path, request), got Object': [() => site({} as never)],
  'Expected a tree with open(path, request), got undefined': [() => site(undefined as never)],
  'Expected a tree with open(path, request), got Function': [() => site(nothing as never)],
  'Expected options in an object, got /media/': [() => nodeDirectory('.', '/media/' as never)],
  'Expected options in an object, got Function': [
    () => nodeDirectory('.', nothing as never),
    () => growingFile('film.mp4', request, cors() as never),
    () => blobFile(new Blob(), cors() as never),
    () => r2File(bucket, 'film.mp4', request, cors() as never),
    () => r2Bucket(bucket, cors() as never),
    () => httpFile('http://h/', request, cors() as never),
    () => httpTree('http://h/', cors() as never),
    () => s3Tree(store, cors() as never),
    () => cached(nothing, nothing as never),
    () => concat([], cors() as never),
    () => zip([], cors() as never),
    () => zipEntry(blobFile(new Blob()), 'page-01.jpg', request, cors() as never),
    () => zipFolder({ open: nothing }, '', request, cors() as never),
  ],
  'Expected options like { headers: cors() }, got Function': [
    () => fileHandler(nothing, cors() as never),
    () => matchFile(nothing, cors() as never),
    () => serveFile(request, null, cors() as never),
    () => nodeListener(nothing, cors() as never),
    () => files(nothing, cors() as never),
  ],
  'Expected options like { headers: cors() }, got Array': [
    () => fileHandler(nothing, [cors()] as never),
  ],
  'Expected options like { headers: cors() }, got null': [
    () => fileHandler(nothing, null as never),
  ],
  'Expected options in an object, got *': [() => cors('*' as never)],
  'Expected options in an object, got null': [
    () => cors(null as never),
    () => nodeDirectory('.', null as never),
    () => bunDirectory('.', null as never),
    () => denoDirectory('.', null as never),
    () => r2Bucket(bucket, null as never),
    () => s3Bucket(store, null as never),
    () => httpOrigin('http://h/', null as never),
    () => cached(nothing, null as never),
    () => nodeFile('film.mp4', null as never),
    () => bunFile('film.mp4', null as never),
    () => denoFile('film.mp4', null as never),
  ],
  'Expected type to be a text, got 5': [() => nodeFile('film.mp4', { type: 5 as never })],
  "Expected kind to be 'attachment' or 'inline', got film.mp4": [
    () => contentDisposition('film.mp4' as never, 'attachment'),
  ],
  'Expected the name of a file, got undefined': [
    () => contentDisposition('inline', undefined as never),
  ],
  'Expected a FileSource with read(start, end), got Promise': [
    () => faststart(nodeFile('film.mp4') as never),
    () => zipEntry(nodeFile('comic.cbz') as never, 'page-01.jpg', request),
  ],
  'Expected a FileSource with read(start, end), got null': [
    () => faststart(null as never),
    () => zipEntry(null as never, 'page-01.jpg', request),
  ],
  "Expected base to start and end with '/', got '/media'": [
    () => toRelativePath('http://host/mediaX/y', '/media'),
  ],
  'Expected an encoded URL to redirect to, got undefined': [() => redirect(undefined as never)],
  'Expected expose to be an array, got X-Foo': [() => cors({ expose: 'X-Foo' as never })],
  'Expected allow to be an array, got X-Foo': [() => cors({ allow: 'X-Foo' as never })],
  'Expected only origin, credentials, maxAge, expose, allow, resourcePolicy, got origins': [
    () => cors({ origins: ['https://app.example'] } as never),
  ],
  'Expected an R2 bucket, got string; see the bindings of your Worker': [
    () => r2Bucket('MEDIA' as never),
  ],
  'Expected an R2 bucket, got object; see the bindings of your Worker': [
    () => r2Bucket({ MEDIA: {} } as never),
  ],
  'Expected an R2 bucket, got undefined; see the bindings of your Worker': [
    () => r2Bucket(undefined as never),
    () => r2File(undefined as never, 'film.mp4', new Request('http://h/')),
  ],
  'Expected an Answer with a status from 200 to 599, got 600': [
    () => answer(request, { status: 600, headers: {}, pieces: [] }, 0),
  ],
  'Expected stream to be a function, got x': [
    () => answer(request, { status: 200, headers: {}, pieces: [], stream: 'x' as never }, 0),
  ],
  'Expected a path, or a URL of a file, got undefined': [() => nodeFile(undefined as never)],
  'Expected a path, or a URL of a file, got Object': [() => nodeFile({} as never)],
  'Expected missing to be an array, got 403': [
    () => httpOrigin('http://h/', { missing: 403 as never }),
    () => s3Bucket(store, { missing: 403 as never }),
  ],
  'Expected immutable to be a boolean, got yes': [
    () => httpOrigin('http://h/', { immutable: 'yes' as never }),
  ],
  'Expected resume to be a boolean, got yes': [
    () => httpOrigin('http://h/', { resume: 'yes' as never }),
  ],
  'Expected header fields, got null': [
    () => fileHandler(nothing, { headers: null as never }),
    () => httpOrigin('http://h/', { requestHeaders: null as never }),
  ],
  'Expected header fields, got false': [() => fileHandler(nothing, { headers: false as never })],
  'Expected header fields, got no-store': [
    () => fileHandler(nothing, { headers: 'no-store' as never }),
  ],
  'Expected header fields, got Promise': [
    () => httpOrigin('http://h/', { requestHeaders: Promise.resolve({}) as never }),
  ],
  // No message has a value: it may be a secret.
  'Expected header fields, got invalid x-key, x-other': [
    () => httpOrigin('http://h/', { requestHeaders: { 'x-key': 'secret\nb', 'x-other': 'c' } }),
    () => httpOrigin('http://h/', { requestHeaders: { 'x-key': 'secret\x01', 'x-other': 'c' } }),
    () =>
      httpFile('http://h/', null, {
        requestHeaders: async () => ({ 'x-key': 'secret\nb', 'x-other': 'c' }),
      }),
  ],
  'Expected a sessionToken that can be sent': [
    () => s3Bucket({ ...store, credentials: { ...key, sessionToken: 'secret\nb' } }),
    () => s3File({ ...store, credentials: () => ({ ...key, sessionToken: 'secret\nb' }) }, 'a'),
  ],
  'Expected the name of a bucket, got undefined': [
    () => s3Bucket({ ...store, bucket: undefined as never }),
  ],
  'Expected region to be a text, got 5': [() => s3Bucket({ ...store, region: 5 as never })],
  'Expected pathStyle to be a boolean, got no': [
    () => s3Bucket({ ...store, pathStyle: 'no' as never }),
  ],
  'Expected credentials with accessKeyId and secretAccessKey': [
    () => s3Bucket({ ...store, credentials: 'id:secret' as never }),
    () => s3Bucket({ ...store, credentials: null as never }),
    () => s3Bucket({ ...store, credentials: { ...key, accessKeyId: '' } }),
    () => s3Bucket({ ...store, credentials: { ...key, secretAccessKey: undefined as never } }),
  ],
  'Expected a tier with get(key) and put(key, bytes), got /var/cache': [
    () => cached(nothing, { tier: '/var/cache' as never }),
  ],
  'Expected the path of a directory, got undefined': [() => directoryTier(undefined as never)],
}

describe('what can not work is refused at once, by whoever got it', () => {
  const rows = Object.entries(REFUSALS).flatMap(([message, calls]) =>
    calls.map((call, i) => [`${message} (${i + 1})`, message, call] as const),
  )
  it.each(rows)('%s', async (_name, message, call) => {
    await expect((async () => call())()).rejects.toThrow(new TypeError(message))
  })
})

const FOUND = 'a FileSource with read(start, end), an Answer or null'

describe('what a function gives, or gets, that it should not is told', () => {
  const buffer = Buffer.from('film')
  const tree = { open: () => ({ size: 1, read: () => buffer }) }
  it.each<[string, () => (request: Request) => Promise<Response>]>([
    [`${FOUND}, got Response`, () => withTold(() => new Response('Log in', { status: 401 }))],
    [`${FOUND}, got Response`, () => withTold(fileHandler(nothing))],
    [`${FOUND}, got films`, () => withTold(() => 'films')],
    [`${FOUND}, got 404`, () => withTold(() => 404)],
    [`${FOUND}, got true`, () => withTold(() => true)],
    [
      'cors() in headers of a handler such as fileHandler, got it in those of a directory',
      () => withTold(site(tree, { headers: cors() as never })),
    ],
    [
      'attachment in headers of a directory or a bucket, got it in those of a handler',
      () => withTold(nothing, { headers: attachment }),
    ],
    [`${FOUND}, got Object`, () => withTold(site({ open: () => buffer as never }))],
  ])('expected %s', async (message, make) => {
    told.length = 0
    const { status } = await make()(new Request('http://host/film.mp4'))
    expect([status, told]).toEqual([503, [new TypeError(`Expected ${message}`)]])
  })
})

const told: unknown[] = []

function withTold(lookup: unknown, options = {}): (request: Request) => Promise<Response> {
  return fileHandler(lookup as never, { ...options, onError: (error) => told.push(error) })
}

it('options may stand in any object, as in one of a class that has a tag of its own', async () => {
  class Settings {
    readonly headers = { 'x-own': '1' }
    readonly [Symbol.toStringTag] = 'Settings'
  }
  const { headers } = await fileHandler(nothing, new Settings())(request)
  expect(headers.get('x-own')).toBe('1')
  for (const make of [blobFile.bind(null, new Blob()), site.bind(null, { open: nothing })]) {
    expect(() => make(new Settings())).not.toThrow()
  }
})

it('what has no bounds is read to none', async () => {
  const given = readBytes({ read: () => new Uint8Array() }, 0, undefined as never)
  const message = 'Expected end to be a whole number >= 0, got undefined'
  await expect(given).rejects.toThrow(new RangeError(message))
  const source = { read: () => new Uint8Array() }
  const refusal = new RangeError('Expected size to be a whole number >= 0, got undefined')
  expect(() => answer(request, source as never, 0)).toThrow(refusal)
})

it('nobody is told a key that a function gave in another form', async () => {
  const told: unknown[] = []
  const bucket = s3Bucket({ ...store, credentials: () => 'id:secret' as never })
  const handler = fileHandler(bucket, { onError: (error) => told.push(String(error)) })
  const { status } = await handler(new Request('http://host/film.mp4'))
  const message = 'TypeError: Expected credentials with accessKeyId and secretAccessKey'
  expect([status, told]).toEqual([503, [message]])
})

it('a function that was not called for header fields is no set of them', async () => {
  const told: unknown[] = []
  const options = { headers: cors as never, onError: (error: unknown) => told.push(String(error)) }
  const { status } = await fileHandler(nothing, options)(new Request('http://host/film.mp4'))
  expect([status, told.length]).toEqual([503, 1])
})
