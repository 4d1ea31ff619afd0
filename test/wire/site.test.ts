import { describe, expect, it } from 'vitest'
import { type Files, type Got, siteTargets } from './site-targets.ts'

const FILES: Files = {
  'index.html': { text: '<h1>Home', type: 'text/html; charset=utf-8' },
  'docs/index.html': { text: '<h1>Docs', type: 'text/html; charset=utf-8' },
  'about.html': { text: '<h1>About', type: 'text/html; charset=utf-8' },
  'page.old.html': { text: '<h1>Old', type: 'text/html; charset=utf-8' },
  'app/index.html': { text: '<h1>App', type: 'text/html; charset=utf-8' },
  '404.html': { text: '<h1>Nothing', type: 'text/html; charset=utf-8' },
  'app.js': { text: 'alert("not encoded")', type: 'text/javascript; charset=utf-8' },
  'app.js.br': { text: 'br of app.js' },
  'app.js.gz': { text: 'gz of app.js' },
  'film.mp4': { text: '0123456789', type: 'video/mp4' },
  'film.mp4.gz': { text: 'never' },
  'assets/app-3f2a.css': { text: 'h1{}', type: 'text/css; charset=utf-8' },
  'downloads/\u00dcbung (1).mp4': { text: 'film', type: 'video/mp4' },
  'downloads/large.zip': { text: 'x'.repeat(1_500_000), type: 'application/zip' },
  'Ame\u0301lie.mp4': { text: 'NFD', type: 'video/mp4' },
  'films/b.mp4': { text: 'film b', type: 'video/mp4' },
  'films/a & <b>.mp4': { text: 'film a', type: 'video/mp4' },
  'films/.hidden.mp4': { text: 'hidden', type: 'video/mp4' },
  'films/more/c.mp4': { text: 'film c', type: 'video/mp4' },
  '.well-known/films.mp4': { text: 'well known', type: 'video/mp4' },
  'linked.mp4': { text: 'elsewhere', isLinked: true },
  'ann/film.mp4': { text: 'of Ann', type: 'video/mp4' },
  'ann/.hidden.mp4': { text: 'hidden', type: 'video/mp4' },
  'ann/linked.mp4': { text: 'elsewhere', isLinked: true },
  'ann/notes/note.txt': { text: 'read it', type: 'text/plain' },
}

const { names, ask } = siteTargets(
  FILES,
  'test/wire/servers/site.mjs',
  'test/wire/servers/site-worker.mjs',
  { 'node, direct': 'direct' },
)

const CORS = { vary: 'Origin' }
const FILE = {
  ...CORS,
  'accept-ranges': 'bytes',
  'cache-control': 'no-cache',
  etag: '"tag"',
  'x-content-type-options': 'nosniff',
}
const BOTH = { vary: 'Accept-Encoding, Origin' }

function file(text: string, type: string, headers: Record<string, string> = {}): Got {
  const length = { 'content-length': String(Buffer.byteLength(text)) }
  return {
    status: 200,
    headers: { ...FILE, 'content-type': type, ...length, ...headers },
    body: text,
  }
}

const HTML = 'text/html; charset=utf-8'
const SCRIPT = 'text/javascript; charset=utf-8'
const notEncoded = file('alert("not encoded")', SCRIPT, BOTH)
const br = file('br of app.js', SCRIPT, { ...BOTH, etag: '"tag-br"', 'content-encoding': 'br' })

const LISTING_POLICY = expect.stringMatching(/^default-src 'none'; /)
const NOTHING: Got = {
  status: 404,
  headers: {
    'cache-control': 'no-cache',
    'content-length': '11',
    'content-type': HTML,
    vary: 'Accept, Accept-Encoding, Origin',
    'x-content-type-options': 'nosniff',
  },
  body: '<h1>Nothing',
}

const FILM = 'video/mp4'
const ANN = 'X-User: ann'
const NOBODYS: Got = { status: 404, headers: { ...CORS, 'content-length': '0' }, body: '' }
/** A browser that navigates might have got the app's page. */
const MISSING: Got = { ...NOBODYS, headers: { vary: 'Accept, Origin', 'content-length': '0' } }

