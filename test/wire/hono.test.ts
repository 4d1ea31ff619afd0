import { describe, expect, it } from 'vitest'
import { type Got, siteTargets } from './site-targets.ts'

const { names, ask } = siteTargets(
  {
    'film.mp4': { text: '0123456789', type: 'video/mp4' },
    'docs/index.html': { text: '<h1>Docs', type: 'text/html; charset=utf-8' },
    'index.html': { text: '<h1>Home', type: 'text/html; charset=utf-8' },
    'app.js': { text: 'alert("not encoded")', type: 'text/javascript; charset=utf-8' },
    'app.js.br': { text: 'br of app.js' },
    'a b/c%20d.mp4': { text: 'spaces', type: 'video/mp4' },
  },
  'test/wire/servers/hono.mjs',
  'test/wire/servers/hono-worker.mjs',
)

const AROUND = { 'x-before': '1', 'x-after': '2' }

const FILE = {
  ...AROUND,
  'accept-ranges': 'bytes',
  'cache-control': 'no-cache',
  etag: '"tag"',
  'x-content-type-options': 'nosniff',
}

function film(path: string): Got {
  return {
    status: 200,
    headers: {
      ...FILE,
      'access-control-expose-headers': 'Content-Range',
      'content-length': '10',
      'content-type': 'video/mp4',
      vary: 'Origin',
      'x-path': path,
    },
    body: '0123456789',
  }
}

const whole = film('/api/open/film.mp4')
const {
  vary: _,
  'x-path': _path,
  'access-control-expose-headers': exposed = '',
  ...inner
} = whole.headers
const page = {
  ...FILE,
  'content-length': '8',
  'content-type': 'text/html; charset=utf-8',
  vary: 'Accept-Encoding',
}
const next = {
  ...AROUND,
  'content-length': '16',
  'content-type': 'text/plain; charset=UTF-8',
}

const ROWS: [what: string, lines: string[], expected: Got][] = [
  ['a file', ['GET /api/open/film.mp4 HTTP/1.1'], whole],
  ['HEAD', ['HEAD /api/open/film.mp4 HTTP/1.1'], { ...whole, body: '' }],
  [
    'a range, and the fields of cors()',
    ['GET /api/open/film.mp4 HTTP/1.1', 'Range: bytes=2-3', 'Origin: https://app.example'],
    {
      status: 206,
      headers: {
        ...whole.headers,
        'access-control-allow-origin': 'https://app.example',
        'content-length': '2',
        'content-range': 'bytes 2-3/10',
      },
      body: '23',
    },
  ],
  [
    'what is not modified',
    ['GET /api/open/film.mp4 HTTP/1.1', 'If-None-Match: *'],
    {
      status: 304,
      headers: {
        ...AROUND,
        'access-control-expose-headers': exposed,
        'cache-control': 'no-cache',
        etag: '"tag"',
        vary: 'Origin',
        'x-path': '/api/open/film.mp4',
      },
      body: '',
    },
  ],
  [
    'below a route with a parameter, in an app of its own',
    ['GET /api/v1.2/inner/films/film.mp4?t=1 HTTP/1.1'],
    { ...whole, headers: inner },
  ],
  [
    'an escaped name',
    ['GET /api/x%20y/inner/films/a%20b/c%2520d.mp4 HTTP/1.1'],
    { status: 200, headers: { ...inner, 'content-length': '6' }, body: 'spaces' },
  ],
  [
    'the root',
    ['GET /api/v1/inner/films/ HTTP/1.1'],
    { status: 200, headers: page, body: '<h1>Home' },
  ],
  [
    'the root without its slash',
    ['GET /api/v1/inner/films?a=b HTTP/1.1'],
    {
      status: 308,
      headers: {
        ...AROUND,
        'cache-control': 'no-cache',
        'content-length': '0',
        location: './films/?a=b',
      },
      body: '',
    },
  ],
  [
    'a folder without its slash',
    ['GET /api/v1/inner/films/docs HTTP/1.1'],
    {
      status: 308,
      headers: {
        ...AROUND,
        'cache-control': 'no-cache',
        'content-length': '0',
        location: './docs/',
      },
      body: '',
    },
  ],
  [
    'stored encoded',
    ['GET /api/v1/inner/films/app.js HTTP/1.1', 'Accept-Encoding: br'],
    {
      status: 200,
      headers: {
        ...FILE,
        'content-encoding': 'br',
        'content-length': '12',
        'content-type': 'text/javascript; charset=utf-8',
        etag: '"tag-br"',
        vary: 'Accept-Encoding',
      },
      body: 'br of app.js',
    },
  ],
  ...['/api/v1/inner/films/none.mp4', '/api/v1/inner/films/..%2ffilm.mp4', '/api/film.mp4'].map(
    (path): [string, string[], Got] => [
      `no file: ${path}`,
      [`GET ${path} HTTP/1.1`],
      { status: 200, headers: next, body: 'the next handler' },
    ],
  ),
  [
    'another method',
    ['POST /api/v1/inner/films/film.mp4 HTTP/1.1', 'Content-Length: 0'],
    {
      status: 404,
      headers: { ...next, 'content-length': '13', 'content-type': 'text/plain; charset=UTF-8' },
      body: '404 Not Found',
    },
  ],
]

describe.each(names)('files() of Hono on %s', (name) => {
  it.each(ROWS)('%s', async (_what, lines, expected) => {
    expect(await ask(name, lines)).toEqual(expected)
  })
})
