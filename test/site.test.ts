import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { TreeFile } from '../adapters/site/tree.ts'
import {
  attachment,
  type Entry,
  type FileTree,
  IMMUTABLE,
  type SiteOptions,
  site,
} from '../adapters/site.ts'
import { zipFolder } from '../adapters/zip.ts'
import { redirect } from '../src/answer.ts'
import { fileHandler, matchFile } from '../src/serve.ts'
import type { FileSource } from '../src/source.ts'
import { memoryTree, type Stored } from './support/memory-tree.ts'
import { expectNoUnhandledRejections } from './support/unhandled.ts'
import { until } from './support/wait.ts'

const FILES: Record<string, Stored> = {
  'index.html': { text: '<h1>Home', type: 'text/html' },
  'docs/index.html': { text: '<h1>Docs', type: 'text/html' },
  'docs/a b.html': { text: '<h1>A', type: 'text/html' },
  'v1.2/index.html': { text: '<h1>1.2', type: 'text/html' },
  'films/one.mp4': { text: '0123456789', type: 'video/mp4' },
  'about.html': { text: '<h1>About', type: 'text/html' },
  '404.html': { text: '<h1>Nothing', type: 'text/html' },
  'app.js': { text: 'alert("identity")', type: 'text/javascript' },
  'app.js.br': { text: 'br of app', type: 'application/x-br' },
  'app.js.gz': { text: 'gz of app' },
  'old.js': { text: 'old', date: 2000, type: 'text/javascript' },
  'old.js.br': { text: 'outdated', date: 1000 },
  'lone.js.br': { text: 'its file is gone' },
  'film.mp4': { text: 'film', type: 'video/mp4' },
  'film.mp4.gz': { text: 'never' },
  'assets/app-3f2a.js': { text: 'x', type: 'text/javascript' },
  '.env': { text: 'secret' },
  '.well-known/security.txt': { text: 'Contact:' },
}

interface Got {
  readonly status: number
  readonly body: string
  readonly [field: string]: string | number
}

/** What a site of the files answers, with the fields that matter here. */
async function ask(
  options: SiteOptions,
  path: string,
  fields: Record<string, string> = {},
  method = 'GET',
  tree: FileTree = memoryTree(FILES),
): Promise<Got> {
  const handler = fileHandler(site(tree, options))
  const response = await handler(new Request(`http://host${path}`, { method, headers: fields }))
  const kept = SHOWN.flatMap((name) => {
    const value = response.headers.get(name)
    return value === null ? [] : [[name, value]]
  })
  const body = await response.text()
  return { status: response.status, ...Object.fromEntries(kept), body }
}

const SHOWN = ['location', 'content-encoding', 'vary', 'content-range', 'repr-digest']

describe('index', () => {
  it.each([
    ['/', { status: 200, body: '<h1>Home' }],
    ['/docs/', { status: 200, body: '<h1>Docs' }],
    ['//docs//', { status: 200, body: '<h1>Docs' }],
    ['/docs', { status: 308, location: './docs/', body: '' }],
    ['/docs?a=b&c', { status: 308, location: './docs/?a=b&c', body: '' }],
    ['//docs', { status: 308, location: './docs/', body: '' }],
    ['/x/../docs', { status: 308, location: './docs/', body: '' }],
    // A folder whose name has a dot is no file.
    ['/v1.2', { status: 308, location: './v1.2/', body: '' }],
    ['/v1.2/', { status: 200, body: '<h1>1.2' }],
    // Nothing there to be sent to.
    ['/films', { status: 404, body: '' }],
    ['/films/', { status: 404, body: '' }],
    ['/film.mp4/', { status: 404, body: '' }],
    ['/none/', { status: 404, body: '' }],
  ])('%s', async (path, expected) => {
    expect(await ask({}, path)).toEqual(expected)
  })

  // Node hands on whatever stands in a request line.
  it.each(['*', '', 'foo:', 'foo://bar', 'http://'])('%j names nothing', async (url) => {
    const request = { method: 'GET', url, headers: new Headers() }
    expect(await site(memoryTree(FILES))(request)).toBe(null)
  })

  it('off: a folder is nothing', async () => {
    expect(await ask({ index: false }, '/')).toEqual({ status: 404, body: '' })
    expect(await ask({ index: false }, '/docs')).toEqual({ status: 404, body: '' })
  })

  it('of another name, below a base that may lack its slash', async () => {
    const options = { base: '/my films/', index: 'about.html' }
    expect(await ask(options, '/my%20films/')).toEqual({ status: 200, body: '<h1>About' })
    const redirected = { status: 308, location: './my%20films/?x', body: '' }
    expect(await ask(options, '/my%20films?x')).toEqual(redirected)
    expect(await ask(options, '/')).toEqual({ status: 404, body: '' })
  })

  it('in a store of keys is looked for only if asked', async () => {
    const opened: string[] = []
    const flat = memoryTree(FILES, { isFlat: true, opened })
    expect(await ask({}, '/docs', {}, 'GET', flat)).toEqual({ status: 404, body: '' })
    expect(await ask({}, '/', {}, 'GET', flat)).toEqual({ status: 404, body: '' })
    expect(opened).toEqual(['docs'])
    const options = { index: 'index.html' }
    const redirected = { status: 308, location: './docs/', body: '' }
    expect(await ask(options, '/docs', {}, 'GET', flat)).toEqual(redirected)
    expect(await ask(options, '/docs/', {}, 'GET', flat)).toEqual({ status: 200, body: '<h1>Docs' })
  })

  it('in a store that knows it for a folder is not listed to find out', async () => {
    const tree: FileTree = {
      isFlat: true,
      open: (path) => (path === 'docs' ? 'directory' : null),
      list(path) {
        throw new Error(`${path} is listed`)
      },
    }
    const redirected = { status: 308, location: './docs/', body: '' }
    expect(await ask({ listing: true }, '/docs', {}, 'GET', tree)).toEqual(redirected)
  })

  it.each([
    '//evil.example/%2e%2e',
    '//evil.example/docs/..',
    '/\\evil.example/docs',
    '//evil.example//docs',
    '/http:%2f%2fevil.example/docs',
    '///evil.example/docs?x=//evil.example',
    '/docs;//evil.example',
  ])('a redirect never leads off the site: %s', async (path) => {
    const tree: FileTree = { open: (path) => (/index\.html$/.test(path) ? EMPTY : 'directory') }
    const request = { method: 'GET', url: path, headers: new Headers() }
    const found = await site(tree)(request)
    const location = found && 'status' in found ? (found.headers.location ?? '') : ''
    if (location !== '') expect(location).toMatch(/^\.\/[^/\\]+\/(?:\?.*)?$/)
    // As a browser resolves it, from the URL that it asked for.
    const base = new URL(path.replaceAll('\\', '/').replace(/^\/+/, '/'), 'http://host')
    expect(new URL(location, base).host).toBe('host')
  })
})

const EMPTY: FileSource = { size: 0, read: () => new Uint8Array(0) }
const NOT_STORED = { 'Cache-Control': 'no-store' }

