import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { SiteOptions } from '../adapters/site.ts'
import { attachment, IMMUTABLE, site } from '../adapters/site.ts'
import { fileHandler } from '../src/serve.ts'
import { memoryTree, type Stored } from './support/memory-tree.ts'
import { type Answered, type Asked, DATE, type Model, modelOf } from './support/site-model.ts'

const LONG = 'x'.repeat(300)

const FILES: Record<string, Stored> = Object.fromEntries(
  [
    'index.html',
    '404.html',
    'app.js',
    'app.js.br',
    'app.js.gz',
    'old.js',
    'old.js.br',
    'empty.js',
    'empty.js.br',
    'packed.js',
    'packed.js.gz',
    'about.html',
    'about.html.zst',
    'about',
    'film.mp4',
    'film.mp4.br',
    'stored.txt',
    '.env',
    '.well-known/x.txt',
    '.git/config',
    'docs/index.html',
    'docs/index.html.br',
    'docs/a b.html',
    'docs/100%.txt',
    'docs/.hidden',
    'v1.2/film.mp4',
    'v1.2/app.html',
    'films/one.mp4',
    'films/deep/er/two.mp4',
    'films/index.html',
    'films/404.html',
    'films/app.js',
    'e\u0301te\u0301/\u00fc.html',
    '\u00e4.js',
    'a\u0308.js.br',
    `${LONG}/${LONG}.js`,
    'constructor',
    '%2e',
    '?.txt',
    '#.txt',
  ].map((path): [string, Stored] => [
    path,
    { text: `content of ${encodeURI(path)}`, ...typeOf(path) },
  ]),
)
Object.assign(FILES, {
  'old.js': { text: 'old', date: 2000, type: 'text/javascript' },
  'empty.js.br': { text: '' },
  'packed.js': { text: 'packed', encoding: 'gzip', type: 'text/javascript' },
  'stored.txt': { text: 'stored', cacheControl: 'max-age=5', type: 'text/plain' },
  'docs/none.html': { text: '', type: 'text/html' },
})

function typeOf(path: string): { type?: string } {
  if (path.endsWith('.html')) return { type: 'text/html' }
  if (path.endsWith('.js')) return { type: 'text/javascript' }
  return path.endsWith('.mp4') ? { type: 'video/mp4' } : {}
}

/** Stands for the base of the site. */
const BASE = '{base}'