/** What is asked, line by line, and what every target answers. */
const ROWS: [what: string, lines: string[], expected: Got][] = [
  ['an index', ['GET /site/ HTTP/1.1'], file('<h1>Home', HTML, BOTH)],
  ['an index further down', ['GET /site/docs/ HTTP/1.1'], file('<h1>Docs', HTML, BOTH)],
  [
    'a folder without its slash',
    ['GET /site/docs?a=b HTTP/1.1'],
    {
      status: 308,
      headers: {
        ...CORS,
        'cache-control': 'no-cache',
        'content-length': '0',
        location: './docs/?a=b',
      },
      body: '',
    },
  ],
  [
    'the base without its slash',
    ['GET /site HTTP/1.1'],
    {
      status: 308,
      headers: { ...CORS, 'cache-control': 'no-cache', 'content-length': '0', location: './site/' },
      body: '',
    },
  ],
  [
    'outside of the base',
    ['GET / HTTP/1.1'],
    { status: 404, headers: { ...CORS, 'content-length': '0' }, body: '' },
  ],
  ['an extension left out', ['GET /site/about HTTP/1.1'], file('<h1>About', HTML, BOTH)],
  ['repeated slashes', ['GET /site//docs// HTTP/1.1'], file('<h1>Docs', HTML, BOTH)],
  ['no such file', ['GET /site/none.js HTTP/1.1', 'Range: bytes=0-3'], NOTHING],
  ['HEAD of no such file', ['HEAD /site/none.js HTTP/1.1'], { ...NOTHING, body: '' }],
  [
    'a navigation of the app',
    ['GET /site/app/films/7 HTTP/1.1', 'Accept: text/html'],
    file('<h1>App', HTML, { vary: 'Accept, Accept-Encoding, Origin' }),
  ],
  ['its data', ['GET /site/app/films/7 HTTP/1.1', 'Accept: application/json'], NOTHING],
  ['not encoded', ['GET /site/app.js HTTP/1.1'], notEncoded],
  ['encoded', ['GET /site/app.js HTTP/1.1', 'Accept-Encoding: br, gzip'], br],
  [
    'identity refused',
    ['GET /site/about.html HTTP/1.1', 'Accept-Encoding: identity;q=0, *;q=0'],
    file('<h1>About', HTML, BOTH),
  ],
  [
    'HEAD of it encoded',
    ['HEAD /site/app.js HTTP/1.1', 'Accept-Encoding: br'],
    { ...br, body: '' },
  ],
  [
    'a range of it encoded',
    ['GET /site/app.js HTTP/1.1', 'Accept-Encoding: br', 'Range: bytes=3-4'],
    {
      status: 206,
      headers: { ...br.headers, 'content-length': '2', 'content-range': 'bytes 3-4/12' },
      body: 'of',
    },
  ],
  [
    'another version of it encoded',
    ['GET /site/app.js HTTP/1.1', 'Accept-Encoding: br', 'If-Match: "x"'],
    { status: 412, headers: { ...BOTH, 'content-length': '0' }, body: '' },
  ],
  [
    'a range beyond it encoded',
    ['GET /site/app.js HTTP/1.1', 'Accept-Encoding: br', 'Range: bytes=12-'],
    {
      status: 416,
      headers: { ...BOTH, 'content-length': '0', 'content-range': 'bytes */12' },
      body: '',
    },
  ],
  [
    'any version of it encoded, had already',
    ['GET /site/app.js HTTP/1.1', 'Accept-Encoding: br', 'If-None-Match: *'],
    { status: 304, headers: { ...BOTH, 'cache-control': 'no-cache', etag: '"tag-br"' }, body: '' },
  ],
  [
    'a film is never encoded',
    ['GET /site/film.mp4 HTTP/1.1', 'Accept-Encoding: gzip', 'Range: bytes=2-3'],
    {
      status: 206,
      headers: {
        ...FILE,
        'content-length': '2',
        'content-range': 'bytes 2-3/10',
        'content-type': 'video/mp4',
      },
      body: '23',
    },
  ],
  [
    'the digest of all of it',
    ['GET /site/film.mp4 HTTP/1.1', 'Want-Repr-Digest: sha-256=1', 'Range: bytes=2-3'],
    {
      status: 206,
      headers: {
        ...FILE,
        'content-length': '2',
        'content-range': 'bytes 2-3/10',
        'content-type': 'video/mp4',
        'repr-digest': 'sha-256=:AQID:',
      },
      body: '23',
    },
  ],
  [
    'a lifetime by path',
    ['GET /site/assets/app-3f2a.css HTTP/1.1'],
    file('h1{}', 'text/css; charset=utf-8', {
      ...BOTH,
      'cache-control': 'public, max-age=31536000, immutable',
    }),
  ],
  [
    'a download, by its name',
    ['GET /site/downloads/%C3%9Cbung%20(1).mp4 HTTP/1.1'],
    file('film', 'video/mp4', {
      'content-disposition': `attachment; filename="Ubung (1).mp4"; filename*=UTF-8''%C3%9Cbung%20%281%29.mp4`,
    }),
  ],
  [
    // Bun sends it by itself, and has a Content-Disposition of its own.
    'a long part of a download',
    ['GET /site/downloads/large.zip HTTP/1.1', 'Range: bytes=0-1199999'],
    {
      status: 206,
      headers: {
        ...file('x'.repeat(1_200_000), 'application/zip', BOTH).headers,
        'content-disposition': 'attachment; filename="large.zip"',
        'content-range': 'bytes 0-1199999/1500000',
      },
      body: 'x'.repeat(1_200_000),
    },
  ],
  [
    'a type by path',
    ['GET /site/page.old.html HTTP/1.1'],
    file('<h1>Old', 'text/html; charset=windows-1252', BOTH),
  ],
  ['what is hidden', ['GET /site/films/.hidden.mp4 HTTP/1.1'], NOTHING],
  ['what is well known', ['GET /site/.well-known/films.mp4 HTTP/1.1'], file('well known', FILM)],
  ['what a link leads to outside', ['GET /site/linked.mp4 HTTP/1.1'], NOTHING],
  ['the same, if it may', ['GET /mine/linked.mp4 HTTP/1.1', ANN], file('elsewhere', FILM)],
  ['a file of a user', ['GET /mine/film.mp4 HTTP/1.1', ANN], file('of Ann', FILM)],
  ['what is hidden, if it may', ['GET /mine/.hidden.mp4 HTTP/1.1', ANN], file('hidden', FILM)],
  ['a file of nobody', ['GET /mine/film.mp4 HTTP/1.1'], NOBODYS],
  ['a user without a folder', ['GET /mine/film.mp4 HTTP/1.1', 'X-User: bob'], MISSING],
  ['a user who is no folder', ['GET /mine/film.mp4 HTTP/1.1', 'X-User: ../root/ann'], NOBODYS],
  ['what is not theirs', ['GET /mine/../site/films/b.mp4 HTTP/1.1', ANN], file('film b', FILM)],
  ['data of a route', ['GET /mine/api HTTP/1.1', ANN, 'Accept: */*'], MISSING],
  [
    'what is made of a file',
    ['GET /mine/notes/note.txt HTTP/1.1', ANN, 'Range: bytes=-2'],
    {
      status: 206,
      headers: {
        ...FILE,
        'content-length': '2',
        'content-range': 'bytes 5-6/7',
        'content-type': 'text/plain',
        etag: '"shouted"',
      },
      body: 'IT',
    },
  ],
  [
    'a part of a folder as an archive',
    ['GET /mine/notes/?zip HTTP/1.1', ANN, 'Range: bytes=0-1'],
    {
      status: 206,
      headers: {
        ...FILE,
        'content-disposition': 'attachment; filename="notes.zip"',
        'content-length': '2',
        'content-range': expect.stringMatching(/^bytes 0-1\/\d+$/),
        'content-type': 'application/zip',
      },
      body: 'PK',
    },
  ],
  [
    'a name in NFC, stored in NFD',
    ['GET /site/Am%C3%A9lie.mp4 HTTP/1.1'],
    file('NFD', 'video/mp4'),
  ],
  [
    'a preflight of a suffix range',
    [
      'OPTIONS /site/film.mp4 HTTP/1.1',
      'Origin: https://app.example',
      'Access-Control-Request-Method: GET',
      'Access-Control-Request-Headers: range',
    ],
    {
      status: 204,
      headers: {
        ...CORS,
        'access-control-allow-credentials': 'true',
        'access-control-allow-headers':
          'Cache-Control, If-Match, If-Modified-Since, If-None-Match, If-Range, If-Unmodified-Since, Range, Want-Repr-Digest',
        'access-control-allow-methods': 'GET, HEAD',
        'access-control-allow-origin': 'https://app.example',
        'access-control-max-age': '7200',
        allow: 'GET, HEAD, OPTIONS',
      },
      body: '',
    },
  ],
  [
    'a page of another origin',
    ['GET /site/film.mp4 HTTP/1.1', 'Origin: https://evil.example'],
    file('0123456789', 'video/mp4'),
  ],
  [
    'a page of an origin that may',
    ['GET /site/film.mp4 HTTP/1.1', 'Origin: https://app.example'],
    file('0123456789', 'video/mp4', {
      'access-control-allow-credentials': 'true',
      'access-control-allow-origin': 'https://app.example',
      'access-control-expose-headers':
        'Accept-Ranges, Content-Disposition, Content-Encoding, Content-Length, Content-Range, ETag, Last-Modified, Repr-Digest',
    }),
  ],
]