describe('extensions, notFound and fallback', () => {
  it('an extension may be left out', async () => {
    const options = { extensions: ['html'] }
    expect(await ask(options, '/about')).toEqual({ status: 200, body: '<h1>About' })
    expect(await ask(options, '/docs/a%20b')).toEqual({ status: 200, body: '<h1>A' })
    expect(await ask(options, '/about/')).toEqual({ status: 404, body: '' })
    expect(await ask({}, '/about')).toEqual({ status: 404, body: '' })
  })

  const page = { status: 404, body: '<h1>Nothing' }

  it.each([
    ['/none', {}, 'GET', page],
    ['/none/', {}, 'GET', page],
    ['/films/', {}, 'GET', page],
    ['/.env', {}, 'GET', page],
    ['/a%2fb', {}, 'GET', page],
    ['/%00', {}, 'GET', page],
    ['/%ff/', {}, 'GET', page],
    ['/none', {}, 'HEAD', { status: 404, body: '' }],
    ['/none', { range: 'bytes=0-3', 'if-none-match': '*' }, 'GET', page],
  ])('a 404 has its page: %s %j %s', async (path, fields, method, expected) => {
    expect(await ask({ notFound: '404.html' }, path, fields, method)).toEqual(expected)
  })

  it('the page of a 404 is asked for as a whole, whatever was asked', async () => {
    const asked: unknown[] = []
    const tree: FileTree = {
      open(path, { method, headers }) {
        const names = ['range', 'If-None-Match', 'accept-encoding']
        asked.push([path, method, ...names.map((name) => headers.get(name))])
        return path === '404.html' ? EMPTY : null
      },
    }
    const fields = { range: 'bytes=0-3', 'if-none-match': '"x"', 'accept-encoding': 'br' }
    const got = await ask({ notFound: '404.html' }, '/none', fields, 'HEAD', tree)
    expect(got).toEqual({ status: 404, body: '' })
    expect(asked).toEqual([
      ['none', 'HEAD', 'bytes=0-3', '"x"', 'br'],
      ['404.html', 'GET', null, null, 'br'],
    ])
  })

  it('the page of a 404 has a type, a length and no lifetime, whatever the files have', async () => {
    const options: SiteOptions = {
      notFound: '404.html',
      cacheControl: IMMUTABLE,
      headers: { 'x-other': 'yes' },
    }
    for (const method of ['GET', 'HEAD']) {
      const handler = fileHandler(site(memoryTree(FILES), options))
      const { headers } = await handler(new Request('http://host/none.js', { method }))
      expect(Object.fromEntries(headers)).toEqual({
        'cache-control': 'no-cache',
        'content-length': '11',
        'content-type': 'text/html',
        'x-content-type-options': 'nosniff',
        'x-other': 'yes',
      })
    }
  })

  it('a missing page is a plain 404, and a lookup that has one answers all', async () => {
    expect(await ask({ notFound: 'none.html' }, '/none')).toEqual({ status: 404, body: '' })
    const request = new Request('http://host/none')
    const plain = await matchFile(site(memoryTree(FILES)))(request)
    const paged = await matchFile(site(memoryTree(FILES), { notFound: '404.html' }))(request)
    expect([plain, paged?.status]).toEqual([null, 404])
  })

  const app = { status: 200, vary: 'Accept', body: '<h1>Home' }
  // A cache may keep it, and would give it to a navigation.
  const nothing = { status: 404, vary: 'Accept', body: '' }

  it.each([
    ['a navigation', '/films/7', { accept: 'text/html,*/*;q=0.8' }, 'GET', app],
    ['a navigation', '/films/7/', { accept: 'text/html' }, 'GET', app],
    ['a route that names what no file can', '/tags/a%2Fb', { accept: 'text/html' }, 'GET', app],
    ['a HEAD of one', '/films/7', { accept: 'text/html' }, 'HEAD', { ...app, body: '' }],
    ['a script', '/assets/old-1a2b.js', { accept: 'text/html' }, 'GET', nothing],
    ['what is no navigation', '/films/7', { accept: '*/*' }, 'GET', nothing],
    ['what is no navigation', '/films/7', {}, 'GET', nothing],
    ['a client that wants no HTML', '/films/7', { accept: 'text/html;q=0' }, 'GET', nothing],
    ['what is hidden', '/.git/config', { accept: 'text/html' }, 'GET', nothing],
    ['a script that no file can be', '/tags/a%2Fb.js', { accept: 'text/html' }, 'GET', nothing],
    ['a script that no file can be', '/tags/%ff.js', { accept: 'text/html' }, 'GET', nothing],
  ])('the fallback for %s: %s %j', async (_what, path, fields, method, expected) => {
    const options = { fallback: 'index.html', index: false } as const
    expect(await ask(options, path, fields, method)).toEqual(expected)
  })

  it.each([
    ['/users/john.doe', 'text/html', app],
    ['/users/john', 'text/html', app],
    ['/users/john.doe', '*/*', nothing],
    ['/tags/a%2Fb.c', 'text/html', app],
    ['/assets/old-1a2b.js', 'text/html', nothing],
    ['/docs/none.html', 'text/html', { ...app, body: '<h1>Docs' }],
    ['/about.html', 'text/html', { status: 200, body: '<h1>About' }],
  ])('a function has the last word on dots: %s, %s', async (path, accept, expected) => {
    const fallback = (path: string) => {
      if (path.startsWith('assets/')) return null
      return path.startsWith('docs/') ? 'docs/index.html' : 'index.html'
    }
    expect(await ask({ fallback, index: false }, path, { accept })).toEqual(expected)
  })

  it('a function of the fallback gets the path below the base, decoded', async () => {
    const paths: string[] = []
    const fallback = (path: string) => void paths.push(path)
    for (const path of ['/app/', '/app/a%20b/c.d', '/app/a%2Fb', '/elsewhere']) {
      await ask({ fallback, base: '/app/', index: false }, path, { accept: 'text/html' })
    }
    expect(paths).toEqual(['', 'a b/c.d', 'a%2Fb'])
  })

  it.each([
    ['../secret.html', "'../secret.html'"],
    [Promise.resolve('index.html'), "'[object Promise]'"],
  ])('a function that gives %s for a page is a 503', async (page, got) => {
    const told: unknown[] = []
    const lookup = site(memoryTree(FILES), { fallback: () => page as string })
    const handler = fileHandler(lookup, { onError: (error) => told.push(error) })
    const headers = { accept: 'text/html' }
    const { status } = await handler(new Request('http://host/none', { headers }))
    const message = `Expected fallback to be the path of a file below the root, got ${got}`
    expect([status, told]).toEqual([503, [new TypeError(message)]])
  })

  it('what is no navigation is left to the next handler, if there is one', async () => {
    const request = new Request('http://host/api/films', { headers: { accept: '*/*' } })
    const lookup = site(memoryTree(FILES), { fallback: 'index.html' })
    expect(await matchFile(lookup)(request)).toBe(null)
  })

  it('the fallback never has the lifetime of what was asked for', async () => {
    const handler = fileHandler(
      site(memoryTree(FILES), { fallback: 'index.html', cacheControl: IMMUTABLE }),
    )
    const headers = { accept: 'text/html' }
    const page = await handler(new Request('http://host/assets/x', { headers }))
    const file = await handler(new Request('http://host/about.html', { headers }))
    const lifetimes = [page, file].map((response) => response.headers.get('cache-control'))
    expect(lifetimes).toEqual(['no-cache', IMMUTABLE])
  })

  it.each<[string, string, SiteOptions]>([
    ['no-cache', 'values', { headers: { 'cache-control': IMMUTABLE } }],
    ['no-cache', 'values', { cacheControl: IMMUTABLE }],
    ['no-cache', 'a function of all fields', { headers: () => ({ 'cache-control': IMMUTABLE }) }],
    ['no-cache', 'a function that says nothing', { cacheControl: () => undefined }],
    ['no-cache', 'a function that wants none', { cacheControl: () => null }],
    ['max-age=1', 'a function', { cacheControl: () => 'max-age=1' }],
  ])('a page in place of a file has the lifetime %s by %s', async (expected, _by, options) => {
    const pages = { notFound: '404.html', fallback: 'index.html' }
    const handler = fileHandler(site(memoryTree(FILES), { ...options, ...pages }))
    for (const accept of ['text/html', '*/*']) {
      const { headers } = await handler(new Request('http://host/none', { headers: { accept } }))
      expect(headers.get('cache-control')).toBe(expected)
    }
  })
})

describe('what is private', () => {
  const of = (said: string): [string, SiteOptions][] => [
    ['a value', { cacheControl: said }],
    ['fields', { headers: { 'Cache-Control': said } }],
  ]

  it.each([
    ['private, no-store', 'private, no-store'],
    ['no-store', 'no-store'],
    ['private', 'private, no-cache'],
    ['Private, max-age=60, immutable', 'private, no-cache'],
    ['private, no-cache', 'private, no-cache'],
    [IMMUTABLE, 'no-cache'],
  ])('%j is said of pages, listings and redirects, too, without a lifetime: %j', async (said, expected) => {
    for (const [by, options] of of(said)) {
      const pages = { notFound: '404.html', fallback: 'index.html', listing: true } as const
      const handler = fileHandler(site(memoryTree(FILES), { ...options, ...pages }))
      const headers = { accept: 'text/html' }
      const paths = { '/none.js': 404, '/route': 200, '/assets/': 200, '/assets': 308 }
      for (const [path, status] of Object.entries(paths)) {
        const response = await handler(new Request(`http://host${path}`, { headers }))
        await response.body?.cancel()
        const sent = response.headers.get('cache-control')
        expect([by, path, response.status, sent]).toEqual([by, path, status, expected])
      }
    }
  })

  it('is what a function says of a page, or its store', async () => {
    const headers = { 'cache-control': 'private, max-age=60' }
    const tree: FileTree = {
      open: (path) => (path === '404.html' ? { ...EMPTY, headers } : null),
    }
    const asked = async (options: SiteOptions) => {
      const handler = fileHandler(site(tree, { ...options, notFound: '404.html' }))
      return (await handler(new Request('http://host/none'))).headers.get('cache-control')
    }
    expect(await asked({})).toBe('private, no-cache')
    expect(await asked({ headers: () => ({ 'cache-control': 'no-store' }) })).toBe('no-store')
    expect(await asked({ cacheControl: () => 'private, max-age=1' })).toBe('private, max-age=1')
    expect(await asked({ cacheControl: () => null })).toBe('private, no-cache')
  })
})

describe('a page in place of a file', () => {
  const OF_FILES = {
    'CDN-Cache-Control': IMMUTABLE,
    'Cloudflare-CDN-Cache-Control': IMMUTABLE,
    'Surrogate-Control': 'max-age=9',
    'Edge-Control': 'max-age=9',
    'X-Accel-Expires': '9',
    Expires: 'Fri, 01 Jan 2100 00:00:00 GMT',
    'Content-Disposition': 'attachment',
    'X-Other': '1',
  }
  const names = Object.keys(OF_FILES)

  it.each<[string, SiteOptions, Partial<FileSource>]>([
    ['values', { headers: OF_FILES }, {}],
    ['a function', { headers: () => OF_FILES }, {}],
    ['its store', {}, { headers: OF_FILES }],
  ])('is no download and has no lifetime of a file, of a CDN either, by %s', async (_by, options, said) => {
    const tree: FileTree = {
      open: (path) => (path.endsWith('.html') ? { ...EMPTY, ...said } : null),
    }
    const pages = { notFound: '404.html', fallback: 'index.html' }
    const handler = fileHandler(site(tree, { ...options, ...pages }))
    const fieldsOf = async (path: string, accept: string) => {
      const { status, headers } = await handler(
        new Request(`http://host${path}`, { headers: { accept } }),
      )
      const values = [...names, 'cache-control'].map((name) => headers.get(name))
      return [status, ...values]
    }
    const stripped = [...Array(7).fill(null), '1', 'no-cache']
    expect(await fieldsOf('/none', '*/*')).toEqual([404, ...stripped])
    expect(await fieldsOf('/none', 'text/html')).toEqual([200, ...stripped])
    const file = [200, ...Object.values(OF_FILES), 'no-cache']
    expect(await fieldsOf('/404.html', '*/*')).toEqual(file)
  })
})

