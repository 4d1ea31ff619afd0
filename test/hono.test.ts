import { type Context, Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { cached } from '../adapters/cache.ts'
import { files } from '../adapters/hono.ts'
import { site } from '../adapters/site.ts'
import type { RequestLike } from '../src/source.ts'
import { memoryTree } from './support/memory-tree.ts'

const EMPTY = { size: 0, read: () => new Uint8Array(0) }

/** What the URL of the request is to the lookup. */
const urlOf = files(({ url }: RequestLike) => ({ ...EMPTY, headers: { 'x-url': url } }))

type Options = ConstructorParameters<typeof Hono>[0]
interface App {
  request(path: string): Response | Promise<Response>
}

const MOUNTED: Record<string, (options: Options) => App> = {
  use: (options) => new Hono(options).use('/media/*', urlOf),
  get: (options) => new Hono(options).get('/media/*', urlOf),
  'behind another': (options) => new Hono(options).use((_c, next) => next()).use('/media/*', urlOf),
  'in an app that is routed': (options) =>
    new Hono(options).route('/media', new Hono(options).use(urlOf)),
  'in one of another strictness': (options) =>
    new Hono(options).route('/media/', new Hono({ strict: !options?.strict }).get('/*', urlOf)),
  'in one with errors of its own': (options) =>
    new Hono(options).route('/media', new Hono(options).onError(String as never).use(urlOf)),
  'below a base': (options) => new Hono(options).basePath('/media').get('/*', urlOf),
  'below a parameter': (options) => new Hono(options).use('/:place/*', urlOf),
  'below a pattern': (options) => new Hono(options).use('/:place{m[a-z]+}/*', urlOf),
}

/** What Hono routes, if not the path itself. */
const PATHS: Record<string, Options> = {
  'as it is': { strict: true },
  'without its last slash': { strict: false },
  'without its last slashes': { getPath: ({ url }) => new URL(url).pathname.replace(/\/+$/, '') },
}

const BELOW: [path: string, url: string][] = [
  ['/media/', '/'],
  ['/media//', '//'],
  ['/media/film.mp4', '/film.mp4'],
  ['/media/film.mp4/', '/film.mp4/'],
  ['/media/films/', '/films/'],
  ['/media/films/new/', '/films/new/'],
  ['/media/films//', '/films//'],
  ['/media//films/', '//films/'],
  ['/media/a%20b/c%2520d/', '/a%20b/c%2520d/'],
  ['/media/a%2Fb', '/a%2Fb'],
  ['/media/a%2Fb/', '/a%2Fb/'],
  ['/media/a%2F', '/a%2F'],
  ['/media/a%5Cb/c/', '/a%5Cb/c/'],
  ['/media/100%/%ff/', '/100%/%ff/'],
  ['/media/x/%2e%2e/films/%2e', '/films/'],
  ['/media/films/?to=/a/', '/films/?to=/a/'],
  ['/media/films?to=/', '/films?to=/'],
]

describe.each(Object.entries(MOUNTED))('files of Hono, mounted by %s', (_how, mount) => {
  it.each(Object.entries(PATHS))('where the path is routed %s', async (_what, options) => {
    const app = mount(options)
    for (const [path, url] of BELOW) {
      const response = await app.request(path)
      expect([path, response.headers.get('x-url')]).toEqual([path, url])
    }
    const { status, headers } = await app.request('/media?t=1')
    expect([status, headers.get('location')]).toEqual([308, './media/?t=1'])
  })
})

describe('files of Hono', () => {
  it.each(Object.entries(PATHS))('at the root, routed %s', async (_what, options) => {
    for (const app of [new Hono(options).use(urlOf), new Hono(options).get('/*', urlOf)]) {
      for (const [path] of BELOW) {
        const response = await app.request(path)
        const { pathname, search } = new URL(path, 'http://localhost')
        expect(response.headers.get('x-url')).toBe(pathname + search)
      }
      expect((await app.request('/')).headers.get('x-url')).toBe('/')
    }
  })

  it('that are cached are those of their own mount, and need no Host', async () => {
    const cache = cached(
      ({ url }, { req }: Context) => {
        const text = `${req.param('tenant')}${url}`
        return { size: text.length, etag: '"1"', read: () => Buffer.from(text) }
      },
      { revalidate: 60_000 },
    )
    const app = new Hono().use('/:tenant/*', files(cache))
    const paths = ['/ann/a.txt', '/bob/a.txt', 'http://other/ann/a.txt', '/ann/a.txt']
    const texts = paths.map(async (path) => (await app.request(path)).text())
    expect([...(await Promise.all(texts)), cache.stats.misses]).toEqual([
      'ann/a.txt',
      'bob/a.txt',
      'ann/a.txt',
      'ann/a.txt',
      3,
    ])
  })

  it.each<[path: string, title: string, mount: (files: typeof urlOf) => App]>([
    ['/media/geo/?t=1', '/media/geo/', (middleware) => new Hono().use('/media/*', middleware)],
    [
      '/geo/?t=1',
      '/geo/',
      (middleware) =>
        new Hono({ getPath: ({ url }) => url.replace(/^https?:\/([^?]+).*$/, '$1') }).use(
          '/*',
          middleware,
        ),
    ],
    [
      '/a/my%20films/geo/',
      '/a/my films/geo/',
      (middleware) => new Hono().route('/a/:place', new Hono().use(middleware)),
    ],
  ])('at %s, where a listing is called %s', async (path, title, mount) => {
    const lookup = site(memoryTree({ 'geo/x.tif': { text: 'x' } }), { listing: true })
    for (const found of [files(lookup), files((request) => lookup(request))]) {
      const page = await (await mount(found).request(path)).text()
      expect(page).toContain(`<title>Index of ${title}</title>`)
    }
  })

  it.each([
    ['private, no-store', 'private, no-store'],
    ['private, max-age=60', 'private, no-cache'],
    ['max-age=60', 'no-cache'],
  ])('where the redirect of the mount says as much of who may store it as %j: %j', async (said, sent) => {
    const tree = memoryTree({ 'index.html': { text: 'index' }, 'films/a.mp4': { text: 'a' } })
    for (const [at, index] of [
      ['/media', 'index.html'],
      ['/media', false],
      ['/media/films', false],
    ] as const) {
      const lookup = site(tree, { listing: true, index, cacheControl: said })
      const { status, headers } = await new Hono().use('/media/*', files(lookup)).request(at)
      expect([at, status, headers.get('cache-control')]).toEqual([at, 308, sent])
    }
  })

  it('in an app that is mounted as it is', async () => {
    const app = new Hono().mount('/media', new Hono().use('/*', urlOf).fetch)
    for (const [path, url] of BELOW) {
      const response = await app.request(path)
      expect([path, response.headers.get('x-url')]).toEqual([path, url])
    }
  })

  it.each([
    '/media/admin/secret',
    '/media/x/../admin/secret',
    '/media/.x/../admin/secret',
    '/media/x/.y/../../admin/secret',
    '/media/%2e%2e/media/admin/secret',
    '//media/admin/secret',
    '/media/admin%2fsecret',
  ])('not for who may not have it: %s', async (path) => {
    const tree = memoryTree({ 'admin/secret': { text: 'secret' } })
    const app = new Hono()
      .use('/media/admin/*', async (c) => c.text('no', 401))
      .use('/media/*', files(site(tree)))
    const response = await app.request(`http://localhost${path}`)
    expect(await response.text()).not.toContain('secret')
  })

  it.each([
    ['/media/public', '/media/admin'],
    ['/media/a/public', '/media/admin'],
    ['/media/public', '/media/x/admin'],
    ['/media/admin%2fpublic', '/media/admin/public'],
    ['/media/./admin', '/media/admin'],
  ])('not what was not routed: routed %s of the URL %s', async (path, url) => {
    const app = new Hono({ getPath: () => path })
      .use('/media/*', urlOf)
      .get('*', (c) => c.text('next'))
    expect(await (await app.request(url)).text()).toBe('next')
  })

  it('what was routed in lower case', async () => {
    const getPath = ({ url }: Request) => new URL(url).pathname.toLowerCase()
    const app = new Hono({ getPath }).use('/media/*', urlOf)
    const { headers } = await app.request('/Media/%C3%84/A%20Film%2F.MP4')
    expect(headers.get('x-url')).toBe('/%C3%84/A%20Film%2F.MP4')
  })

  it.each([
    ['private, no-store', 'public, max-age=60', 'private, no-store'],
    ['private', 'public, max-age=60', 'private'],
    ['private', 'no-store', 'no-store'],
    ['no-store', 'private', 'no-store'],
    ['no-cache', 'public, max-age=60', 'public, max-age=60'],
    ['max-age=1', 'private', 'private'],
  ])('keep what is private: %j of the file, after %j of a middleware', async (own, set, sent) => {
    const tree = memoryTree({ film: { text: 'film' } })
    const app = new Hono()
      .use(async (c, next) => {
        c.header('Cache-Control', set)
        await next()
      })
      .use(files(site(tree, { cacheControl: own })))
    expect((await app.request('/film')).headers.get('cache-control')).toBe(sent)
  })

  const LIFETIMES = {
    'Cache-Control': 'public, max-age=60',
    'CDN-Cache-Control': 'max-age=60',
    Expires: 'Thu, 01 Jan 2037 00:00:00 GMT',
  }
  const none = [null, null, null]

  it.each<[number, string, Record<string, string>, (string | null)[]]>([
    [200, '/film', {}, Object.values(LIFETIMES)],
    [206, '/film', { range: 'bytes=0-1' }, Object.values(LIFETIMES)],
    [304, '/film', { 'if-none-match': '*' }, Object.values(LIFETIMES)],
    [412, '/film', { 'if-match': '"x"' }, none],
    [416, '/film', { range: 'bytes=99-' }, none],
    [404, '/none', {}, ['no-cache', null, null]],
    [503, '/failing', {}, none],
    [308, '/folder', {}, ['no-cache', null, null]],
  ])('have the lifetime that a middleware has set, but no errors and redirects: %d', async (status, path, headers, expected) => {
    const tree = memoryTree({
      film: { text: 'film' },
      '404.html': { text: 'none' },
      'folder/index.html': { text: 'index' },
    })
    const fail = () => Promise.reject(new Error('a disk'))
    const app = new Hono()
      .use(async (c, next) => {
        for (const [name, value] of Object.entries(LIFETIMES)) c.header(name, value)
        await next()
      })
      .use('/failing', files(fail, { onError() {} }))
      .use(files(site(tree, { notFound: '404.html' })))
    const response = await app.request(path, { headers })
    const lifetimes = Object.keys(LIFETIMES).map((name) => response.headers.get(name))
    expect([response.status, lifetimes]).toEqual([status, expected])
  })

  it('where the host is routed, too', async () => {
    const getPath = ({ url }: Request) => url.replace(/^https?:\/|[?].*$/g, '')
    const app = new Hono({ getPath }).use('/:host/media/*', urlOf)
    for (const [path, url] of BELOW) {
      const response = await app.request(path)
      expect([path, response.headers.get('x-url')]).toEqual([path, url])
    }
  })
})
