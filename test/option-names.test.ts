import { describe, expect, it } from 'vitest'
import { type BunOptions, bunDirectory } from '../adapters/bun.ts'
import { type DenoOptions, denoDirectory } from '../adapters/deno.ts'
import { type HttpOriginOptions, httpOrigin } from '../adapters/http.ts'
import { type DirectoryOptions, type NodeOptions, nodeDirectory } from '../adapters/node.ts'
import { type R2BucketOptions, r2Bucket } from '../adapters/r2.ts'
import { type S3BucketOptions, s3Bucket } from '../adapters/s3.ts'
import { site } from '../adapters/site.ts'
import type { ServeOptions } from '../src/index.ts'

type Name =
  | keyof ServeOptions
  | keyof (DirectoryOptions & NodeOptions & BunOptions & DenoOptions)
  | keyof (R2BucketOptions & S3BucketOptions & HttpOriginOptions)

/** Each is there: the compiler says which one is missing, or too much. */
const NAMES: Record<Name, undefined> = {
  base: undefined,
  cacheControl: undefined,
  digest: undefined,
  dotfiles: undefined,
  download: undefined,
  extensions: undefined,
  fallback: undefined,
  fetch: undefined,
  headers: undefined,
  immutable: undefined,
  index: undefined,
  keepOpen: undefined,
  links: undefined,
  listing: undefined,
  live: undefined,
  maxRanges: undefined,
  maxSlice: undefined,
  missing: undefined,
  native: undefined,
  normalize: undefined,
  notFound: undefined,
  onBegin: undefined,
  onError: undefined,
  onServed: undefined,
  precompressed: undefined,
  prefix: undefined,
  requestHeaders: undefined,
  resume: undefined,
  retries: undefined,
  sliceFor: undefined,
  stable: undefined,
  timeout: undefined,
  transform: undefined,
  type: undefined,
  within: undefined,
}

const STORE = { endpoint: 'http://store.example', bucket: 'films' }
const BUCKET = { get() {}, head() {} } as never
const TREE = { open: () => null }

describe.each<[string, (options: object) => unknown]>([
  ['site', (options) => site(TREE, options)],
  ['nodeDirectory', (options) => nodeDirectory('.', options)],
  ['bunDirectory', (options) => bunDirectory('.', options)],
  ['denoDirectory', (options) => denoDirectory('.', options)],
  ['r2Bucket', (options) => r2Bucket(BUCKET, options)],
  ['s3Bucket', (options) => s3Bucket(STORE, options)],
  ['httpOrigin', (options) => httpOrigin('http://origin.example/', options)],
])('%s', (_name, make) => {
  it('takes the options of all others', () => {
    expect(typeof make(NAMES)).toBe('function')
  })

  it.each([
    ['whithin', { whithin: () => 'anna' }],
    ['maxAge', { cacheControl: 'no-cache', maxAge: 3600, etag: false }],
    ['single', { single: undefined }],
    ['__proto__', JSON.parse('{ "__proto__": 1 }')],
  ])('refuses %s, which is an option of nothing', (name, options) => {
    const message = new RegExp(`^Expected an option to be one of within, .*, got ${name}$`)
    expect(() => make(options)).toThrow(
      expect.objectContaining({ name: 'TypeError', message: expect.stringMatching(message) }),
    )
  })

  it('takes no notice of symbols, and of what is inherited', () => {
    const options = Object.create({ whithin: 'anna' }, { hidden: { value: 1, enumerable: false } })
    expect(typeof make(Object.assign(options, { [Symbol('mine')]: 1 }))).toBe('function')
  })
})