describe('a file that is being written', () => {
  const LASTING = {
    'Cache-Control': 'max-age=9',
    'CDN-Cache-Control': 'max-age=9',
    'Surrogate-Control': 'max-age=9',
    'Edge-Control': 'max-age=9',
    'X-Accel-Expires': '9',
    Expires: 'Fri, 01 Jan 2100 00:00:00 GMT',
    'X-Other': '1',
  }

  async function saidOf(file: TreeFile, options: SiteOptions) {
    const handler = fileHandler(site({ open: () => file }, options))
    const response = await handler(new Request('http://host/a'))
    return Object.keys(LASTING).map((name) => response.headers.get(name))
  }

  it.each<[by: string, options: SiteOptions, other: string | null]>([
    ['a value', { cacheControl: 'max-age=9' }, null],
    ['a function', { cacheControl: () => 'max-age=9' }, null],
    ['a function that wants none', { cacheControl: () => null }, null],
    ['values', { headers: LASTING }, '1'],
    ['a function of all fields', { headers: () => LASTING }, '1'],
    ['both', { headers: LASTING, cacheControl: () => 'max-age=9' }, '1'],
  ])('is stored nowhere, whatever is said of all files by %s', async (_by, options, other) => {
    const headers = { 'cache-control': 'private, no-store' }
    const kept = ['private, no-store', null, null, null, null, null, other]
    expect(await saidOf({ ...EMPTY, headers, isLive: true }, options)).toEqual(kept)
    const copied: SiteOptions['transform'] = (file) => ({ ...file, read: EMPTY.read })
    class Live {
      readonly size = EMPTY.size
      readonly headers = headers
      readonly isLive = true
      readonly read = () => new Uint8Array(0)
    }
    expect(await saidOf(new Live(), options)).toEqual(kept)
    expect(await saidOf(new Live(), { ...options, transform: copied })).toEqual(kept)
  })

  it('is not meant by a no-store, as of a server without validators: there, functions win', async () => {
    const file = { ...EMPTY, headers: { 'cache-control': 'private, no-store' } }
    const options = { headers: () => LASTING, cacheControl: () => 'max-age=8' }
    const [, ...others] = Object.values(LASTING)
    expect(await saidOf(file, options)).toEqual(['max-age=8', ...others])
    expect(await saidOf(file, { headers: () => LASTING })).toEqual(Object.values(LASTING))
    const [kept] = await saidOf(file, { headers: LASTING, cacheControl: () => undefined })
    expect(kept).toBe('private, no-store')
  })
})

describe('precompressed', () => {
  const identity = { status: 200, vary: 'Accept-Encoding', body: 'alert("identity")' }
  const br = { ...identity, 'content-encoding': 'br', body: 'br of app' }
  const gzip = { ...identity, 'content-encoding': 'gzip', body: 'gz of app' }

  it.each([
    ['gzip, deflate, br, zstd', br],
    ['GZIP', gzip],
    ['x-gzip', gzip],
    ['br;q=0.1, gzip;q=0.2', gzip],
    ['br;q=0, gzip', gzip],
    ['br ; q=0.000 , *', gzip],
    // More digits than RFC 9110 allows, but a refusal all the same.
    ['br;q=0.0000, gzip;q=0.0001', gzip],
    ['br;q=0.0000, gzip;q=0.0000', identity],
    ['gzip;q=0.5000, identity;q=1.0000', identity],
    ['*', br],
    ['*;q=0.5, br;q=0', gzip],
    ['zstd', identity],
    ['gzip;q=0.5, identity', identity],
    ['gzip;q=0.5, br;q=0, *', identity],
    ['gzip;q=0.5, identity;q=0.5', gzip],
    ['identity;q=1, *;q=0', identity],
    ['identity;q=0, *;q=0', identity],
    ['identity;q=0', identity],
    ['', identity],
    [',,', identity],
    ['gzipped, brotli', identity],
  ])('Accept-Encoding: %s', async (accepted, expected) => {
    const fields = { 'accept-encoding': accepted }
    expect(await ask({ precompressed: true }, '/app.js', fields)).toEqual(expected)
  })

  it.each<[string, Record<string, string>, string, Got]>([
    ['/app.js', {}, 'GET', identity],
    ['/app.js', { 'accept-encoding': 'br' }, 'HEAD', { ...br, body: '' }],
    [
      '/app.js',
      { 'accept-encoding': 'br', range: 'bytes=3-4' },
      'GET',
      { ...br, status: 206, 'content-range': 'bytes 3-4/9', body: 'of' },
    ],
    [
      '/app.js',
      { 'accept-encoding': 'br', range: 'bytes=3-4', 'if-range': '"app.js.br-br"' },
      'GET',
      { ...br, status: 206, 'content-range': 'bytes 3-4/9', body: 'of' },
    ],
    ['/app.js', { 'accept-encoding': 'br', range: 'bytes=3-4', 'if-range': '"app.js"' }, 'GET', br],
    [
      '/app.js',
      { 'accept-encoding': 'br', 'if-none-match': '"app.js.br-br"' },
      'GET',
      { status: 304, vary: 'Accept-Encoding', body: '' },
    ],
    [
      '/app.js',
      { 'if-none-match': '"app.js"' },
      'GET',
      { status: 304, vary: 'Accept-Encoding', body: '' },
    ],
    ['/app.js', { 'accept-encoding': 'br', 'if-none-match': '"app.js"' }, 'GET', br],
    [
      '/app.js',
      { 'accept-encoding': 'br', 'if-match': '"app.js"' },
      'GET',
      { status: 412, vary: 'Accept-Encoding', body: '' },
    ],
    [
      '/app.js',
      { 'accept-encoding': 'br', range: 'bytes=9-' },
      'GET',
      { status: 416, vary: 'Accept-Encoding', 'content-range': 'bytes */9', body: '' },
    ],
    [
      '/app.js',
      { range: 'bytes=0-4' },
      'GET',
      { ...identity, status: 206, 'content-range': 'bytes 0-4/17', body: 'alert' },
    ],
    // A film is encoded already.
    ['/film.mp4', { 'accept-encoding': 'gzip' }, 'GET', { status: 200, body: 'film' }],
    [
      '/film.mp4',
      { 'accept-encoding': 'gzip', range: 'bytes=0-0' },
      'GET',
      { status: 206, 'content-range': 'bytes 0-0/4', body: 'f' },
    ],
    // What is stored there is of an earlier version, or of a file that is gone.
    [
      '/old.js',
      { 'accept-encoding': 'br' },
      'GET',
      { status: 200, vary: 'Accept-Encoding', body: 'old' },
    ],
    ['/lone.js', { 'accept-encoding': 'br' }, 'GET', { status: 404, body: '' }],
  ])('%s %j %s', async (path, fields, method, expected) => {
    expect(await ask({ precompressed: true }, path, fields, method)).toEqual(expected)
  })

  // RFC 9110 §13.1.5: a date that several representations may share names none of them.
  it.each<[string, path: string, Record<string, string>, number, string, looks: string[]]>([
    ['a coding', 'a.js', { 'accept-encoding': 'gzip' }, 200, 'gz of a', ['a.js', 'a.js.gz']],
    ['a file with a coding', 'a.js', {}, 200, 'identity', ['a.js', 'a.js.br', 'a.js.gz']],
    ['a file without one', 'b.js', {}, 206, 'l', ['b.js', 'b.js.br', 'b.js.gz']],
    ['a file with one of before', 'c.js', {}, 206, 'h', ['c.js', 'c.js.br', 'c.js.gz']],
    ['a film', 'd.mp4', {}, 206, 'i', ['d.mp4']],
    ['one, by its tag', 'a.js', { 'if-range': '"a.js"' }, 206, 'd', ['a.js']],
    ['one that is sent whole', 'a.js', { range: '' }, 200, 'identity', ['a.js']],
    ['one, for HEAD', 'a.js', { method: 'HEAD' }, 200, '', ['a.js']],
  ])('a range by date of %s: /%s %j', async (_what, path, given, status, body, looks) => {
    const { method = 'GET', ...fields } = given
    const opened: string[] = []
    const tree = memoryTree(
      {
        'a.js': { text: 'identity' },
        'a.js.gz': { text: 'gz of a' },
        'b.js': { text: 'alone' },
        'c.js': { text: 'changed', date: 2000 },
        'c.js.gz': { text: 'gz of c', date: 1000 },
        'd.mp4': { text: 'film', type: 'video/mp4' },
        'd.mp4.gz': { text: 'gz of d' },
      },
      { opened },
    )
    const date = new Date(path === 'c.js' ? 2000 : 1000).toUTCString()
    const headers = new Headers({ range: 'bytes=1-1', 'if-range': date, ...fields })
    if (headers.get('range') === '') headers.delete('range')
    const options = { precompressed: ['br', 'gzip'] } as const
    const handler = fileHandler(site(tree, options))
    const response = await handler(new Request(`http://host/${path}`, { method, headers }))
    expect([response.status, await response.text(), opened]).toEqual([status, body, looks])
    const isDated = status === 206 || fields.range === '' || method === 'HEAD'
    expect(response.headers.get('last-modified')).toBe(isDated ? date : null)
  })

  it('of an index, a page of a 404 and a fallback, too', async () => {
    const files = {
      ...FILES,
      'index.html.br': { text: 'br of index' },
      '404.html.br': { text: 'br of 404' },
    }
    const options = { precompressed: ['br'], notFound: '404.html', fallback: 'index.html' } as const
    const fields = { 'accept-encoding': 'br', accept: 'text/html' }
    const tree = memoryTree(files)
    const encoded = {
      status: 200,
      'content-encoding': 'br',
      vary: 'Accept-Encoding',
      body: 'br of index',
    }
    expect(await ask(options, '/', fields, 'GET', tree)).toEqual(encoded)
    expect(await ask(options, '/film/7', fields, 'GET', tree)).toEqual({
      ...encoded,
      vary: 'Accept, Accept-Encoding',
    })
    expect(await ask(options, '/none.js', fields, 'GET', tree)).toEqual({
      ...encoded,
      status: 404,
      vary: 'Accept, Accept-Encoding',
      body: 'br of 404',
    })
  })

  it('keeps the type of the file, and closes what it does not send', async () => {
    const closed: string[] = []
    const handler = fileHandler(site(memoryTree(FILES, { closed }), { precompressed: true }))
    const headers = { 'accept-encoding': 'br' }
    const response = await handler(new Request('http://host/app.js', { headers }))
    await response.text()
    const type = response.headers.get('content-type')
    expect([type, closed.toSorted()]).toEqual(['text/javascript', ['app.js', 'app.js.br']])
    closed.length = 0
    await (await handler(new Request('http://host/old.js', { headers }))).text()
    expect(closed.toSorted()).toEqual(['old.js', 'old.js.br'])
  })

  it('leaves alone what is stored encoded under its own name', async () => {
    const files = { ...FILES, 'app.js': { ...FILES['app.js'], text: 'gzipped', encoding: 'gzip' } }
    const fields = { 'accept-encoding': 'br' }
    expect(await ask({ precompressed: true }, '/app.js', fields, 'GET', memoryTree(files))).toEqual(
      {
        status: 200,
        'content-encoding': 'gzip',
        body: 'gzipped',
      },
    )
  })

  it('takes a file for encoded that the option says is', async () => {
    const svg = { 'a.svgz': { text: '0123', type: 'image/svg+xml' }, 'a.svgz.br': { text: 'x' } }
    const headers = (path: string) =>
      path.endsWith('.svgz') ? { 'content-encoding': 'gzip' } : undefined
    const fields = { 'accept-encoding': 'br' }
    const answers = [fields, { ...fields, range: 'bytes=1-2' }].map((each) =>
      ask({ precompressed: true, headers }, '/a.svgz', each, 'GET', memoryTree(svg)),
    )
    const coding = { 'content-encoding': 'gzip' }
    expect(await Promise.all(answers)).toEqual([
      { status: 200, ...coding, body: '0123' },
      { status: 206, ...coding, 'content-range': 'bytes 1-2/4', body: '12' },
    ])
  })

  it('what is stored empty is no coding of anything', async () => {
    const tree = memoryTree({ 'app.js': { text: 'app' }, 'app.js.br': { text: '' } })
    const fields = { 'accept-encoding': 'br' }
    const got = await ask({ precompressed: true }, '/app.js', fields, 'GET', tree)
    expect(got).toEqual({ status: 200, vary: 'Accept-Encoding', body: 'app' })
  })

  it.each<[what: string, file: number, stored: number, isSent: boolean]>([
    ['gzip and zstd copy the time', 1e12 + 232, 1e12 + 232, true],
    ['brotli copies its second', 1e12 + 232, 1e12, true],
    ['it was encoded later', 1e12 + 232, 1e12 + 5000, true],
    ['it was encoded in the second before', 1e12 + 232, 1e12 - 1, false],
    ['its file was changed in the same second', 1e12 + 232, 1e12 + 231, false],
    ['its file is of a later second', 1e12 + 1000, 1e12, false],
  ])('by the times of both: %s', async (_what, file, stored, isSent) => {
    const files = { 'a.js': { text: 'a', date: file }, 'a.js.br': { text: 'br', date: stored } }
    const fields = { 'accept-encoding': 'br' }
    const got = await ask({ precompressed: true }, '/a.js', fields, 'GET', memoryTree(files))
    expect(got.body).toBe(isSent ? 'br' : 'a')
  })

  it.each<[what: string, file: Partial<FileSource>, body: string]>([
    ['is sent of a file whose store knows no versions', {}, 'br'],
    ['is sent of one that nobody may keep', { etag: '"a"', headers: NOT_STORED }, 'br'],
    ['is not sent of one that may be another at each look', { headers: NOT_STORED }, 'a'],
    ['is not, in whichever case that is said', { headers: { 'cache-control': 'No-Store' } }, 'a'],
  ])('a coding %s', async (_what, file, body) => {
    const source = (text: string) => ({
      size: text.length,
      read: () => new TextEncoder().encode(text),
    })
    const tree: FileTree = {
      open: (path) => (path === 'a' ? { ...source('a'), ...file } : source('br')),
    }
    const options: SiteOptions = { precompressed: ['br'], cacheControl: () => 'max-age=1' }
    const got = await ask(options, '/a', { 'accept-encoding': 'br' }, 'GET', tree)
    expect(got.body).toBe(body)
  })

  it('every Accept-Encoding gets an answer, and Vary', async () => {
    const element = fc.tuple(
      fc.constantFrom(
        'br',
        'gzip',
        'x-gzip',
        'zstd',
        'identity',
        '*',
        'deflate',
        '',
        'GZIP',
        ' br',
      ),
      fc.constantFrom('', ';q=0', ';q=1', ';q=0.5', ' ; q=0.001', ';Q=0.2', ';q=2', ';q=', ';q=x'),
    )
    const values = fc.oneof(
      fc.array(element.map((parts) => parts.join(''))).map((elements) => elements.join(',')),
      fc.string({ unit: fc.constantFrom(...'brgzip*;=q01., \t"') }),
    )
    await fc.assert(
      fc.asyncProperty(values, async (value) => {
        const got = await ask({ precompressed: true }, '/app.js', { 'accept-encoding': value })
        expect([identity, br, gzip]).toContainEqual(got)
      }),
      { numRuns: 300 },
    )
  })
})