const NOT_IN_R2 = ['the same, if it may']

/** miniflare encodes and refuses by itself, and so does Cloudflare, but for what has no body. */
const NOT_ON_WORKERD = [
  'identity refused',
  'another version of it encoded',
  'a range beyond it encoded',
  'any version of it encoded, had already',
]

describe.each(names)('a site on %s', (name) => {
  const left = name === 'workerd' ? [...NOT_ON_WORKERD, ...NOT_IN_R2] : []
  const rows = ROWS.filter(([what]) => !left.includes(what))

  it.each(rows)('%s', async (_what, lines, expected) => {
    expect(await ask(name, lines)).toEqual(expected)
  })

  it('lists a folder as a page', async () => {
    const { status, headers, body } = await ask(name, ['GET /site/films/ HTTP/1.1'])
    expect({ status, headers }).toEqual({
      status: 200,
      headers: {
        'cache-control': 'no-cache',
        'content-security-policy': LISTING_POLICY,
        'content-type': HTML,
        etag: expect.stringMatching(/^W\/"/),
        vary: 'Accept, Origin',
        'x-content-type-options': 'nosniff',
      },
    })
    const links = Array.from(body.matchAll(/href="([^"]*)"/g), ([, link]) => link)
    expect(links).toEqual(['../', 'more/', 'a%20%26%20%3Cb%3E.mp4', 'b.mp4'])
  })

  it('lists a folder for tools', async () => {
    const got = await ask(name, ['GET /site/films/?format=json HTTP/1.1'])
    const entries: { mtime?: string }[] = JSON.parse(got.body)
    expect(entries.map(({ mtime, ...entry }) => entry)).toEqual([
      { name: 'more', type: 'directory' },
      { name: 'a & <b>.mp4', type: 'file', size: 6 },
      { name: 'b.mp4', type: 'file', size: 6 },
    ])
    const again = [`GET /site/films/?format=json HTTP/1.1`, `If-None-Match: ${got.headers.etag}`]
    expect((await ask(name, again)).status).toBe(304)
    const head = await ask(name, ['HEAD /site/films/?format=json HTTP/1.1'])
    // Bun tells the length of a stream that ends at once.
    const { 'content-length': _, ...headers } = got.headers
    expect(head).toEqual({ status: 200, headers, body: '' })
  })
})