const NAMES = [
  ...new Set(Object.keys(FILES).flatMap((path) => path.split('/'))),
  ...['', '', '', '.', '..', '%2e', '%2E%2e', '.%2e', '%2e%2ehtml', '%252e', '%2f', '%5c', '\\'],
  ...['%00', '%ff', '%', '%zz', 'a%20b.html', 'a+b.html', 'app', 'app%2Ejs', '%61bout', 'one'],
  ...['%C3%A9t%C3%A9', 'e%CC%81te%CC%81', '%C3%BC.html', '%C3%BC', '%C3%A4.js', '__proto__'],
  ...['media', 'my%20films', 'my films', 'm%65dia', ':', '@', ';x', 'a:b', '%3F.txt', '%23.txt'],
  ...[LONG + LONG, '%2e%2e%2f', '..%2f', '..%5c', 'c:', 'none', 'none.js', 'tags', 'a%2Fb.js'],
].map((name) => (/[?#]/.test(name) ? encodeURIComponent(name) : name))

/** Encoded, as a URL has it. */
function encoded(path: string): string {
  return encodeURI(path).replace(/[?#]/g, encodeURIComponent)
}

const key = fc.constantFrom(...Object.keys(FILES))

/** Files, what is near to them, and anything. */
const path = fc.oneof(
  key.map(encoded),
  fc.tuple(key, fc.constantFrom('NFC', 'NFD')).map(([key, form]) => encoded(key.normalize(form))),
  // A folder, a file without its extension, a file of a folder within.
  key.map((key) => encoded(key.replace(/[^/]*$/, ''))),
  key.map((key) => encoded(key.replace(/\/[^/]*$/, ''))),
  key.map((key) => encoded(key.replace(/\.[^./]*$/, ''))),
  key.map((key) => encoded(key.replace(/^[^/]*\//, ''))),
  fc.tuple(key, fc.constantFrom(...NAMES)).map(([key, name]) => `${encoded(key)}/${name}`),
  fc.array(fc.constantFrom(...NAMES), { maxLength: 4 }).map((names) => names.join('/')),
)

/** What is seldom there. */
function seldom(...odd: string[]): fc.Arbitrary<string> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant('') }, fc.constantFrom(...odd))
}

const ORIGINS = seldom('http://host', 'HTTP://HOST:8080', 'https://u:p@host')
const ABOVE = fc.oneof(
  { weight: 6, arbitrary: fc.constant(BASE) },
  fc.constantFrom('/', '//', '/media/', '//media//', '/%6dedia/', `/x/..${BASE}`, `${BASE}/`),
)
const QUERIES = seldom('?', '?x=1', '?zip', '?zip=&x', '?a/../b', '?format=json', '?//e', '#f')

const url = fc
  .tuple(ORIGINS, ABOVE, path, seldom('/', '//', '/.', '/..', '/%2e'), QUERIES)
  .map((parts) => parts.join(''))

const asked: fc.Arbitrary<Asked> = fc.record({
  method: fc.constantFrom('GET', 'GET', 'HEAD'),
  url,
  accept: fc.constantFrom('', '*/*', 'text/html', 'text/html, */*', 'application/json'),
  acceptEncoding: fc.constantFrom('', 'br', 'gzip', 'zstd, gzip', 'gzip, br, zstd'),
  isKnown: fc.constantFrom(false, false, false, true),
  range: fc.constantFrom('', '', '', 'bytes=0-2', 'bytes=3-9', 'bytes=4000-5000'),
  isByDate: fc.constantFrom(false, false, true),
})

/** Of each, most sites have none. */
function maybe<T>(...values: T[]): fc.Arbitrary<T | undefined> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    { weight: 2, arbitrary: fc.constantFrom(...values) },
  )
}

const options: fc.Arbitrary<Model['options']> = fc.record({
  base: maybe('/media/', '/my films/', '/my%20films/', '/media/docs/'),
  index: maybe<SiteOptions['index']>(false, 'one.mp4', 'app.js'),
  extensions: maybe(['html'], ['js', 'html'], ['js.br']),
  notFound: maybe('404.html', 'docs/index.html', 'none.html', 'app.js'),
  fallback: maybe('index.html', 'app.js', 'none.html'),
  precompressed: maybe<SiteOptions['precompressed']>(true, ['gzip'], ['zstd', 'br']),
  cacheControl: maybe<SiteOptions['cacheControl']>(
    null,
    IMMUTABLE,
    (path) => (path.endsWith('.js') ? IMMUTABLE : undefined),
    () => null,
  ),
  headers: maybe<SiteOptions['headers']>(
    { 'x-all': '1' },
    { 'cache-control': 'max-age=7' },
    attachment,
    (path) => (path.endsWith('.html') ? { 'cache-control': 'max-age=9' } : undefined),
  ),
  type: maybe<SiteOptions['type']>(
    (path) => (path.endsWith('.js') ? 'application/javascript' : undefined),
    () => 'image/png',
  ),
  listing: maybe<SiteOptions['listing']>(true, 'html', 'json'),
  download: maybe<SiteOptions['download']>((_tree, path) => sourceOf(`zip of ${encodeURI(path)}`)),
  dotfiles: maybe(true),
  normalize: maybe(true),
  within: maybe('films', 'docs', 'none', 'app.js'),
})

function sourceOf(text: string) {
  const bytes = new TextEncoder().encode(text)
  return { size: bytes.length, read: (start: number, end: number) => bytes.subarray(start, end) }
}

const SHOWN = [
  'location',
  'content-type',
  'content-encoding',
  'content-disposition',
  'cache-control',
  'vary',
  'x-all',
]

async function answerOf({ files, isFlat, options }: Model, asked: Asked): Promise<Answered> {
  const [opened, closed]: [string[], string[]] = [[], []]
  const tree = memoryTree(files, { isFlat, opened, closed })
  const { within, ...others } = options
  const lookup = site(tree, within === undefined ? others : { ...others, within: () => within })
  const { method, url, accept, acceptEncoding, isKnown, range, isByDate } = asked
  const headers = new Headers({ accept, 'accept-encoding': acceptEncoding })
  if (isKnown) headers.set('if-none-match', '*')
  if (range !== '') headers.set('range', range)
  if (isByDate) headers.set('if-range', new Date(DATE).toUTCString())
  // As Node hands it on: a Request would not take all of these URLs.
  const response = await fileHandler(lookup)({ method, url, headers } as Request)
  const body = contentOf(await response.text())
  for (const path of opened) expect(path).not.toMatch(/(?:^|\/)\.{0,2}(?:\/|$)(?<!^$)/)
  const left = opened.filter((path) => Object.hasOwn(files, path))
  expect(closed.toSorted()).toEqual(left.toSorted())
  const fields = SHOWN.flatMap((name) => {
    const value = response.headers.get(name)
    return value === null ? [] : [[name, name === 'vary' ? value.toLowerCase() : value]]
  })
  return { status: response.status, body, fields: Object.fromEntries(fields) }
}

/** What is listed, or else the text itself. */
function contentOf(text: string): string {
  if (text.startsWith('[')) {
    const entries: { name: string; type: string }[] = JSON.parse(text)
    return entries
      .map(({ name, type }) => name + (type === 'directory' ? '/' : ''))
      .toSorted()
      .join('|')
  }
  if (!text.startsWith('<!doctype')) return text
  const links = Array.from(text.matchAll(/<a href="([^"]*)"/g), ([, link = '']) => link)
  return links
    .filter((link) => link !== '../')
    .map(decodeURIComponent)
    .toSorted()
    .join('|')
}

it('answers what its documentation says, whatever is asked of whatever site', async () => {
  await fc.assert(
    fc.asyncProperty(options, fc.boolean(), asked, async (options, isFlat, asked) => {
      const model = { files: FILES, isFlat, options }
      const url = asked.url.replaceAll(BASE, encoded(options.base ?? '/'))
      // Node 20 and 22 leave `/a/.b/../c` as it is, which is not found then.
      fc.pre(!/\/\.(?!\.?(?:[/?#]|$))[^?#]*\/\.{1,2}(?:[/?#]|$)/.test(url))
      expect(await answerOf(model, { ...asked, url })).toEqual(modelOf(model, { ...asked, url }))
    }),
    { numRuns: 2000 },
  )
})