const DIGEST = "the digest sha-256 in bytes, as Buffer.from(hex, 'hex') gives them"

describe('fields', () => {
  expectNoUnhandledRejections()

  async function fieldsOf(options: SiteOptions, path: string, files = FILES) {
    const handler = fileHandler(site(memoryTree(files), options))
    const { headers } = await handler(new Request(`http://host${path}`))
    const names = ['cache-control', 'content-type', 'content-disposition', 'x-path']
    return names.map((name) => headers.get(name))
  }

  it.each<[string, SiteOptions, (string | null)[]]>([
    ['no-cache by default', {}, ['no-cache', 'text/javascript', null, null]],
    ['none', { cacheControl: null }, [null, 'text/javascript', null, null]],
    ['a value', { cacheControl: 'max-age=60' }, ['max-age=60', 'text/javascript', null, null]],
    [
      'among other fields',
      { headers: { 'Cache-Control': 'max-age=60' } },
      ['max-age=60', 'text/javascript', null, null],
    ],
    [
      'one line for names with a hash',
      { cacheControl: (path) => (path.startsWith('assets/') ? IMMUTABLE : undefined) },
      [IMMUTABLE, 'text/javascript', null, null],
    ],
    [
      'a function that says none',
      { cacheControl: () => null },
      [null, 'text/javascript', null, null],
    ],
    [
      'of path and file',
      { headers: (path, { size }) => ({ 'x-path': `${path} ${size}` }) },
      ['no-cache', 'text/javascript', null, 'assets/app-3f2a.js 1'],
    ],
    [
      'a download',
      { headers: attachment },
      ['no-cache', 'text/javascript', 'attachment; filename="app-3f2a.js"', null],
    ],
    ['another type', { type: () => 'text/plain' }, ['no-cache', 'text/plain', null, null]],
    ['nothing to say', { cacheControl: () => '' }, ['no-cache', 'text/javascript', null, null]],
    ['no other type', { type: () => undefined }, ['no-cache', 'text/javascript', null, null]],
  ])('%s', async (_what, options, expected) => {
    expect(await fieldsOf(options, '/assets/app-3f2a.js')).toEqual(expected)
  })

  // Each is of a type that TypeScript refuses.
  it.each<[string, Record<string, unknown>]>([
    ['cacheControl() to give a string, got Promise', { cacheControl: async () => 'max-age=1' }],
    ['cacheControl() to give a string, got 60', { cacheControl: () => 60 }],
    ['type() to give a string, got Promise', { type: async () => Promise.reject(new Error('no')) }],
    ['type() to give a string, got Object', { type: () => ({}) }],
    [`${DIGEST}, got 0a1b`, { digest: () => ({ 'sha-256': '0a1b' }) }],
    [`${DIGEST}, got Array`, { digest: async () => ({ 'sha-256': [1, 2] }) }],
    ['digests by algorithm, got abc', { digest: () => 'abc' }],
    ['digests by algorithm, got true', { digest: async () => true }],
    ['digests by algorithm, got Map', { digest: () => new Map([['sha-256', DIGEST]]) }],
  ])('of another kind are told: expected %s', async (message, options) => {
    const [told, closed]: [unknown[], string[]] = [[], []]
    const handler = fileHandler(site(memoryTree(FILES, { closed }), options), {
      onError: (error) => told.push(error),
    })
    const headers = { 'want-repr-digest': 'sha-256=1' }
    const { status } = await handler(new Request('http://host/app.js', { headers }))
    expect([status, told, closed]).toEqual([
      503,
      [new TypeError(`Expected ${message}`)],
      ['app.js'],
    ])
  })

  it('what is stored with a file wins over values, and functions over that', async () => {
    const files = { a: { text: 'a', cacheControl: 'max-age=1' } }
    const of = async (options: SiteOptions) => (await fieldsOf(options, '/a', files))[0]
    expect(await of({ cacheControl: 'max-age=2' })).toBe('max-age=1')
    expect(await of({ headers: { 'cache-control': 'max-age=2' } })).toBe('max-age=1')
    expect(await of({ cacheControl: () => 'max-age=2' })).toBe('max-age=2')
    expect(await of({ cacheControl: () => undefined })).toBe('max-age=1')
    expect(await of({ headers: () => ({ 'cache-control': 'max-age=2' }) })).toBe('max-age=2')
  })

  it('several Set-Cookie are refused, wherever they come from, and may be added to the Response', async () => {
    const cookies = ['a=1', 'b=2'].map((cookie): [string, string] => ['set-cookie', cookie])
    expect(() => site(memoryTree(FILES), { headers: cookies })).toThrow(/^Expected one set-cookie/)
    const ofFile = fileHandler(site(memoryTree(FILES), { headers: () => cookies }), {
      onError: () => {},
    })
    expect((await ofFile(new Request('http://host/app.js'))).status).toBe(503)
    const handler = fileHandler(site(memoryTree(FILES), { headers: { 'set-cookie': 'a=1' } }))
    const response = await handler(new Request('http://host/app.js'))
    response.headers.append('set-cookie', 'b=2')
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  })

  it('a function that throws is a 503, and leaves nothing open', async () => {
    const closed: string[] = []
    const fail = () => {
      throw new Error('no')
    }
    for (const options of [{ headers: fail }, { type: fail }, { cacheControl: fail }]) {
      const handler = fileHandler(site(memoryTree(FILES, { closed }), options), { onError() {} })
      expect((await handler(new Request('http://host/app.js'))).status).toBe(503)
    }
    expect(closed).toEqual(['app.js', 'app.js', 'app.js'])
  })
})

describe('the type of a file', () => {
  const video = { 'Content-Type': 'video/mp4' }
  const octets = 'application/octet-stream'

  it.each<[string, Partial<FileSource>, SiteOptions, string]>([
    ['of its own', { type: 'video/mp4' }, {}, 'video/mp4'],
    ['among its fields', { headers: video }, {}, 'video/mp4'],
    ['among its fields, and empty', { type: '', headers: video }, {}, 'video/mp4'],
    ['among the fields of all files', {}, { headers: video }, 'video/mp4'],
    ['among the fields of a function', {}, { headers: () => video }, 'video/mp4'],
    ['of the option', { type: 'a/b' }, { type: () => 'video/mp4' }, 'video/mp4'],
    ['of the option, and empty', { headers: video }, { type: () => '' }, 'video/mp4'],
    ['that is known, whatever its fields say', { type: 'a/b', headers: video }, {}, 'a/b'],
    ['that nobody knows', {}, {}, octets],
    ['that is empty', { type: '' }, {}, octets],
  ])('%s', async (_where, file, more, expected) => {
    const opened: string[] = []
    const tree: FileTree = {
      open(path) {
        opened.push(path)
        return path === 'film' ? { ...EMPTY, ...file } : null
      },
    }
    const options = { ...more, notFound: 'film', precompressed: ['gzip'] } as const
    const handler = fileHandler(site(tree, options))
    const ask = async (path: string) => {
      const headers = { 'accept-encoding': 'gzip' }
      const response = await handler(new Request(`http://host${path}`, { headers }))
      return [response.status, response.headers.get('content-type')]
    }
    expect([await ask('/film'), await ask('/none')]).toEqual([
      [200, expected],
      [404, expected],
    ])
    // A film is not stored in a coding.
    expect(opened.includes('film.gz')).toBe(expected !== 'video/mp4')
  })

  it('and no field that belongs to a range or a version is that of the page of a 404', async () => {
    const headers = { etag: '"x"', 'content-range': 'bytes 0-1/2', 'accept-ranges': 'bytes' }
    const tree: FileTree = { open: (path) => (path === '404' ? { ...EMPTY, headers } : null) }
    const response = await fileHandler(site(tree, { notFound: '404' }))(new Request('http://host/'))
    expect(Object.fromEntries(response.headers)).toEqual({
      'cache-control': 'no-cache',
      'content-length': '0',
      'content-type': octets,
      'x-content-type-options': 'nosniff',
    })
  })
})

describe('digest', () => {
  expectNoUnhandledRejections()

  const sha = new Uint8Array([1, 2, 3])
  const known = { 'sha-256': sha, md5: new Uint8Array([4]) }
  const field = 'sha-256=:AQID:'

  it.each<[string, string | undefined]>([
    ['sha-256=1', field],
    ['sha-512=9, sha-256=1', field],
    ['sha-256=1, md5=2', 'md5=:BA==:'],
    ['md5=1,\tsha-256=10', field],
    ['sha-256=0', undefined],
    ['sha-512=1', undefined],
    ['sha-256=11', undefined],
    ['sha-256', undefined],
    ['constructor=1', undefined],
    ['', undefined],
  ])('Want-Repr-Digest: %s', async (wanted, expected) => {
    const options = { digest: () => known }
    const got = await ask(options, '/film.mp4', { 'want-repr-digest': wanted })
    expect(got['repr-digest']).toBe(expected)
  })

  // Each is of a type that TypeScript refuses.
  it.each<unknown>([false, null, undefined, '', 0])('%j is none', async (nothing) => {
    const options: object = { digest: async () => nothing }
    const got = await ask(options, '/film.mp4', { 'want-repr-digest': 'sha-256=1' })
    expect([got.status, got['repr-digest']]).toEqual([200, undefined])
  })

  it.each<[string, Record<string, string>, string, number, string | undefined]>([
    ['200', {}, 'GET', 200, field],
    ['a HEAD', {}, 'HEAD', 200, field],
    ['206, of all of the file', { range: 'bytes=0-0' }, 'GET', 206, field],
    ['several ranges', { range: 'bytes=0-0,2-2' }, 'GET', 206, field],
    ['304', { 'if-none-match': '"film.mp4"' }, 'GET', 304, field],
    ['416', { range: 'bytes=9-' }, 'GET', 416, undefined],
    ['412', { 'if-match': '"x"' }, 'GET', 412, undefined],
  ])('on %s', async (_what, fields, method, status, expected) => {
    const asked = { ...fields, 'want-repr-digest': 'sha-256=1' }
    const got = await ask({ digest: async () => known }, '/film.mp4', asked, method)
    expect([got.status, got['repr-digest']]).toEqual([status, expected])
  })

  it('is of the bytes as they are stored, and asked for only if it is wanted', async () => {
    const asked: string[] = []
    const options: SiteOptions = {
      precompressed: true,
      digest(path) {
        asked.push(path)
        return known
      },
    }
    await ask(options, '/app.js', { 'accept-encoding': 'br' })
    await ask(options, '/app.js', { 'accept-encoding': 'br', 'want-repr-digest': 'sha-256=1' })
    expect(asked).toEqual(['app.js.br'])
  })

  const DIGESTED = {
    'Repr-Digest': field,
    'content-md5': 'AQID',
    'content-digest': field,
    digest: 'md5=AQID',
  }

  /** Which digests are sent of a file that has all that there are, with what else is sent. */
  async function digestsOf(options: SiteOptions, wanted: string, accepted = 'identity') {
    const file = { size: 2, digest: known, headers: { ...DIGESTED, 'x-other': '1' } }
    const read = (start: number, end: number) => new TextEncoder().encode('ok').subarray(start, end)
    const tree: FileTree = {
      open: (path) => (path === 'a' || path === 'a.br' ? { ...file, read } : null),
    }
    const headers = { 'want-repr-digest': wanted, 'accept-encoding': accepted }
    const handler = fileHandler(site(tree, options))
    const response = await handler(new Request('http://host/a', { headers }))
    const names = ['repr-digest', 'content-md5', 'content-digest', 'digest', 'x-other']
    return names.map((name) => response.headers.get(name))
  }

  const all = [field, 'AQID', field, 'md5=AQID', '1']
  const none = [null, null, null, null, '1']
  const option = () => ({ 'sha-512': sha })

  it.each<[string, SiteOptions['transform'], wanted: string, (string | null)[]]>([
    ['is what it was', (file) => file, 'sha-512=1', ['sha-512=:AQID:', ...all.slice(1)]],
    [
      'has other fields',
      (file) => ({ ...file, etag: '"b"' }),
      'sha-512=1',
      ['sha-512=:AQID:', ...all.slice(1)],
    ],
    ['has another read', (file) => ({ ...file, read: () => sha.subarray(1) }), 'sha-512=1', none],
    ['has another read', (file) => ({ ...file, read: () => sha.subarray(1) }), 'md5=1', none],
    ['has another size', (file) => ({ ...file, size: 1 }), 'md5=1', none],
    [
      'says its own',
      (file) => ({ ...file, read: () => sha.subarray(1), digest: { md5: sha } }),
      'md5=1',
      ['md5=:AQID:', null, null, null, '1'],
    ],
    [
      'says its own',
      (file) => ({ ...file, read: () => sha.subarray(1), headers: { 'content-md5': 'BA==' } }),
      'md5=1',
      [null, 'BA==', null, null, null],
    ],
  ])('of what is made of a file that %s', async (_what, transform, wanted, expected) => {
    expect(await digestsOf({ transform, digest: option }, wanted)).toEqual(expected)
  })

  it('of a file is not that of its coding', async () => {
    const options: SiteOptions = { precompressed: true, digest: () => null }
    expect(await digestsOf(options, 'sha-512=1', 'br')).toEqual(none)
    expect(await digestsOf(options, 'sha-512=1')).toEqual(all)
    const md5 = ['md5=:BA==:', null, null, null, '1']
    expect(await digestsOf(options, 'md5=1', 'br')).toEqual(md5)
  })

  it('that fails, of a file that fails to close, is a 503, and nothing worse', async () => {
    const fail = () => Promise.reject(new Error('no'))
    const file = { size: 1, read: () => new Uint8Array(1), close: fail, digest: fail }
    const handler = fileHandler(site({ open: () => file }), { onError() {} })
    const fields = { 'want-repr-digest': 'sha-256=1' }
    expect((await handler(new Request('http://host/a', { headers: fields }))).status).toBe(503)
  })

  it('that its store knows needs no option; one that fails is a 503', async () => {
    const closed: string[] = []
    const tree = memoryTree({ a: { text: 'a', digest: known } }, { closed })
    const wanted = { 'want-repr-digest': 'sha-256=1' }
    expect((await ask({}, '/a', wanted, 'GET', tree))['repr-digest']).toBe(field)
    const digest = () => Promise.reject(new Error('no'))
    const handler = fileHandler(site(tree, { digest }), { onError() {} })
    const response = await handler(new Request('http://host/a', { headers: wanted }))
    expect([response.status, closed]).toEqual([503, ['a', 'a']])
  })

  it.each<[string, FileSource['digest']]>([
    ['as a value', known],
    ['as a function', async () => known],
  ])('that its store knows %s is sent where the option knows none', async (_what, digest) => {
    const tree: FileTree = { open: () => ({ ...EMPTY, digest }) }
    const digestBy = async (option: SiteOptions['digest']) =>
      (await ask({ digest: option }, '/a', { 'want-repr-digest': 'md5=1' }, 'GET', tree))[
        'repr-digest'
      ]
    expect(await digestBy(() => undefined)).toBe('md5=:BA==:')
    expect(await digestBy(async () => null)).toBe('md5=:BA==:')
    expect(await digestBy(() => ({ md5: sha }))).toBe('md5=:AQID:')
  })
})

describe('files that are objects of a class', () => {
  expectNoUnhandledRejections()

  class Film implements TreeFile {
    static closed = 0
    readonly #bytes = new TextEncoder().encode('0123456789')
    get size() {
      return this.#bytes.length
    }
    get etag() {
      return '"film"'
    }
    get version() {
      return '"1"'
    }
    digest() {
      return { md5: this.#bytes }
    }
    read(start: number, end: number) {
      return this.#bytes.subarray(start, end)
    }
    close() {
      Film.closed += this.#bytes.length / 10
    }
  }
  const tree: FileTree = {
    open: (path) => (path === '' ? 'directory' : path.endsWith('.gz') ? null : new Film()),
    async *list() {
      yield { name: 'a', kind: 'file', size: 10, version: '"1"' }
    },
  }
  const remake = async (file: FileSource) => {
    await file.close?.()
    return new Film()
  }
  const field = `md5=:${btoa('0123456789')}:`
  const WHOLE = { status: 200, body: '0123456789' }
  const encoded = { ...WHOLE, 'content-encoding': 'br', vary: 'Accept-Encoding' }
  const part = { status: 206, body: '23', 'content-range': 'bytes 2-3/10' }

  it.each<[string, SiteOptions, Record<string, string>, Got, number]>([
    ['as they are', {}, { range: 'bytes=2-3' }, part, 1],
    ['with a digest', {}, { 'want-repr-digest': 'md5=1' }, { ...WHOLE, 'repr-digest': field }, 1],
    ['transformed', { transform: (file) => ({ ...file, type: 'a/b' }) }, {}, WHOLE, 1],
    ['made by a transform', { transform: remake }, {}, WHOLE, 2],
    ['stored in a coding', { precompressed: true }, { 'accept-encoding': 'br' }, encoded, 2],
  ])('%s', async (_what, options, fields, expected, closed) => {
    Film.closed = 0
    expect(await ask(options, '/a', fields, 'GET', tree)).toEqual(expected)
    expect(Film.closed).toBe(closed)
  })

  it('as downloads, and in archives', async () => {
    expect(await ask({ download: () => new Film() }, '/?zip', {}, 'GET', tree)).toEqual(WHOLE)
    const { status, body } = await ask({ download: zipFolder }, '/?zip', {}, 'GET', tree)
    expect([status, body.includes('0123456789')]).toEqual([200, true])
  })
})

describe('within', () => {
  const files = {
    'ann/film.mp4': { text: 'of Ann' },
    'ann/index.html': { text: 'home of Ann' },
    'bob/film.mp4': { text: 'of Bob' },
    'secret.mp4': { text: 'of nobody' },
  }

  it.each<[string | null | undefined, string, number, string]>([
    ['ann', '/film.mp4', 200, 'of Ann'],
    ['bob', '/film.mp4', 200, 'of Bob'],
    ['ann', '/', 200, 'home of Ann'],
    ['ann', '/secret.mp4', 404, ''],
    ['ann', '/../bob/film.mp4', 404, ''],
    ['ann', '/%2e%2e/bob/film.mp4', 404, ''],
    ['carol', '/film.mp4', 404, ''],
    ['secret.mp4', '/', 404, ''],
    ...[
      null,
      undefined,
      '',
      '.',
      '..',
      '../bob',
      'a/b',
      'ann/../bob',
      '/ann',
      '..\\bob',
      'x\\y',
      'ann\0',
      '.ann',
    ].map((id): [string | null | undefined, string, number, string] => [id, '/film.mp4', 404, '']),
  ])('%j asks for %s', async (id, path, status, body) => {
    const opened: string[] = []
    const lookup = site(memoryTree(files, { opened }), {
      within: async (_request, user: string | null | undefined) => user,
    })
    const response = await fileHandler(lookup)(new Request(`http://host${path}`), id)
    expect([response.status, await response.text()]).toEqual([status, body])
    for (const path of opened) expect(path.split('/')[0]).toBe(id)
  })

  it('false is no name, as null is', async () => {
    const none: object = { within: () => false }
    const handler = fileHandler(site(memoryTree(files), none))
    expect((await handler(new Request('http://host/film.mp4'))).status).toBe(404)
  })

  it.each([42, 0, true, { id: 'ann' }])('%j is no name, and fails', async (id) => {
    const told: unknown[] = []
    const within: object = { within: () => id }
    const handler = fileHandler(site(memoryTree(files), within), {
      onError: (error) => told.push(error),
    })
    const { status } = await handler(new Request('http://host/film.mp4'))
    const got = typeof id === 'object' ? 'Object' : id
    expect([status, told]).toEqual([
      503,
      [new TypeError(`Expected within() to give a string, got ${got}`)],
    ])
  })

  it('is asked of what is below the base, and of nothing else', async () => {
    const asked: string[] = []
    const lookup = site(memoryTree(files), {
      base: '/films/',
      within({ url }) {
        asked.push(url)
        throw new Error('nobody')
      },
    })
    const match = matchFile(lookup, { onError() {} })
    const urls = ['/login', '/', '/filmstrip', '/films', '/films/', '/films/film.mp4']
    const statuses = urls.map(
      async (url) => (await match(new Request(`http://host${url}`)))?.status,
    )
    expect(await Promise.all(statuses)).toEqual([undefined, undefined, undefined, 503, 503, 503])
    const routed = {
      method: 'GET',
      url: 'http://host/films/a',
      headers: new Headers({ host: 'a/b' }),
    }
    expect(await lookup(routed)).toBe(null)
    expect(asked).toEqual(urls.slice(3).map((url) => `http://host${url}`))
  })

  it.each([
    ['ann', '/', 200],
    ['ann', '/?zip', 200],
    ['carol', '/', 404],
    ['carol', '/?zip', 404],
    ['secret.mp4', '/', 404],
    ['secret.mp4', '/?zip', 404],
  ])('only a folder that is there is listed: %s at %s', async (id, path, status) => {
    for (const isFlat of [false, true]) {
      const lookup = site(memoryTree(files, { isFlat }), {
        within: (_request, user: string) => user,
        index: false,
        listing: true,
        download: zipFolder,
      })
      const response = await fileHandler(lookup)(new Request(`http://host${path}`), id)
      expect([isFlat, response.status]).toEqual([isFlat, status])
      await response.body?.cancel()
    }
  })
})

describe('a folder within', () => {
  it('is the same tree for all requests, so that what is learned of it can be kept', async () => {
    const trees: FileTree[] = []
    const lookup = site(
      { open: () => 'directory' as const },
      {
        within: (_request, user: string) => user,
        download(tree) {
          trees.push(tree)
          return EMPTY
        },
        index: false,
      },
    )
    for (const user of ['ann', 'bob', 'ann']) {
      await lookup({ method: 'GET', url: '/films/?zip', headers: new Headers() }, user)
    }
    const [ann, bob] = trees
    expect(trees.map((tree) => (tree === ann ? 'ann' : tree === bob ? 'bob' : ''))).toEqual([
      'ann',
      'bob',
      'ann',
    ])
  })
})

describe('dotfiles, normalize', () => {
  it('hidden files are found only if they may be', async () => {
    expect((await ask({}, '/.env')).status).toBe(404)
    expect((await ask({}, '/.well-known/security.txt')).status).toBe(200)
    expect((await ask({ dotfiles: true }, '/.env')).body).toBe('secret')
    expect((await ask({ dotfiles: true }, '/%2e%2e/.env')).body).toBe('secret')
  })

  const NFC = ['\u00e9t\u00e9', '\u00fc', '\uac00']
  const NFD = NFC.map((name) => name.normalize('NFD'))
  const [e, u, ga] = NFC
  const [eD, uD, gaD] = NFD

  it.each<[stored: string, asked: string]>([
    [`${eD}.mp4`, `${e}.mp4`],
    [`${e}.mp4`, `${eD}.mp4`],
    [`${uD}/x.mp4`, `${u}/x.mp4`],
    // Some names of a path were made by another system than others.
    [`${eD}/${u}.mp4`, `${e}/${u}.mp4`],
    [`${eD}/${u}.mp4`, `${e}/${uD}.mp4`],
    [`a/${e}/b/${uD}/${ga}.mp4`, `a/${eD}/b/${u}/${gaD}.mp4`],
    // Half of a name.
    [`${e}${u}.mp4`, `${eD}${u}.mp4`],
    [`${NFD.join('/')}/${NFD.join('/')}`, `${NFC.join('/')}/${NFC.join('/')}`],
  ])('a name in another Unicode form is found only if it may be: %j by %j', async (stored, asked) => {
    const get = (options: SiteOptions) =>
      ask(options, `/${encodeURI(asked)}`, {}, 'GET', memoryTree({ [stored]: { text: 'it' } }))
    expect((await get({})).status).toBe(404)
    expect((await get({ normalize: true })).body).toBe('it')
    const other = { 'x/y': { text: '' } }
    const none = await ask({ normalize: true }, `/${asked}`, {}, 'GET', memoryTree(other))
    expect(none.status).toBe(404)
  })

  it.each([false, true])('so is a folder, with what is in it; of keys: %j', async (isFlat) => {
    const files = { [`${eD}/${u}`]: { text: 'one' }, [`${eD}/${gaD}`]: { text: 'two' } }
    const options: SiteOptions = { normalize: true, listing: 'json', download: zipFolder }
    const get = (path: string, changes: SiteOptions = {}) =>
      ask({ ...options, ...changes }, path, {}, 'GET', memoryTree(files, { isFlat }))
    for (const path of [`/${e}/`, `/${eD}/`]) {
      const entries: { name: string }[] = JSON.parse((await get(path)).body)
      expect(entries.map(({ name }) => name).toSorted()).toEqual([gaD, u].toSorted())
      // Each of its links, from there.
      const found = entries.map(({ name }) => get(`${path}${name}`))
      const bodies = (await Promise.all(found)).map(({ body }) => body)
      expect(bodies.toSorted()).toEqual(['one', 'two'])
      const archive = (await get(`${path}?zip`)).body
      expect([archive.includes('one'), archive.includes('two')]).toEqual([true, true])
      const slashless = await get(path.slice(0, -1))
      expect([slashless.status, slashless.location]).toEqual([308, `.${encodeURI(path)}`])
    }
    expect((await get(`/${uD}/`)).status).toBe(404)
    // The folder of a user.
    const within = () => e
    const [first] = JSON.parse((await get('/', { within })).body)
    expect((await get(`/${first.name}`, { within })).status).toBe(200)
  })

  it('of a folder in two forms, each is listed, and no name twice', async () => {
    const files = Object.fromEntries([e, eD].map((name) => [`${name}/x`, { text: `${name}` }]))
    const options = { normalize: true, listing: 'json' } as const
    for (const name of [e, eD]) {
      const { body } = await ask(options, `/${name}/`, {}, 'GET', memoryTree(files))
      expect(JSON.parse(body).map((entry: Entry) => entry.name)).toEqual(['x'])
      expect((await ask(options, `/${name}/x`, {}, 'GET', memoryTree(files))).body).toBe(name)
    }
  })

  it('a path of many names opens few others', async () => {
    const opened: string[] = []
    const tree = memoryTree(FILES, { opened })
    await ask({ normalize: true }, `/${`${e}/`.repeat(100)}${u}`, {}, 'GET', tree)
    expect(opened.length).toBeLessThan(20)
    expect(new Set(opened).size).toBe(opened.length)
  })

  it('of a path of many names, it makes a form only of those that it tries in both', async () => {
    const normalized = vi.spyOn(String.prototype, 'normalize')
    onTestFinished(() => normalized.mockRestore())
    await ask({ normalize: true }, `/a/${`${e}/`.repeat(1000)}b/${u}`)
    expect(normalized.mock.calls.length).toBeLessThan(20)
  })

  it.each<[path: string, looks: string[]]>([
    ['a/b', ['a/b']],
    [`${e}/a/${e}`, [`${e}/a/${e}`, `${eD}/a/${eD}`, `${e}/a/${eD}`, `${eD}/a/${e}`]],
    [
      `${e}/${e}/x/${e}/y/${e}`,
      [
        `${e}/${e}/x/${e}/y/${e}`,
        `${eD}/${eD}/x/${eD}/y/${eD}`,
        `${e}/${e}/x/${e}/y/${eD}`,
        `${e}/${e}/x/${eD}/y/${e}`,
        `${e}/${e}/x/${eD}/y/${eD}`,
        `${e}/${eD}/x/${e}/y/${e}`,
        `${e}/${eD}/x/${e}/y/${eD}`,
        `${e}/${eD}/x/${eD}/y/${e}`,
        `${e}/${eD}/x/${eD}/y/${eD}`,
      ],
    ],
    [
      `${e}${eD}/${e}`,
      [
        `${e}${eD}/${e}`,
        `${e}${e}/${e}`,
        `${eD}${eD}/${eD}`,
        `${e}${eD}/${eD}`,
        `${e}${e}/${eD}`,
        `${eD}${eD}/${e}`,
      ],
    ],
  ])('%j is looked for in this order', async (path, looks) => {
    const opened: string[] = []
    const options = { normalize: true, index: false } as const
    await ask(options, `/${encodeURI(path)}`, {}, 'GET', memoryTree(FILES, { opened }))
    expect(opened).toEqual(looks)
  })
})

describe('a mount of Express', () => {
  // polka and h3 1 leave nothing before the query; Connect and Express put a slash there.
  it.each([
    ['/media?t=1', '?t=1', './media/?t=1'],
    ['/my%20films', '/', './my%20films/'],
    ['/a%2Fb', '/', './a%2Fb/'],
    ['/a%5Cb?t=1', '?t=1', './a%5Cb/?t=1'],
    ['/%ff', '/', './%ff/'],
    ['/a//b+c', '/', './b+c/'],
  ])('redirects %s, which it hands on as %s', async (originalUrl, url, location) => {
    const lookup = site<readonly [{ originalUrl: string }]>(memoryTree(FILES))
    const found = await lookup({ method: 'GET', url, headers: new Headers() }, { originalUrl })
    expect(found).toMatchObject({ status: 308, headers: { location } })
  })

  it.each([
    ['/media', { status: 308, location: './media/?t=1' }],
    ['/media/', { status: 200, location: null }],
    // Where a middleware wrote another URL.
    ['/old', { status: 200, location: null }, '/docs/'],
  ])('%s', async (mounted, expected, path = '/') => {
    const lookup = site<readonly [{ originalUrl: string }]>(memoryTree(FILES))
    const request = new Request(`http://host${path}?t=1`)
    const response = await fileHandler(lookup)(request, { originalUrl: `${mounted}?t=1` })
    const { status, headers } = response
    expect({ status, location: headers.get('location') }).toEqual(expected)
  })
})

describe('download', () => {
  it('is given the tree without hidden files, and the folder', async () => {
    const asked: unknown[] = []
    const options: SiteOptions = {
      async download(tree, path) {
        const names: string[] = []
        for await (const { name } of tree.list?.(path) ?? []) names.push(name)
        asked.push([path, names.toSorted()])
        return { ...EMPTY, headers: { 'content-disposition': 'attachment' } }
      },
    }
    expect((await ask(options, '/docs/?zip')).status).toBe(200)
    expect(await ask(options, '/docs?zip')).toEqual({
      status: 308,
      location: './docs/?zip',
      body: '',
    })
    expect((await ask(options, '/none/?zip')).status).toBe(404)
    expect((await ask(options, '/docs/?zap')).body).toBe('<h1>Docs')
    expect(asked).toEqual([['docs', ['a b.html', 'index.html']]])
    await ask(options, '/?zip')
    expect(asked[1]).toEqual(['', expect.not.arrayContaining(['.env'])])
  })

  it.each<[string, SiteOptions, Got]>([
    ['/films', {}, { status: 404, body: '' }],
    ['/films?x', {}, { status: 404, body: '' }],
    ['/films?zip', {}, { status: 308, location: './films/?zip', body: '' }],
    ['/films', { listing: true }, { status: 308, location: './films/', body: '' }],
    ['/films', { fallback: 'index.html' }, { status: 200, vary: 'Accept', body: '<h1>Home' }],
  ])('redirects %s only to what there is: %j', async (path, options, expected) => {
    const download = () => EMPTY
    const got = await ask({ ...options, download }, path, { accept: 'text/html' })
    expect(got).toEqual(expected)
  })

  it('may be an answer, whose fields are its own', async () => {
    const lookup = site(memoryTree(FILES), { download: () => redirect('/docs.zip') })
    const { status, headers } = await fileHandler(lookup)(new Request('http://host/docs/?zip'))
    expect([status, ...headers]).toEqual([308, ['content-length', '0'], ['location', '/docs.zip']])
  })

  it('is closed if a field of it can not be sent', async () => {
    let closes = 0
    const made = { ...EMPTY, headers: { 'no name': 'x' }, close: () => void closes++ }
    const { status } = await ask({ download: () => made }, '/docs/?zip')
    expect({ status, closes }).toEqual({ status: 503, closes: 1 })
  })

  it('may be zipFolder', async () => {
    const handler = fileHandler(site(memoryTree(FILES), { download: zipFolder }))
    const response = await handler(new Request('http://host/docs/?zip'))
    const names = ['cache-control', 'content-type', 'content-disposition']
    const archive = await response.text()
    expect([response.status, ...names.map((name) => response.headers.get(name))]).toEqual([
      200,
      'no-cache',
      'application/zip',
      expect.stringMatching(/^attachment; filename="docs\.zip"/),
    ])
    expect(archive.startsWith('PK') && archive.includes('a b.html')).toBe(true)
  })
})

describe('transform', () => {
  it('makes another file of each that is sent', async () => {
    const closed: string[] = []
    const paths: string[] = []
    const options: SiteOptions = {
      transform(file, path) {
        paths.push(path)
        if (!path.endsWith('.js')) return file
        return { ...file, size: 2, etag: '"made"', read: () => new TextEncoder().encode('ok') }
      },
      precompressed: true,
    }
    const tree = memoryTree(
      {
        'a.js': { text: 'stored' },
        'a.js.gz': { text: 'gz' },
        'b.css': { text: 'stored' },
        'b.css.gz': { text: 'gz' },
      },
      { closed },
    )
    const handler = fileHandler(site(tree, options))
    const bodyOf = async (path: string) => {
      const headers = { 'accept-encoding': 'gzip' }
      return (await handler(new Request(`http://host/${path}`, { headers }))).text()
    }
    expect([await bodyOf('a.js'), await bodyOf('b.css')]).toEqual(['ok', 'gz'])
    expect([paths, closed]).toEqual([
      ['a.js', 'b.css'],
      ['a.js', 'b.css', 'b.css.gz'],
    ])
  })

  it.each([false, true])('closes the file once if it fails, whoever did: %j', async (isFirst) => {
    const closed: string[] = []
    const lookup = site(memoryTree({ 'a.mp4': { text: 'film' } }, { closed }), {
      async transform(file) {
        if (isFirst) await file.close?.()
        throw new Error('no film')
      },
    })
    await expect(lookup(new Request('http://host/a.mp4'))).rejects.toThrow('no film')
    expect(closed).toEqual(['a.mp4'])
  })

  it('has its file closed once its client hangs up', async () => {
    const closed: string[] = []
    const lookup = site(memoryTree({ 'a.mp4': { text: 'film' } }, { closed }), {
      async transform(file) {
        await until(() => closed.length === 1)
        await file.close?.()
        throw new Error('is over')
      },
    })
    const client = new AbortController()
    const found = lookup(new Request('http://host/a.mp4', { signal: client.signal }))
    client.abort()
    await expect(found).rejects.toThrow('is over')
    expect(closed).toEqual(['a.mp4'])
  })
})

describe('options', () => {
  // Each is of a type that TypeScript refuses.
  it.each<[Record<string, unknown>, string]>([
    [{ base: null }, "Expected base to start and end with '/', got 'null'"],
    [{ base: 'media' }, "Expected base to start and end with '/', got 'media'"],
    [{ index: true }, "Expected index to be the path of a file below the root, got 'true'"],
    [
      { index: '/index.html' },
      "Expected index to be the path of a file below the root, got '/index.html'",
    ],
    [{ index: '' }, "Expected index to be the path of a file below the root, got ''"],
    [
      { notFound: '../404.html' },
      "Expected notFound to be the path of a file below the root, got '../404.html'",
    ],
    [{ fallback: 'a/' }, "Expected fallback to be the path of a file below the root, got 'a/'"],
    [{ extensions: 'html' }, "Expected extensions to be an array like ['html'], got html"],
    [{ extensions: ['.html'] }, "Expected extensions to be an array like ['html'], got .html"],
    [{ precompressed: 'br' }, 'Expected precompressed to be an array of br, zstd, gzip, got br'],
    [{ precompressed: ['gz'] }, 'Expected precompressed to be an array of br, zstd, gzip, got gz'],
    [{ listing: 'xml' }, 'Expected listing to be one of true, false, html, json, got xml'],
    [{ dotfiles: 'allow' }, 'Expected dotfiles to be one of true, false, got allow'],
    [{ normalize: 'NFC' }, 'Expected normalize to be one of true, false, got NFC'],
    [{ cacheControl: 60 }, "Expected cacheControl to be a field value like 'max-age=60', got 60"],
    [{ cacheControl: '' }, "Expected cacheControl to be a field value like 'max-age=60', got "],
    [
      { cacheControl: 'a\nb' },
      "Expected cacheControl to be a field value like 'max-age=60', got a\nb",
    ],
    [{ type: 'text/html' }, 'Expected type to be a function, got text/html'],
    [{ within: 'ann' }, 'Expected within to be a function, got ann'],
    [{ digest: {} }, 'Expected digest to be a function, got Object'],
    [{ transform: 'gz' }, 'Expected transform to be a function, got gz'],
    [{ download: '.zip' }, 'Expected download to be a function, got .zip'],
  ])('%j is refused at once', (options, message) => {
    expect(() => site(memoryTree(FILES), options as SiteOptions)).toThrow(new TypeError(message))
  })
})

describe('a tree', () => {
  it.each<[string, SiteOptions]>([
    ['/film.mp4/', { listing: true }],
    ['/film.mp4/?zip', { download: zipFolder }],
    ['/one.mp4/', { within: () => 'films', listing: true }],
    ['/', { within: () => 'app.js', listing: true, index: false }],
    ['/docs', { listing: true }],
    ['/docs', { extensions: ['html'] }],
    ['/none', { notFound: '404.html' }],
    ['/none', { fallback: 'index.html' }],
  ])('has nothing left open by %s %j', async (path, options) => {
    const opened: string[] = []
    const closed: string[] = []
    const tree = memoryTree(FILES, { opened, closed })
    await ask(options, path, { accept: 'text/html' }, 'GET', tree)
    expect(closed).toEqual(opened.filter((path) => Object.hasOwn(FILES, path)))
  })

  it('may give promises of its own kind, or undefined for nothing', async () => {
    const later = (value: unknown) => ({
      // biome-ignore lint/suspicious/noThenProperty: that is what makes it one
      then: (resolve: (value: unknown) => void) => resolve(value),
    })
    const tree = {
      open: (path: string) => later(path === 'a' ? EMPTY : undefined),
    } as unknown as FileTree
    expect((await ask({}, '/a', {}, 'GET', tree)).status).toBe(200)
    expect((await ask({}, '/b', {}, 'GET', tree)).status).toBe(404)
  })

  it('may give rows of a database, which have no prototype, and promises of another realm', async () => {
    const row = Object.assign(Object.create(null), { size: 3, read: () => Buffer.from('row') })
    for (const opened of [row, runInNewContext('Promise.resolve(row)', { row })]) {
      const tree: FileTree = { open: (path) => (path === 'row' ? opened : null) }
      const options = { notFound: 'row' }
      expect(await ask(options, '/row', {}, 'GET', tree)).toEqual({ status: 200, body: 'row' })
      expect(await ask(options, '/none', {}, 'GET', tree)).toEqual({ status: 404, body: 'row' })
    }
  })

  it('that fails is a 503, and nothing of it is left open', async () => {
    const closed: string[] = []
    const files = memoryTree(FILES, { closed })
    const tree: FileTree = {
      open(path, request) {
        if (path.endsWith('.br')) throw new Error('EACCES')
        return files.open(path, request)
      },
    }
    const handler = fileHandler(site(tree, { precompressed: true }), { onError() {} })
    const headers = { 'accept-encoding': 'br' }
    const response = await handler(new Request('http://host/app.js', { headers }))
    expect([response.status, closed]).toEqual([503, ['app.js']])
  })
})

describe('any URL', () => {
  it('opens no path that a tree is not promised', async () => {
    const opened: string[] = []
    const tree: FileTree = {
      open(path) {
        opened.push(path)
        return null
      },
      async *list(): AsyncGenerator<Entry> {},
    }
    const lookup = site(tree, { extensions: ['html'], precompressed: true, fallback: 'index.html' })
    const pieces = fc.constantFrom(
      '/',
      '//',
      '.',
      '..',
      '%2e',
      '%2f',
      '%5c',
      '%00',
      '\\',
      'a',
      '%ff',
      '?',
      '#',
      ':',
      '@',
      '%',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(pieces), async (parts) => {
        opened.length = 0
        await lookup({ method: 'GET', url: `/${parts.join('')}`, headers: new Headers() })
        for (const path of opened) {
          const isFine =
            path === '' || path.split('/').every((name) => /^(?!\.)[^/\\\0]+$/.test(name))
          expect([path, isFine]).toEqual([path, true])
        }
      }),
      { numRuns: 2000 },
    )
  })
})
